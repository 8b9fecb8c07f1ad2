"""Imports of usage: their receipts, the rows that were not taken, as they came, and usage that a run has rejected since."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, QuerySet

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.exports import Shown, ShownTable
from ratable_server.store.load.counted import counted, counted_with
from ratable_server.store.load.receipts import Receipt, receipt_of
from ratable_server.store.load.rejected_usage import (
    Part,
    RejectedRecord,
    current_draft,
    open_counts,
    open_records,
    rejected_count,
    rejected_records,
)
from ratable_server.store.models import UsageImport, UsageRejection
from ratable_server.store.scope import books_of, rows_of

_FACT = ("id", "item", "prepaid_commit", "contract", "used_on", "used_at", "quantity", "amount", "currency")
_TOLD = (
    Shown(name="import", unit="id", meaning="the import that brought the row"),
    Shown(name="row", unit="count", meaning="its place in the file, from 1 below the header"),
    Shown(name="code", unit="word", meaning="the first rule that it breaks"),
    Shown(name="value", unit="id", meaning="what stands there instead"),
    Shown(name="resolved_by", unit="id", meaning="who has set it aside, or whose import has brought it right"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportLine:
    """An import in a list; `open_rejections` keep a month from closing, those of the last draft among them."""

    import_code: str
    status: str
    file_name: str
    rows_received: int
    rows_accepted: int
    rows_duplicate: int
    rows_rejected: int
    quantity_accepted: Decimal
    open_rejections: int
    recorded_at: datetime
    recorded_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportState:
    """An import with the size of its file, unpacked, and how much and how many rows of that were read.

    While it is pending it has no counts.
    """

    receipt: Receipt
    content_bytes: int
    read_bytes: int
    read_rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRow:
    """A row that was not taken: the rule, what stands there instead, and the row as it came.

    With `run_id` it was taken when it came, and that run rejects it.
    """

    import_code: str
    row: int
    code: str
    value: str
    event_id: str
    stream: str
    raw: Mapping[str, str]
    is_blocking: bool
    resolved_at: datetime | None
    resolved_by: str
    run_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedPage:
    """Some of the rejected rows, and how many there are in all."""

    count: int
    rows: list[RejectedRow]


def usage_imports(*, actor: Actor, limit: int = 50, before_id: int | None = None) -> list[ImportLine]:
    """The last imports, the newest first; `before_id` is the number of an import, those before it are asked for."""
    columns = [name for name in ImportLine.__dataclass_fields__ if name not in {"import_code", "open_rejections"}]
    with books_of(actor):
        every = rows_of(actor, UsageImport)
        wanted = every if before_id is None else every.filter(id__lt=before_id)
        rows = list(wanted.order_by("-id").values("id", "code", *columns)[:limit])
        blocked = _open(actor).filter(usage_import_id__in=[row["id"] for row in rows])
        counts = open_counts(actor)
        for import_id, count in blocked.values_list("usage_import_id").annotate(count=Count("id")).order_by():
            counts[import_id] = counts.get(import_id, 0) + count
    return [
        ImportLine(
            import_code=row["code"],
            open_rejections=counts.get(row["id"], 0),
            **{name: row[name] for name in columns},
        )
        for row in rows
    ]


def usage_receipt(*, actor: Actor, import_code: str) -> Receipt:
    """The receipt of an import.

    Refuses:
        code_must_be_known
    """
    with books_of(actor):
        return receipt_of(actor, _import(actor, import_code))


def import_state(*, actor: Actor, import_code: str) -> ImportState:
    """How far an import is, or how it ended.

    Refuses:
        code_must_be_known
    """
    with books_of(actor):
        row = _import(actor, import_code)
        receipt = receipt_of(actor, row)
        told = {name: getattr(row, name) for name in ("content_bytes", "read_bytes", "read_rows")}
        return ImportState(receipt=receipt, **told)


def rejected_rows(*, actor: Actor, import_code: str | None = None) -> list[RejectedRow]:
    """All of them: the rows of `rejected_page`, for a file."""
    return rejected_page(actor=actor, import_code=import_code).rows


def rejected_page(
    *, actor: Actor, import_code: str | None = None, row: int | None = None, limit: int | None = None, offset: int = 0
) -> RejectedPage:
    """The rows of an import, or one `row` of it, that were not taken; without one every row that keeps a month from closing.

    After them usage that was taken when it came and that a run rejects: of an import what is posted or in the last
    draft, settled or not; else what the last draft has and nobody has settled. No more of them is read than `limit`.

    Refuses:
        code_must_be_known
    """
    part = Part(limit=limit, offset=offset, row=row)
    with books_of(actor):
        if import_code is None:
            kept, later = _open(actor), _open_later(actor)
        else:
            import_id = _import(actor, import_code).id
            kept, later = _kept(actor, import_id, row), _later(actor, import_id, row)
        first = kept.count()
        rows = _rows(kept, part) if offset < first else []
        rest = _behind(part, first, found=len(rows))
        more = later.read(rest) if later.total and rest.limit != 0 else []
        return RejectedPage(count=first + later.total, rows=[*rows, *map(_record, more)])


def shown_rows(rows: list[RejectedRow]) -> ShownTable:
    """Rejected rows as a table to write: why, and then the columns that the rows came with."""
    met = {name for row in rows for name in row.raw}
    names = [*(name for name in _FACT if name in met), *sorted(met - set(_FACT))]
    came = tuple(Shown(name=name, unit="id", meaning="as it came") for name in names)
    cells = tuple(
        (row.import_code, row.row, row.code, row.value, row.resolved_by, *(row.raw.get(name) for name in names))
        for row in rows
    )
    return ShownTable(
        name="rejected_rows",
        title="Rejected rows",
        columns=(*_TOLD, *came),
        rows=cells,
        currencies=("",) * len(rows),
    )


def _import(actor: Actor, code: str) -> UsageImport:
    row = rows_of(actor, UsageImport).filter(code=code).first()
    if row is None:
        raise Refused("code_must_be_known", field="import", detail=f"no import is called {code}")
    return row


def _open(actor: Actor) -> QuerySet[UsageRejection]:
    return rows_of(actor, UsageRejection).filter(is_blocking=True, resolved_at=None)


def _kept(actor: Actor, import_id: int, row: int | None) -> QuerySet[UsageRejection]:
    every = rows_of(actor, UsageRejection).filter(usage_import_id=import_id)
    return every if row is None else every.filter(row=row)


def _rows(found: QuerySet[UsageRejection], part: Part) -> list[RejectedRow]:
    rows = found.select_related("usage_import").order_by("usage_import_id", "row", "id")
    before = None if part.limit is None else part.offset + part.limit
    return [_row(row) for row in rows[part.offset : before]]


class _Later(NamedTuple):
    """What a run rejects: how many records, and how a part of them is read."""

    total: int
    read: Callable[[Part], list[RejectedRecord]]


def _open_later(actor: Actor) -> _Later:
    return _Later(sum(open_counts(actor).values()), lambda part: open_records(actor, part=part))


def _later(actor: Actor, import_id: int, row: int | None) -> _Later:
    draft = current_draft(actor)
    counts = counted(actor) if draft is None else counted_with(actor, draft)
    count = rejected_count(actor, counts, import_id=import_id, row=row)
    return _Later(count, lambda part: rejected_records(actor, counts, import_id=import_id, part=part))


def _behind(part: Part, first: int, *, found: int) -> Part:
    """The part of what comes behind the first rows, of which so many were found."""
    limit = None if part.limit is None else part.limit - found
    return replace(part, limit=limit, offset=max(0, part.offset - first))


def _record(record: RejectedRecord) -> RejectedRow:
    """As a file would have it again."""
    raw = {
        "id": record.usage_id,
        "item": record.item_id,
        "used_on": record.used_on,
        "quantity": record.quantity,
        "amount": record.amount,
    }
    return RejectedRow(
        import_code=record.import_code,
        row=record.row,
        code=record.code,
        value=record.value,
        event_id=record.usage_id,
        stream=record.item_id,
        raw={name: str(value) for name, value in raw.items() if value is not None},
        is_blocking=True,
        resolved_at=record.resolved_at,
        resolved_by=record.resolved_by or "",
        run_id=record.run_id,
    )


def _row(row: UsageRejection) -> RejectedRow:
    raw = row.raw or {}
    return RejectedRow(
        import_code=row.usage_import.code,
        row=row.row,
        code=row.code,
        value=row.value,
        event_id=row.event_id,
        stream=row.stream,
        raw={name: value if isinstance(value, str) else json.dumps(value) for name, value in raw.items()},
        is_blocking=row.is_blocking,
        resolved_at=row.resolved_at,
        resolved_by=row.resolved_by,
    )
