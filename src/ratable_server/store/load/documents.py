"""Documents, terminations and adjustments as rows of the calculation: what `ratable.facts` gives for the same acts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from itertools import chain
from typing import NamedTuple

from django.db.models import F, QuerySet

from ratable.facts import documents
from ratable.facts.booking import Booking
from ratable.facts.documents import Documents, Source
from ratable.terms_tables import Row, addressed_stream
from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.load.journal import posted_lines, posted_lines_of_documents
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.load.terms import Codes, load_terms, of_contracts
from ratable_server.store.scope import books_of, rows_of


class _Document(NamedTuple):
    """A row of the table, by its columns."""

    kind: str
    contract__code: str
    amount_minor: int
    against: str
    service_on: date | None
    prepaid_commit__code: str | None
    subscription__code: str | None
    milestone__code: str | None
    is_of_usage: bool
    booked_on: date
    on: date
    number: int


def load_documents(actor: Actor, contracts: Codes = None) -> Documents:
    """The balances of every cut-over, then documents, terminations and reversals in the order of their numbers."""
    with books_of(actor):
        voids = standing_voids(actor)
        kinds = (
            _documents(actor, contracts, voids),
            _voids(actor, contracts, voids),
            _terminations(actor, contracts),
            _reversals(actor, contracts),
        )
        filed = sorted(chain(*kinds), key=_number)
        openings = _openings(actor, contracts)
    return Documents(
        moves=(*openings, *(move for _, each in filed for move in each.moves)),
        turns=tuple(turn for _, each in filed for turn in each.turns),
    )


def load_adjustments(actor: Actor, contracts: Codes = None) -> list[Row]:
    """The adjustments as rows of `tables.ADJUSTMENTS`, in the order in which the books learned them."""
    columns = (
        "code", "commit__code", "commit__contract__code", "service_on", "used_on", "booked_on", "on", "number",
        "amount_minor",
    )  # fmt: skip
    names = (
        "adjustment_id", "commit_id", "contract_id", "service_on", "used_on", "booked_on", "on", "number",
        "amount_minor",
    )  # fmt: skip
    with books_of(actor):
        rows = of_contracts(rows_of(actor, models.Adjustment), contracts, "commit__contract").order_by("number", "id")
        found = [dict(zip(names, values, strict=True)) for values in rows.values_list(*columns)]
    return [{**row, "item_id": addressed_stream(row["commit_id"])} for row in found]


_Numbered = tuple[int, Documents]


def _number(numbered: _Numbered) -> int:
    return numbered[0]


def _openings(actor: Actor, contracts: Codes) -> list[Row]:
    rows = rows_of(actor, models.Contract).exclude(opening_as_of=None)
    wanted = rows if contracts is None else rows.filter(code__in=contracts)
    terms = load_terms(actor, list(wanted.values_list("code", flat=True)))
    return [move for contract in terms.contracts for move in documents.opening_moves(contract)]


def standing_voids(actor: Actor) -> QuerySet[models.DocumentVoid]:
    """The voids that were not taken back; a document has one of them at most."""
    taken_back = rows_of(actor, models.DocumentReopening).values("void_id")
    return rows_of(actor, models.DocumentVoid).exclude(id__in=taken_back)


def _documents(actor: Actor, contracts: Codes, voids: QuerySet[models.DocumentVoid]) -> Iterable[_Numbered]:
    """Less what was taken back in the month that booked it."""
    gone = voids.filter(booked_on=F("document__booked_on")).values("document_id")
    rows = of_contracts(rows_of(actor, models.Document), contracts).exclude(id__in=gone).order_by("number", "id")
    found = rows.values_list(*_Document._fields)
    return ((document.number, _filed(document)) for document in map(_Document._make, found))


def _filed(document: _Document) -> Documents:
    booking = Booking(booked_on=document.booked_on, on=document.on, number=document.number)
    contract_id, amount_minor, service_on = document.contract__code, document.amount_minor, document.service_on
    match document.kind, document.against:
        case "payment", _:
            return documents.payment(amount_minor, contract_id=contract_id, booking=booking)
        case "invoice", _:
            return documents.invoice(_named(document), amount_minor, contract_id=contract_id, booking=booking)
        case _, "adjustment":
            return Documents()  # booked with the adjustment
        case _, "revenue":
            return documents.credit_of_revenue(
                amount_minor, contract_id=contract_id, booking=booking, service_on=service_on
            )
        case _:
            source = _source(document)
            return documents.credit_of_liability(
                source, amount_minor, contract_id=contract_id, booking=booking, service_on=service_on
            )


def _source(document: _Document) -> Source:
    return _named(document) or documents.usage_of(document.contract__code)


def _named(document: _Document) -> Source | None:
    for kind, code in (
        ("prepaid_commit", document.prepaid_commit__code),
        ("subscription", document.subscription__code),
        ("milestone", document.milestone__code),
    ):
        if code is not None:
            return Source(kind, code)
    return documents.usage_of(document.contract__code) if document.is_of_usage else None


def _voids(actor: Actor, contracts: Codes, voids: QuerySet[models.DocumentVoid]) -> Iterable[_Numbered]:
    """What is posted of documents that were taken back later; before that, what they move in their open month."""
    rows = of_contracts(voids, contracts, "document__contract").exclude(booked_on=F("document__booked_on"))
    columns = ("document__number", "document__contract__code", "on", "booked_on", "number")
    found = list(rows.order_by("number").values_list(*columns))
    lines = posted_lines_of_documents(actor, [of for of, *_ in found]) if found else {}
    drafted = _filed_of(actor, [of for of, *_ in found if of not in lines])
    for of, contract_id, on, booked_on, number in found:
        booking = Booking(booked_on=booked_on, on=on, number=number)
        if of in drafted:
            yield number, documents.voided_before_posting(drafted[of], contract_id=contract_id, booking=booking)
        else:
            yield number, documents.voided(lines.get(of, ()), contract_id=contract_id, booking=booking)


def _filed_of(actor: Actor, numbers: Sequence[int]) -> dict[int, Documents]:
    """What documents of open months move, by the number of the fact."""
    if not numbers:
        return {}
    open_on = first_open_month(actor)
    rows = rows_of(actor, models.Document).filter(number__in=numbers)
    if open_on is not None:
        rows = rows.filter(booked_on__gte=open_on)
    return {each.number: _filed(each) for each in map(_Document._make, rows.values_list(*_Document._fields))}


def _terminations(actor: Actor, contracts: Codes) -> Iterable[_Numbered]:
    rows = of_contracts(rows_of(actor, models.Termination), contracts).order_by("number", "id")
    columns = ("contract__code", "refund_minor", "booked_on", "released_on", "number")
    for code, refund_minor, booked_on, released_on, number in rows.values_list(*columns):
        booking = Booking(booked_on=booked_on, on=released_on, number=number)
        yield number, documents.termination(refund_minor, contract_id=code, booking=booking)


def _reversals(actor: Actor, contracts: Codes) -> Iterable[_Numbered]:
    """What is posted under the id of an entry, taken back; nothing, once its month no longer posts it."""
    rows = of_contracts(rows_of(actor, models.JournalReversal), contracts).order_by("number", "id")
    found = list(rows.values_list("entry_code", "contract__code", "on", "booked_on", "number"))
    lines = posted_lines(actor, [code for code, *_ in found]) if found else {}
    for code, contract_id, on, booked_on, number in found:
        booking = Booking(booked_on=booked_on, on=on, number=number)
        yield number, documents.reversal(lines.get(code, ()), contract_id=contract_id, booking=booking)
