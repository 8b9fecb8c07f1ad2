"""The journal as it is posted and counts: entries with their lines, and lines by themselves.

What a reopened month had posted is gone from here until the month is closed again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.queries.listing import Asked, Found, fields_of, page_of
from ratable_server.store import models
from ratable_server.store.load.computed import closed_at_by_run
from ratable_server.store.load.periods import current_runs
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One side of an entry, in major units: a debit or a credit. `product` and the like are codes."""

    id: int
    account: str
    usage_item: str | None
    product: str | None
    prepaid_commit: str | None
    debit: Decimal
    credit: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalEntry:
    """One balanced entry; `contract` and `source` are codes, `on` its day, `number` that of the document it is of."""

    id: int
    code: str
    contract: str
    contract_name: str
    customer_id: int
    customer_name: str
    currency: str
    kind: str
    source_kind: str
    source: str | None
    service_on: date
    booked_on: date
    on: date
    number: int
    is_adjusted: bool
    total: Decimal
    posted_at: datetime
    lines: tuple[JournalLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostedLine(JournalLine):
    """A line with its entry, which stands here without its lines."""

    entry: JournalEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalAsked(Asked):
    """Of these days, contracts (codes), kinds of entries, or with lines on these accounts. Modified is when posted."""

    days_from: date | None = None
    days_through: date | None = None
    contracts: Sequence[str] | None = None
    kinds: Sequence[str] | None = None
    accounts: Sequence[str] | None = None


EVERY_ENTRY = JournalAsked()


def journal_entries(*, actor: Actor, asked: JournalAsked = EVERY_ENTRY) -> Found[JournalEntry]:
    """Entries in the order in which they were posted, each with its debits first."""
    if asked.is_deleted:
        return Found(count=0, rows=())
    with books_of(actor):
        rows = rows_of(actor, models.JournalEntry).filter(**_limits(actor, asked, road=""))
        if asked.accounts is not None:
            lines = rows_of(actor, models.JournalLine).filter(account__in=asked.accounts)
            rows = rows.filter(id__in=lines.values("entry_id"))
        return page_of(rows, asked, lambda page: _entries(actor, page, has_lines=True))


def journal_lines(*, actor: Actor, asked: JournalAsked = EVERY_ENTRY) -> Found[PostedLine]:
    """Lines of entries, each with its entry, in the order in which they were posted; `ids` are of lines."""
    if asked.is_deleted:
        return Found(count=0, rows=())
    with books_of(actor):
        limits = _limits(actor, asked, road="entry__")
        if asked.ids is not None:
            limits["id__in"] = limits.pop("entry__id__in")
        rows = rows_of(actor, models.JournalLine).filter(**limits)
        if asked.accounts is not None:
            rows = rows.filter(account__in=asked.accounts)
        return page_of(rows.select_related("entry"), asked, lambda page: _posted_lines(actor, page))


def _limits(actor: Actor, asked: JournalAsked, *, road: str) -> dict[str, Any]:
    limits: dict[str, Any] = {
        "id__in": asked.ids,
        "entry_code__in": asked.codes,
        "on__gte": asked.days_from,
        "on__lte": asked.days_through,
        "contract_id__in": asked.contracts,
        "kind__in": asked.kinds,
    }
    wanted = {f"{road}{name}": value for name, value in limits.items() if value is not None}
    return {**wanted, "run_id__in": _runs(actor, asked)}


def _runs(actor: Actor, asked: JournalAsked) -> list[int]:
    """The runs that count and were posted in time."""
    closed_at = closed_at_by_run(actor, current_runs(actor))
    first_at, last_at = asked.modified_from, asked.modified_through
    return [
        run
        for run, at in closed_at.items()
        if (first_at is None or at >= first_at) and (last_at is None or at <= last_at)
    ]


def _entries(actor: Actor, page: Sequence[models.JournalEntry], *, has_lines: bool) -> list[JournalEntry]:
    lines = _lines(actor, page) if has_lines else {}
    contracts = rows_of(actor, models.Contract, with_deleted=True).select_related("customer")
    known = {row.code: row for row in contracts.filter(code__in={row.contract_id for row in page})}
    closed_at = closed_at_by_run(actor, sorted({row.run_id for row in page}))
    names = ("id", "currency", "kind", "source_kind", "service_on", "booked_on", "on", "number", "is_adjusted")
    return [
        JournalEntry(
            **fields_of(row, *names),
            code=row.entry_code,
            contract=row.contract_id,
            contract_name=known[row.contract_id].name,
            customer_id=known[row.contract_id].customer_id,
            customer_name=known[row.contract_id].customer.name,
            source=row.source_id or None,
            total=to_major(row.total_minor, row.currency),
            posted_at=closed_at[row.run_id],
            lines=tuple(lines.get(row.id, ())),
        )
        for row in page
    ]


def _lines(actor: Actor, page: Sequence[models.JournalEntry]) -> dict[int, list[JournalLine]]:
    currencies = {row.id: row.currency for row in page}
    rows: QuerySet[models.JournalLine] = rows_of(actor, models.JournalLine).filter(entry_id__in=list(currencies))
    found: dict[int, list[JournalLine]] = defaultdict(list)
    for row in rows.order_by("entry_id", "-debit_minor", "account", "id"):
        found[row.entry_id].append(JournalLine(**_line(row, currencies[row.entry_id])))
    return found


def _line(row: models.JournalLine, currency: str) -> dict[str, Any]:
    return {
        "id": row.id,
        "account": row.account,
        "usage_item": row.item_id or None,
        "product": row.product_id or None,
        "prepaid_commit": row.commit_id or None,
        "debit": to_major(row.debit_minor, currency),
        "credit": to_major(row.credit_minor, currency),
    }


def _posted_lines(actor: Actor, page: Sequence[models.JournalLine]) -> list[PostedLine]:
    unique = {row.entry_id: row.entry for row in page}
    entries = {entry.id: entry for entry in _entries(actor, list(unique.values()), has_lines=False)}
    return [PostedLine(**_line(row, row.entry.currency), entry=entries[row.entry_id]) for row in page]
