"""Invoices, payments and credit memos as they were filed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, cast

from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Greatest

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.queries.listing import Asked, Found, fields_of, page_of
from ratable_server.store import models
from ratable_server.store.load.documents import standing_voids
from ratable_server.store.scope import books_of, rows_of

DocumentKind = Literal["invoice", "payment", "credit_memo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document; `on` is its day as it is booked, `against` says what a credit memo takes back.

    `voided_on` is the day on which it was taken back, None while it stands.
    """

    id: int
    code: str
    kind: DocumentKind
    contract_id: int
    contract: str
    customer_id: int
    customer_name: str
    currency: str
    amount: Decimal
    prepaid_commit_id: int | None
    subscription_id: int | None
    milestone_id: int | None
    is_of_usage: bool
    against: str | None
    service_on: date | None
    on: date
    booked_on: date
    number: int
    voided_on: date | None
    further: dict[str, Any]
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsAsked(Asked):
    """Of these kinds, contracts (codes) or customers (ids); with these further fields, as they were told.

    With `is_void` those that were taken back, or those that stand. Modified is when a document was filed, taken back or
    reopened.
    """

    kinds: Sequence[DocumentKind] | None = None
    contracts: Sequence[str] | None = None
    customer_ids: Sequence[int] | None = None
    prepaid_commit_ids: Sequence[int] | None = None
    filed_from: date | None = None
    filed_through: date | None = None
    is_void: bool | None = None
    further: Mapping[str, Any] = field(default_factory=dict)


EVERY_DOCUMENT = DocumentsAsked()


def documents(*, actor: Actor, asked: DocumentsAsked = EVERY_DOCUMENT) -> Found[Document]:
    """Documents in the order in which the books learned them."""
    if asked.is_deleted:
        return Found(count=0, rows=())
    with books_of(actor):
        rows = _rows(actor, asked).select_related("contract", "contract__customer")
        return page_of(rows, asked, lambda page: _documents(actor, page))


def _rows(actor: Actor, asked: DocumentsAsked) -> QuerySet[models.Document]:
    limits: dict[str, Any] = {
        "id__gt": asked.after_id,
        "id__in": asked.ids,
        "code__in": asked.codes,
        "kind__in": asked.kinds,
        "contract__code__in": asked.contracts,
        "contract__customer_id__in": asked.customer_ids,
        "prepaid_commit_id__in": asked.prepaid_commit_ids,
        "on__gte": asked.filed_from,
        "on__lte": asked.filed_through,
        "last_at__gte": asked.modified_from,
        "last_at__lte": asked.modified_through,
        "further__contains": dict(asked.further) or None,
    }
    wanted = {name: value for name, value in limits.items() if value is not None}
    rows = rows_of(actor, models.Document).annotate(last_at=_last_at(actor)).filter(**wanted)
    if asked.is_void is None:
        return rows
    void = Q(id__in=standing_voids(actor).values("document_id"))
    return rows.filter(void if asked.is_void else ~void)


def _last_at(actor: Actor) -> Greatest:
    """When a document was filed, taken back or reopened last."""
    voids = rows_of(actor, models.DocumentVoid).filter(document_id=OuterRef("id"))
    reopenings = rows_of(actor, models.DocumentReopening).filter(void__document_id=OuterRef("id"))
    latest = (rows.order_by("-recorded_at").values("recorded_at")[:1] for rows in (voids, reopenings))
    return Greatest("recorded_at", *(Subquery(rows) for rows in latest))


def _documents(actor: Actor, page: Sequence[models.Document]) -> list[Document]:
    voids = standing_voids(actor).filter(document_id__in=[row.id for row in page])
    voided_on = dict(voids.values_list("document_id", "on"))
    return [_document(row, voided_on.get(row.id)) for row in page]


def _document(row: Any, voided_on: date | None) -> Document:
    names = (
        "id", "code", "contract_id", "prepaid_commit_id", "subscription_id", "milestone_id", "is_of_usage", "against",
        "service_on", "on", "booked_on", "number",
    )  # fmt: skip
    contract = row.contract
    return Document(
        **fields_of(row, *names),
        kind=cast("DocumentKind", row.kind),
        contract=contract.code,
        customer_id=contract.customer_id,
        customer_name=contract.customer.name,
        currency=contract.currency,
        amount=to_major(row.amount_minor, contract.currency),
        voided_on=voided_on,
        further=row.further,
        created_at=row.recorded_at,
        modified_at=row.last_at,
    )
