"""Files of reported usage: how far their imports are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast

from ratable_server.actor import Actor
from ratable_server.store.models import OauthClient, ReportFile
from ratable_server.store.scope import books_of, rows_of

FileStatus = Literal["pending", "processing", "completed", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportFileState:
    """A file and what became of it; `message` says why it failed."""

    import_id: int
    name: str
    file_name: str
    status: FileStatus
    message: str
    size: int
    md5: str
    rows_total: int
    rows_imported: int
    recorded_at: datetime
    recorded_by: str
    changed_at: datetime


def report_file(*, actor: Actor, import_id: int) -> ReportFileState | None:
    """The file of an import; None: there is none."""
    with books_of(actor):
        row = rows_of(actor, ReportFile).filter(import_id=import_id).defer("content").first()
    if row is None:
        return None
    return ReportFileState(
        import_id=row.import_id,
        name=row.name,
        file_name=row.file_name,
        status=cast("FileStatus", row.status),
        message=row.message,
        size=row.size,
        md5=row.md5,
        rows_total=row.rows_total,
        rows_imported=row.rows_imported,
        recorded_at=row.recorded_at,
        recorded_by=row.recorded_by,
        changed_at=row.changed_at,
    )


def locale_of(*, actor: Actor, client_row_id: int) -> str:
    """How a program writes days in its files."""
    with books_of(actor):
        return str(rows_of(actor, OauthClient).values_list("locale", flat=True).get(id=client_row_id))
