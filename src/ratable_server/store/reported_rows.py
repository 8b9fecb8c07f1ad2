"""Rows of reported usage, written in sets: many as one document, which the database takes apart.

A file may bring tens of thousands; the ORM would take longer to write them than the books to count them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.store.fields import ExactEncoder
from ratable_server.store.models import ReportedUsage

_AT_ONCE = 5_000

_TYPES = {
    "id": "bigint", "number": "bigint", "customer_id": "bigint", "contract_id": "bigint", "item_id": "bigint",
    "unit_of_measure": "text", "quantity": "numeric", "started_at": "timestamptz", "month_on": "date",
    "ended_at": "timestamptz", "description": "text", "unique_key": "text", "further": "jsonb", "origin": "text",
    "usage_import_id": "bigint", "file_name": "text", "counted": "jsonb", "counts_on": "integer",
    "generation": "integer", "created_at": "timestamptz", "created_by": "text", "deleted_at": "timestamptz",
}  # fmt: skip
_KEPT = ("id", "created_at", "created_by")  # of a row that is there
_CHANGING = [name for name in _TYPES if name not in _KEPT]
_TOLD = ", ".join(f"{name} {kind}" for name, kind in _TYPES.items())
_VALUES = ", ".join(
    f"told.{name}" if name != "number" else "coalesce(told.number, tenant.fact_number)" for name in _TYPES
)

_WRITE = f"""
INSERT INTO reported_usage (tenant_id, modified_at, modified_by, {", ".join(_TYPES)})
SELECT tenant.id, %(at)s, %(by)s, {_VALUES}
FROM jsonb_to_recordset(%(rows)s::jsonb) AS told ({_TOLD})
JOIN tenant ON tenant.id = %(tenant)s
ORDER BY told.id
ON CONFLICT (id) DO UPDATE SET modified_at = excluded.modified_at, modified_by = excluded.modified_by,
    {", ".join(f"{name} = excluded.{name}" for name in _CHANGING)}
"""  # noqa: S608 - our own


def write_reports(actor: Actor, rows: Sequence[ReportedUsage], *, counted: Collection[int], at: datetime) -> None:
    """Write rows as they are, new ones and others; those that were `counted` just now get the number of that fact."""
    encoder = ExactEncoder()
    for told in _pages(rows, counted):
        parameters: dict[str, Any] = {
            "tenant": actor.tenant_id,
            "by": actor.name,
            "at": at,
            "rows": encoder.encode(told),
        }
        with connection.cursor() as cursor:
            cursor.execute(_WRITE, parameters)


def _pages(rows: Sequence[ReportedUsage], counted: Collection[int]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), _AT_ONCE):
        yield [_told(row, is_counted=row.id in counted) for row in rows[start : start + _AT_ONCE]]


def _told(row: ReportedUsage, *, is_counted: bool) -> dict[str, Any]:
    told = {name: getattr(row, name) for name in _TYPES if name != "number"}
    return {**told, "number": None if is_counted else row.number}
