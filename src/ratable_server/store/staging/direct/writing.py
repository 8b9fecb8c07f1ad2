"""What goes on into the books: one request to the database, however many records there are.

Columns travel as one text each, with a separator that none of their cells has: arrays cost this process ten times that.
What is the same in all records travels once. Whoever adds has locked the months and the tenant: nothing is added under
an id between the look and the write.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from django.db import connection

from ratable_server.store.models import UsageImport
from ratable_server.store.staging.columns import FACT, PREPAID
from ratable_server.store.staging.direct.reading import Record, told_cells
from ratable_server.store.staging.joined_texts import joined
from ratable_server.store.staging.settling import Posting

_NOTHING = "\\N"

Columns = dict[str, tuple[str, Callable[[Record], str | None]]]


@lru_cache(maxsize=10_000)  # many records are of few days
def _day(day: date | None) -> str | None:
    return None if day is None else day.isoformat()


# The columns of a record: their types, and what is sent of them. None of these texts is `\N` by itself. The first one
# is another in each record.
_TOLD: Columns = {
    "row": ("bigint", lambda record: str(record.row)),
    "event_id": ("text", lambda record: record.event_id),
    "stream": ("text", lambda record: record.stream),
    "used_at": ("timestamptz", lambda record: record.written_at),
    "used_on": ("date", lambda record: _day(record.day)),
    "quantity": ("numeric", lambda record: record.quantity),
    "amount": ("numeric", lambda record: record.amount),
    "currency": ("text", lambda record: record.currency),
    "dimensions": ("jsonb", lambda record: record.dimensions),
    "content_hash": ("text", lambda record: record.content_hash.hex()),
}
_REVISING: Columns = {
    "revises_id": ("bigint", lambda record: None if record.revises is None else str(record.revises)),
    "revises_month_on": ("date", lambda record: _day(record.revises_month_on)),
}
_REJECTED: Columns = {
    **{name: _TOLD[name] for name in ("row", "event_id", "stream")},
    "code": ("text", lambda record: record.code),
    "value": ("text", lambda record: record.value),
    "raw": ("jsonb", lambda record: json.dumps(told_cells((*FACT, *PREPAID), record.cells))),
    "dimensions": _TOLD["dimensions"],
}

_ADD = """
WITH told AS MATERIALIZED (
    SELECT nextval('usage_record_id_seq') AS record_id, date_trunc('month', used_on)::date AS month_on, * FROM {told}
),
keys AS (
    INSERT INTO usage_key (tenant_id, event_id, content_hash, record_id, month_on)
    SELECT %(tenant)s, event_id, decode(content_hash, 'hex'), record_id, month_on FROM told {is_new} ORDER BY event_id
),
records AS (
    INSERT INTO usage_record (id, tenant_id, event_id, stream, used_at, used_on, month_on, quantity, amount, currency,
        dimensions, usage_import_id, "row", number, open_on)
    SELECT record_id, %(tenant)s, event_id, stream, used_at, used_on, month_on, quantity, amount, currency,
        dimensions, %(import)s, "row", %(number)s, %(open_on)s
    FROM told
),
{revising}
resolved AS (
    UPDATE usage_rejection AS open SET resolved_at = %(at)s, resolved_by = %(by)s
    FROM told
    WHERE open.tenant_id = %(tenant)s AND open.is_blocking AND open.resolved_at IS NULL
        AND open.event_id = told.event_id
    RETURNING open.usage_import_id, open."row"
)
SELECT usage_import_id, "row" FROM resolved
"""
_REVISE = """
voids AS (
    INSERT INTO usage_void (tenant_id, number, recorded_at, recorded_by, request_id, event_id, month_on, record_id,
        is_revision)
    SELECT %(tenant)s, %(number)s, %(at)s, %(by)s, %(request)s, event_id, revises_month_on, revises_id, true
    FROM told WHERE revises_id IS NOT NULL
),
moved AS (
    UPDATE usage_key AS key
    SET content_hash = decode(told.content_hash, 'hex'), record_id = told.record_id, month_on = told.month_on
    FROM told
    WHERE key.tenant_id = %(tenant)s AND key.event_id = told.event_id AND told.revises_id IS NOT NULL
        AND key.event_id = ANY (ARRAY(SELECT event_id FROM told WHERE revises_id IS NOT NULL))
),
"""
_COUNT = "UPDATE tenant SET fact_number = %(number)s WHERE id = %(tenant)s"
_ADD_REJECTIONS = """
INSERT INTO usage_rejection (tenant_id, usage_import_id, "row", event_id, stream, code, value, raw, is_blocking,
    resolved_by)
SELECT %(tenant)s, %(import)s, "row", event_id, stream, code, value, raw || coalesce(dimensions, '{{}}'),
    %(blocking)s, ''
FROM {told} ORDER BY "row"
"""


class Sent(NamedTuple):
    """Records as a table of a statement, with the parameters that it needs."""

    table: str
    parameters: dict[str, Any]
    revises: bool = False


def told_records(records: Sequence[Record]) -> Sent | None:
    """Records on their way into the books, if there are any; what these say is needed only if some revise others."""
    if not records:
        return None
    if any(record.revises is not None for record in records):
        return _told({**_TOLD, **_REVISING}, records)._replace(revises=True)
    return _told(_TOLD, records)


def add_records(posting: Posting, row: UsageImport, sent: Sent | None) -> list[tuple[int, int]]:
    """Write a receipt with what was taken, if anything was; give the rejections that this resolves, by import and row."""
    receipt, parameters = _inserting(row)
    if sent is None:
        with connection.cursor() as cursor:
            cursor.execute(receipt, parameters)
        return []
    is_new, revising = ("WHERE revises_id IS NULL", _REVISE) if sent.revises else ("", "")
    statement = _ADD.format(told=sent.table, is_new=is_new, revising=revising)
    with connection.cursor() as cursor:
        cursor.execute(f"{statement};{_COUNT};{receipt}", {**posting.parameters(), **parameters, **sent.parameters})
        return [(import_id, number) for import_id, number in cursor.fetchall()]


def _inserting(row: UsageImport) -> tuple[str, dict[str, Any]]:
    """The statement that adds a receipt, with its parameters."""
    told = {field.column: getattr(row, field.attname) for field in row._meta.concrete_fields}
    columns = ", ".join(f'"{name}"' for name in told)
    values = ", ".join(f"%(receipt_{name})s" for name in told)
    statement = f"INSERT INTO usage_import ({columns}) VALUES ({values})"
    return statement, {f"receipt_{name}": value for name, value in told.items()}


def add_rejections(posting: Posting, records: Sequence[Record], *, are_blocking: bool) -> None:
    """Write the rejected records, as they came."""
    sent = _told(_REJECTED, records)
    statement = _ADD_REJECTIONS.format(told=sent.table)
    with connection.cursor() as cursor:
        cursor.execute(statement, {**posting.parameters(), **sent.parameters, "blocking": are_blocking})


def _told(columns: Columns, records: Sequence[Record]) -> Sent:
    parameters: dict[str, Any] = {"nothing": _NOTHING}
    arrays: dict[str, str] = {}
    same = ""
    for name, (kind, told) in columns.items():
        cells = [told(record) for record in records]
        if arrays and cells.count(cells[0]) == len(cells):
            same += f', %({name}_told)s::{kind} AS "{name}"'
            parameters[f"{name}_told"] = cells[0]
        else:
            nothing = "" if kind == "text" else ", %(nothing)s"
            arrays[name] = f"(string_to_array(%({name}_told)s, %({name}_between)s{nothing}))[2:]::{kind}[]"
            some = [_NOTHING if cell is None else cell for cell in cells]
            parameters[f"{name}_told"], parameters[f"{name}_between"] = joined(some)
    names = ", ".join(f'"{name}"' for name in arrays)
    return Sent(f"(SELECT each.*{same} FROM unnest({', '.join(arrays.values())}) AS each({names})) AS told", parameters)
