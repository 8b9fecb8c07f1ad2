"""Imports of usage in the words of the wire."""

from __future__ import annotations

from typing import Any

from ratable_server.queries.usage_imports import ImportLine, ImportState

_RECEIPT = (
    "rows_received", "rows_accepted", "rows_duplicate", "rows_rejected", "quantity_received", "quantity_accepted",
    "quantity_duplicate", "quantity_rejected", "accepted_sha256", "previous_sha256", "rejection_count", "rejections",
    "repeats",
)  # fmt: skip
_LINE = (
    "status", "file_name", "rows_received", "rows_accepted", "rows_duplicate", "rows_rejected", "quantity_accepted",
    "open_rejections", "recorded_at", "recorded_by",
)  # fmt: skip


def from_import(state: ImportState) -> dict[str, Any]:
    """An import with its receipt, once it has ended."""
    receipt, is_pending = state.receipt, state.receipt.status == "pending"
    is_read = state.read_bytes >= state.content_bytes
    return {
        "id": receipt.import_code,
        "status": receipt.status,
        "stage": ("writing" if is_read else "reading") if is_pending else "done",
        "file_name": receipt.file_name,
        "sha256": receipt.sha256,
        "is_partial": receipt.is_partial,
        "content_bytes": state.content_bytes,
        "read_bytes": state.content_bytes if receipt.status == "completed" else state.read_bytes,
        "read_rows": receipt.rows_received if receipt.status == "completed" else state.read_rows,
        "recorded_at": receipt.recorded_at,
        "recorded_by": receipt.recorded_by,
        "receipt": None if is_pending else {name: getattr(receipt, name) for name in _RECEIPT},
    }


def from_line(line: ImportLine) -> dict[str, Any]:
    """An import in a list."""
    return {"id": line.import_code, **{name: getattr(line, name) for name in _LINE}}
