"""Invoices and credit memos as a customer has them: lines, what settles them, where they stand, which entries they are.

Where a paper stands is never kept: it follows from its void, its stage, and what of it is settled.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any, Literal

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Coalesce

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.queries.document_entries import EntriesOf, Entry, entries_of
from ratable_server.queries.listing import Asked, Found, Told, code_of, fields_of, told_of
from ratable_server.queries.settlements import Settlement, settlements_of
from ratable_server.store import models
from ratable_server.store.load.papers import next_number
from ratable_server.store.scope import books_of, rows_of

PaperKind = Literal["invoice", "credit_memo"]
Standing = Literal["draft", "open", "sent", "partial", "settled", "uncollectible", "voided"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperLine:
    """One line; `number` is that of its document, None for a draft. `further` is as it was told.

    `is_of_usage` is what names the contract's usage: other lines of invoices may name nothing.
    """

    id: int
    amount: Decimal
    tax: Decimal
    number: int | None
    prepaid_commit_id: int | None
    subscription_id: int | None
    milestone_id: int | None
    prepaid_commit: str | None
    subscription: str | None
    milestone: str | None
    is_of_usage: bool
    against: str | None
    service_on: date | None
    further: dict[str, Any]
    created_at: datetime
    modified_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper(Told):
    """One invoice or credit memo; `settled` is paid or used, `entries` are those of the journal."""

    kind: PaperKind
    code: str
    contract_id: int
    contract: str
    contract_name: str
    contract_further: dict[str, Any]
    customer_id: int
    customer_name: str
    customer_further: dict[str, Any]
    currency: str
    on: date
    due_on: date | None
    stage: str
    standing: Standing
    total: Decimal
    settled: Decimal
    settled_on: date | None
    voided_on: date | None
    lines: tuple[PaperLine, ...]
    settlements: tuple[Settlement, ...]
    entries: tuple[Entry, ...]
    void_entries: tuple[Entry, ...]

    @property
    def left(self) -> Decimal:
        """What is due of an invoice, or left of a credit memo; nothing of what is void."""
        return Decimal(0) if self.voided_on else self.total - self.settled


@dataclass(frozen=True, slots=True, kw_only=True)
class PapersAsked(Asked):
    """Of one kind, of these contracts, customers (ids), currencies and days; standing in one of `standings` on a day.

    With `text` those whose number, customer or further texts have it. `further` is what they were told, `entities` what they
    were told or else their contracts. `order` names columns, the last first with a minus.
    """

    kind: PaperKind
    contract_ids: Sequence[int] | None = None
    customer_ids: Sequence[int] | None = None
    currencies: Sequence[str] | None = None
    filed_from: date | None = None
    filed_through: date | None = None
    settled_from: date | None = None
    settled_through: date | None = None
    standings: Sequence[str] = ()
    on: date | None = None
    was_sent: bool | None = None
    text: str = ""
    further: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    entities: Sequence[int] | None = None
    line_tags: Sequence[int] | None = None
    order: Sequence[str] = ()


# For how many days something is due; None: for ever.
OVERDUE: dict[str, tuple[int, int | None]] = {
    "1_30": (1, 30),
    "31_60": (31, 60),
    "61_90": (61, 90),
    "91_120": (91, 120),
    "over_120": (121, None),
}
STANDINGS = frozenset(
    {"voided", "uncollectible", "sent", "paid", "unpaid", "partially_paid", "current", "past_due", "open",
     "partially_used", "used", *OVERDUE}
)  # fmt: skip
_TEXTS = ("message_on_invoice", "message_on_credit_memo", "shipping_address")
_LIVE = Q(voided_on=None) & ~Q(stage="draft")
_DUE = _LIVE & Q(settled_minor__lt=F("total_minor")) & ~Q(stage="uncollectible")


def _standing_as(word: str, on: date) -> Q:
    """The papers that stand so on a day: by what is settled, by how long they are due."""
    first, last = OVERDUE.get(word, (None, None))
    if first is not None:
        newest = _DUE & Q(due__lte=on - timedelta(days=first))
        return newest if last is None else newest & Q(due__gte=on - timedelta(days=last))
    return {
        "voided": Q(voided_on__isnull=False),
        "uncollectible": _LIVE & Q(stage="uncollectible"),
        "sent": _LIVE & Q(stage="sent"),
        "paid": _LIVE & Q(settled_minor=F("total_minor")) & ~Q(stage="uncollectible"),
        "unpaid": _DUE,
        "partially_paid": _DUE & Q(settled_minor__gt=0),
        "current": _DUE & Q(due__gte=on),
        "past_due": _DUE & Q(due__lt=on),
        "open": _LIVE & Q(settled_minor=0, total_minor__gt=0),
        "partially_used": _LIVE & Q(settled_minor__gt=0, settled_minor__lt=F("total_minor")),
        "used": _LIVE & Q(settled_minor=F("total_minor")),
    }[word]


def papers(*, actor: Actor, asked: PapersAsked) -> Found[Paper]:
    """Papers of a kind in the order that is asked for, otherwise that in which they were issued."""
    with books_of(actor):
        rows = _rows(actor, asked)
        ordered = rows.order_by(*asked.order, "id").select_related("contract__customer")
        page = list(ordered[asked.offset : asked.offset + asked.limit])
        is_all = asked.offset == 0 and len(page) < asked.limit
        count = len(page) if is_all else rows.count()
        return Found(count=count, rows=tuple(_papers(actor, page)))


def invoices(*, actor: Actor, asked: Asked) -> Found[Paper]:
    """Invoices by their ids or numbers."""
    return papers(actor=actor, asked=_of_kind("invoice", asked))


def credit_memos(*, actor: Actor, asked: Asked) -> Found[Paper]:
    """Credit memos by their ids or numbers."""
    return papers(actor=actor, asked=_of_kind("credit_memo", asked))


def credited_above(*, actor: Actor, settlement_ids: Sequence[int]) -> list[tuple[int, str]]:
    """The credit memos for what some payments paid above what was due: rows and numbers."""
    with books_of(actor):
        rows = rows_of(actor, models.Paper).filter(kind="credit_memo", further__overpayment_of__in=list(settlement_ids))
        return list(rows.order_by("id").values_list("id", "code"))


def number_to_come(*, actor: Actor, kind: PaperKind) -> str:
    """The number that the next paper of a kind would get now."""
    with books_of(actor):
        return next_number(actor, kind)


def _rows(actor: Actor, asked: PapersAsked) -> QuerySet[Any]:
    limits: dict[str, Any] = {
        "id__in": asked.ids,
        "code__in": asked.codes,
        "contract_id__in": asked.contract_ids,
        "contract__customer_id__in": asked.customer_ids,
        "contract__currency__in": asked.currencies,
        "on__gte": asked.filed_from,
        "on__lte": asked.filed_through,
        "settled_on__gte": asked.settled_from,
        "settled_on__lte": asked.settled_through,
        "modified_at__gte": asked.modified_from,
        "modified_at__lte": asked.modified_through,
    }
    wanted = {name: value for name, value in limits.items() if value is not None}
    rows = rows_of(actor, models.Paper, with_deleted=True).annotate(due=Coalesce("due_on", "on"))
    rows = rows.annotate(left_minor=F("total_minor") - F("settled_minor"))
    rows = rows.filter(_with_standing(asked), kind=asked.kind, deleted_at__isnull=not asked.is_deleted, **wanted)
    for name, values in asked.further.items():
        rows = rows.filter(**{f"further__{name}__in": list(values)})
    if asked.entities is not None:
        rows = rows.filter(_of_entities(asked.entities))
    if asked.line_tags is not None:
        rows = rows.filter(id__in=_with_tags(actor, asked.line_tags))
    return rows.filter(_with_text(asked.text)) if asked.text else rows


def _of_kind(kind: PaperKind, asked: Asked) -> PapersAsked:
    return PapersAsked(
        kind=kind, limit=asked.limit, offset=asked.offset, is_deleted=asked.is_deleted, ids=asked.ids, codes=asked.codes
    )


def _with_standing(asked: PapersAsked) -> Q:
    found = Q()
    for word in asked.standings:
        found |= _standing_as(word, asked.on or date.min)
    if asked.was_sent is None:
        return found
    was_sent = Q(further__has_key="sent_date")
    return found & (was_sent if asked.was_sent else ~was_sent)


def _of_entities(entities: Sequence[int]) -> Q:
    """Papers that say one of them, or nothing while their contract says one."""
    says_nothing = Q(further__entity=None) | ~Q(further__has_key="entity")
    own, of_contract = ({f"{of}further__entity__in": list(entities)} for of in ("", "contract__"))
    return Q(**own) | says_nothing & Q(**of_contract)


def _with_tags(actor: Actor, tags: Sequence[int]) -> QuerySet[Any, Any]:
    found = Q()
    for tag in tags:
        found |= Q(further__tag_ids__contains=tag)
    return rows_of(actor, models.PaperLine).filter(found).values("paper_id")


def _with_text(text: str) -> Q:
    found = Q(code__icontains=text) | Q(contract__customer__name__icontains=text)
    for name in _TEXTS:
        found |= Q(**{f"further__{name}__icontains": text})
    return found


def _papers(actor: Actor, page: Sequence[Any]) -> list[Paper]:
    ids = [row.id for row in page]
    lines: dict[int, list[Any]] = defaultdict(list)
    linked = ("document__contract", "document__prepaid_commit", "document__subscription", "document__milestone")
    for line in rows_of(actor, models.PaperLine).filter(paper_id__in=ids).select_related(*linked).order_by("place"):
        lines[line.paper_id].append(line)
    settled = settlements_of(actor, page)
    entries = entries_of(
        actor, (line.document for each in lines.values() for line in each if line.document is not None)
    )
    return [_paper(row, lines[row.id], settled.get(row.id, ()), entries=entries) for row in page]


def _paper(
    row: Any, lines: Sequence[Any], settlements: Sequence[Settlement], *, entries: Mapping[int, EntriesOf]
) -> Paper:
    contract, currency = row.contract, row.contract.currency
    ids = dict.fromkeys(line.document_id for line in lines if line.document_id is not None)
    posted = [entries[id] for id in ids]
    return Paper(
        **told_of(row),
        **fields_of(row, "kind", "code", "contract_id", "on", "due_on", "stage", "settled_on", "voided_on"),
        contract=contract.code,
        contract_name=contract.name,
        contract_further=contract.further,
        customer_id=contract.customer_id,
        customer_name=contract.customer.name,
        customer_further=contract.customer.further,
        currency=currency,
        standing=_standing(row),
        total=to_major(row.total_minor, currency),
        settled=to_major(row.settled_minor, currency),
        lines=tuple(_line(line, currency) for line in lines),
        settlements=tuple(settlements),
        entries=tuple(each.own for each in posted if each.own),
        void_entries=tuple(each.void for each in posted if each.void),
    )


def _standing(row: Any) -> Standing:
    if row.voided_on is not None:
        return "voided"
    if row.stage in {"draft", "uncollectible"}:
        stage: Standing = row.stage
        return stage
    if row.settled_minor == row.total_minor:
        return "settled"
    if row.settled_minor:
        return "partial"
    return "sent" if row.stage == "sent" else "open"


def _line(line: Any, currency: str) -> PaperLine:
    document = line.document
    names = ("prepaid_commit_id", "subscription_id", "milestone_id", "against", "service_on", "number")
    of_document = fields_of(document, *names) if document is not None else dict.fromkeys(names)
    linked = ("prepaid_commit", "subscription", "milestone")
    codes: dict[str, Any] = {name: code_of(getattr(document, name)) if document else None for name in linked}
    return PaperLine(
        **of_document,
        **codes,
        is_of_usage=document is not None and document.is_of_usage,
        id=line.id,
        amount=to_major(line.amount_minor, currency),
        tax=to_major(line.tax_minor, currency),
        further=line.further,
        created_at=line.created_at,
        modified_at=line.modified_at,
    )
