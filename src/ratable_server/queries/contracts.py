"""Contracts as they were agreed: what each says of itself, when it ends, and what stands on it.

What it has earned and billed is `queries.totals`; its lines are `queries.contract_lines` and `queries.prepaid_commits`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import reduce
from operator import or_
from typing import Any, Literal

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from ratable_server.actor import Actor
from ratable_server.queries.listing import FIRST_PAGE, Asked, Found, Told, asked_rows, fields_of, page_of, told_of
from ratable_server.store import models
from ratable_server.store.load.documents import standing_voids
from ratable_server.store.load.periods import current_runs
from ratable_server.store.scope import books_of, rows_of

Standing = Literal["pending", "active", "completed"]
"""Before its first day, between its days, after its last day or its termination."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract(Told):
    """One contract; `terminated_on` is its last day of service, where it was ended before its time."""

    code: str
    name: str
    customer_id: int
    customer: str
    customer_name: str
    currency: str
    starts_on: date
    ends_before: date | None
    minimum_monthly_commitment_amount: Decimal | None
    minimum_monthly_commitment_quantity: Decimal | None
    opening_as_of: date | None
    terminated_on: date | None
    has_invoices: bool
    has_credit_memos: bool
    has_journal_entries: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractsAsked(Asked):
    """With `text` contracts whose name, code or customer has it, in whatever case; `names` are whole names.

    `standings` are where they stand on the day `on`.
    """

    text: str = ""
    names: Sequence[str] | None = None
    customer_ids: Sequence[int] | None = None
    standings: Sequence[Standing] | None = None
    on: date = date.max


def contracts(*, actor: Actor, asked: Asked = FIRST_PAGE) -> Found[Contract]:
    """Contracts in the order in which they were signed."""
    with books_of(actor):
        rows = _changed(
            actor, asked_rows(rows_of(actor, models.Contract, with_deleted=True), _at_any_time(asked)), asked
        )
        if isinstance(asked, ContractsAsked):
            rows = _standing(actor, _narrowed(rows, asked), asked)
        return page_of(rows.select_related("customer"), asked, lambda page: _contracts(actor, page))


def _at_any_time(asked: Asked) -> Asked:
    return replace(asked, modified_from=None, modified_through=None)


def _changed(actor: Actor, rows: QuerySet[models.Contract], asked: Asked) -> QuerySet[models.Contract]:
    """Those that were changed, or ended before their time, in a time."""
    limits = {"changed_at__gte": asked.modified_from, "changed_at__lte": asked.modified_through}
    wanted = {name: at for name, at in limits.items() if at is not None}
    if not wanted:
        return rows
    ended = rows_of(actor, models.Termination).filter(contract_id=OuterRef("id")).values("recorded_at")
    return rows.annotate(changed_at=Greatest("modified_at", Subquery(ended))).filter(**wanted)


def _narrowed(rows: QuerySet[models.Contract], asked: ContractsAsked) -> QuerySet[models.Contract]:
    if asked.text:
        places = ("name", "code", "customer__name", "customer__code")
        found = Q()
        for place in places:
            found |= Q(**{f"{place}__icontains": asked.text})
        rows = rows.filter(found)
    if asked.names is not None:
        rows = rows.filter(name__in=asked.names)
    return rows if asked.customer_ids is None else rows.filter(customer_id__in=asked.customer_ids)


def _standing(actor: Actor, rows: QuerySet[models.Contract], asked: ContractsAsked) -> QuerySet[models.Contract]:
    if asked.standings is None:
        return rows
    ended = rows_of(actor, models.Termination).filter(contract_id=OuterRef("id"), on__lt=asked.on)
    is_over = Q(ends_before__lte=asked.on) | Q(Exists(ended))
    is_ahead = Q(starts_on__gt=asked.on)
    where: dict[Standing, Q] = {
        "pending": is_ahead & ~is_over,
        "active": ~is_ahead & ~is_over,
        "completed": is_over,
    }
    wanted = [where[standing] for standing in asked.standings]
    return rows.filter(reduce(or_, wanted)) if wanted else rows.none()


def _contracts(actor: Actor, page: Sequence[models.Contract]) -> list[Contract]:
    ids, codes = [row.id for row in page], [row.code for row in page]
    ends = {row.contract_id: row for row in rows_of(actor, models.Termination).filter(contract_id__in=ids)}
    filed = rows_of(actor, models.Document).exclude(id__in=standing_voids(actor).values("document_id"))
    documents = set(filed.filter(contract_id__in=ids).values_list("contract_id", "kind"))
    entries = rows_of(actor, models.JournalEntry).filter(contract_id__in=codes, run_id__in=current_runs(actor))
    posted = set(entries.values_list("contract_id", flat=True).distinct())
    return [
        Contract(
            **_told(row, ends.get(row.id)),
            **_own(row),
            terminated_on=ends[row.id].on if row.id in ends else None,
            has_invoices=(row.id, "invoice") in documents,
            has_credit_memos=(row.id, "credit_memo") in documents,
            has_journal_entries=row.code in posted,
        )
        for row in page
    ]


def _told(row: models.Contract, end: models.Termination | None) -> dict[str, Any]:
    told = told_of(row)
    return told if end is None else {**told, "modified_at": max(row.modified_at, end.recorded_at)}


def _own(row: models.Contract) -> dict[str, Any]:
    names = (
        "code", "customer_id", "currency", "starts_on", "ends_before", "minimum_monthly_commitment_amount",
        "minimum_monthly_commitment_quantity", "opening_as_of",
    )  # fmt: skip
    customer = row.customer
    return {**fields_of(row, *names), "name": row.name, "customer": customer.code, "customer_name": customer.name}
