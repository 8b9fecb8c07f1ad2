"""What settles invoices, and what credit memos were used for: money and credit memos, with the entries that they are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Q, QuerySet

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.queries.document_entries import EntriesOf, Entry, entries_of
from ratable_server.queries.listing import Asked, Found, Told, fields_of, told_of
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement(Told):
    """One payment of an invoice, one use of a credit memo for it, or one payment that pays a credit memo out."""

    invoice_id: int | None
    invoice: str | None
    credit_memo_id: int | None
    credit_memo: str | None
    contract_id: int
    currency: str
    amount: Decimal
    on: date
    external_id: str | None
    voided_on: date | None
    entry: Entry | None
    void_entry: Entry | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SettlementsAsked(Asked):
    """Of invoices; with an id of another system; void or standing ones."""

    invoice_ids: Sequence[int] | None = None
    external_id: str | None = None
    is_void: bool | None = None


def settlements(*, actor: Actor, asked: SettlementsAsked) -> Found[Settlement]:
    """What settles invoices, in the order in which it was changed last: who reads on misses nothing."""
    with books_of(actor):
        rows = _rows(actor, asked)
        page = list(_linked(rows).order_by("modified_at", "id")[asked.offset : asked.offset + asked.limit])
        is_all = asked.offset == 0 and len(page) < asked.limit
        count = len(page) if is_all else rows.count()
        return Found(count=count, rows=tuple(_settlements(actor, page)))


def settlements_of(actor: Actor, papers: Sequence[Any]) -> dict[int, list[Settlement]]:
    """What settles some papers, by the ids of these, in the order in which it came. The books are open."""
    ids = [paper.id for paper in papers]
    rows = rows_of(actor, models.Settlement).filter(Q(invoice_id__in=ids) | Q(credit_memo_id__in=ids))
    found: dict[int, list[Settlement]] = defaultdict(list)
    for settlement in _settlements(actor, list(_linked(rows).order_by("id"))):
        for paper_id in (settlement.invoice_id, settlement.credit_memo_id):
            if paper_id is not None:
                found[paper_id].append(settlement)
    return found


def _linked(rows: QuerySet[models.Settlement]) -> QuerySet[models.Settlement]:
    return rows.select_related("document__contract", "invoice__contract", "credit_memo__contract")


def _rows(actor: Actor, asked: SettlementsAsked) -> QuerySet[models.Settlement]:
    limits: dict[str, Any] = {
        "id__in": asked.ids,
        "invoice_id__in": asked.invoice_ids,
        "external_id": asked.external_id,
        "modified_at__gte": asked.modified_from,
        "modified_at__lte": asked.modified_through,
        "voided_on__isnull": None if asked.is_void is None else not asked.is_void,
    }
    wanted = {name: value for name, value in limits.items() if value is not None}
    return rows_of(actor, models.Settlement).filter(invoice__isnull=False, **wanted)


def _settlements(actor: Actor, rows: Sequence[models.Settlement]) -> list[Settlement]:
    entries = entries_of(actor, (row.document for row in rows if row.document is not None))
    return [_settlement(row, entries.get(row.document_id or 0, EntriesOf())) for row in rows]


def _settlement(row: Any, entries: EntriesOf) -> Settlement:
    paper = row.invoice or row.credit_memo
    currency = paper.contract.currency
    return Settlement(
        **told_of(row),
        **fields_of(row, "invoice_id", "credit_memo_id", "on", "external_id", "voided_on"),
        invoice=row.invoice.code if row.invoice else None,
        credit_memo=row.credit_memo.code if row.credit_memo else None,
        contract_id=paper.contract_id,
        currency=currency,
        amount=to_major(row.amount_minor, currency),
        entry=entries.own,
        void_entry=entries.void,
    )
