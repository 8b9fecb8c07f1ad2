"""Invoices, payments and credit memos as they were filed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, cast

from django.db.models import QuerySet

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.queries.listing import Asked, Found, fields_of, page_of
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of

DocumentKind = Literal["invoice", "payment", "credit_memo"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One document; `on` is its day as it is booked, `against` says what a credit memo takes back."""

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
    against: str | None
    service_on: date | None
    on: date
    booked_on: date
    number: int
    further: dict[str, Any]
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentsAsked(Asked):
    """Of these kinds, contracts (codes) or customers (ids); with these further fields, as they were told."""

    kinds: Sequence[DocumentKind] | None = None
    contracts: Sequence[str] | None = None
    customer_ids: Sequence[int] | None = None
    prepaid_commit_ids: Sequence[int] | None = None
    filed_from: date | None = None
    filed_through: date | None = None
    further: Mapping[str, Any] = field(default_factory=dict)


EVERY_DOCUMENT = DocumentsAsked()


def documents(*, actor: Actor, asked: DocumentsAsked = EVERY_DOCUMENT) -> Found[Document]:
    """Documents in the order in which the books learned them."""
    if asked.is_deleted:
        return Found(count=0, rows=())
    with books_of(actor):
        rows = _rows(actor, asked).select_related("contract", "contract__customer")
        return page_of(rows, asked, lambda page: [_document(row) for row in page])


def _rows(actor: Actor, asked: DocumentsAsked) -> QuerySet[models.Document]:
    limits: dict[str, Any] = {
        "id__in": asked.ids,
        "code__in": asked.codes,
        "kind__in": asked.kinds,
        "contract__code__in": asked.contracts,
        "contract__customer_id__in": asked.customer_ids,
        "prepaid_commit_id__in": asked.prepaid_commit_ids,
        "on__gte": asked.filed_from,
        "on__lte": asked.filed_through,
        "recorded_at__gte": asked.modified_from,
        "recorded_at__lte": asked.modified_through,
        "further__contains": dict(asked.further) or None,
    }
    wanted = {name: value for name, value in limits.items() if value is not None}
    return rows_of(actor, models.Document).filter(**wanted)


def _document(row: models.Document) -> Document:
    names = (
        "id", "code", "contract_id", "prepaid_commit_id", "subscription_id", "milestone_id", "against", "service_on",
        "on", "booked_on", "number",
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
        further=row.further,
        created_at=row.recorded_at,
        modified_at=row.recorded_at,
    )
