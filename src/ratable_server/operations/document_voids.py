"""Documents taken back: a void is a fact of its own day, and what was posted stays readable.

In the month that booked the document, neither is posted. Later, the close of the month of the void posts every line of
the document with its sides swapped, and where the position of the source has moved on, against what it has come to.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from ratable.facts import rules
from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.booking import numbered
from ratable_server.operations.closed_months import first_day_open, refuse_closed
from ratable_server.operations.documents import refuses_credit, take_from_pool
from ratable_server.operations.matters import Matter, fact_columns, matter_of
from ratable_server.operations.paper_rows import follow
from ratable_server.operations.soundness import refuse_unfit_text
from ratable_server.operations.told import Filed, told
from ratable_server.operations.writing import changes_by, refuse
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.documents import standing_voids
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@retried
def void_document(*, actor: Actor, kind: str, code: str, on: date, reason: str = "", at: datetime) -> Filed:
    """Take an invoice, a payment or a credit memo back, on a day; of a closed month, in the first open one.

    What a credit memo took from a pool comes back to it.

    Refuses:
        document_must_be_known, document_must_stand, dates_must_ascend (the day is before the document's),
        credit_memo_must_go_with_its_cause (an adjustment has made it; another adjustment takes that back),
        prepaid_commit_must_not_have_ended, contract_must_not_be_terminated (a pool that nothing can come back to)
    """
    refuse_unfit_text("reason", reason)
    with changes_by(actor):
        document = _document(actor, kind, code)
        matter = matter_of(actor, document.contract.code, on=on, holds_commits=_is_of_pool(document))
        if standing_voids(actor).filter(document_id=document.id).exists():
            raise Refused("document_must_stand", field=kind, detail=code)
        if document.against == "adjustment":
            told = f"{code} is of an adjustment: an opposite adjustment of a later day takes back what it credits"
            raise Refused("credit_memo_must_go_with_its_cause", field=kind, detail=told)
        if matter.booking.on < document.on:
            raise Refused("dates_must_ascend", field="on", detail=f"{code} is of {document.on}")
        return _void(actor, matter, document, reason=reason, at=at)


@retried
def reopen_document(*, actor: Actor, kind: str, code: str, at: datetime) -> None:
    """Let a document stand again whose void is not posted yet. Once it is, another document takes its place.

    Refuses:
        document_must_be_known, document_must_be_void, period_must_be_open, credit_must_not_exceed_prepaid_commit
    """
    with changes_by(actor):
        document = _document(actor, kind, code)
        void = standing_voids(actor).filter(document_id=document.id).first()
        if void is None:
            raise Refused("document_must_be_void", field=kind, detail=code)
        matter = matter_of(actor, document.contract.code, on=void.on, holds_commits=_is_of_pool(document))
        refuse_closed(void.booked_on, first_day_open(actor), field=kind)
        amount = to_major(document.amount_minor, document.contract.currency)
        if _is_of_pool(document):
            refuse(refuses_credit(actor, matter, commit=_commit(document), amount=amount), field="amount")
        booking = numbered(actor, matter.booking)
        facts = fact_columns(actor, booking.number, at=at)
        models.DocumentReopening(**facts, void_id=void.id, booked_on=void.booked_on).save(force_insert=True)
        if _is_of_pool(document):
            filed = Filed(code=code, number=booking.number, booked_on=booking.booked_on, on=booking.on)
            take_from_pool(actor, matter, _commit(document), filed=filed, amount=amount, at=at)
        follow(actor, document, at=at)
        record_change(actor, Change("reopen_document", "document", code, after={"kind": kind}), at=at)


def _document(actor: Actor, kind: str, code: str) -> models.Document:
    rows = rows_of(actor, models.Document).select_related("contract", "prepaid_commit").filter(kind=kind, code=code)
    row = rows.first()
    if row is None:
        raise Refused("document_must_be_known", field=kind, detail=code)
    return row


def _is_of_pool(document: models.Document) -> bool:
    return document.kind == "credit_memo" and document.prepaid_commit_id is not None


def _commit(document: models.Document) -> str:
    return str(document.prepaid_commit.code)


def _void(actor: Actor, matter: Matter, document: models.Document, *, reason: str, at: datetime) -> Filed:
    amount = to_major(document.amount_minor, document.contract.currency)
    if _is_of_pool(document):
        refuse(_refuses_return(matter, document, amount), field=document.kind, detail=document.code)
    booking = numbered(actor, matter.booking)
    models.DocumentVoid(
        **fact_columns(actor, booking.number, at=at),
        document_id=document.id,
        reason=reason,
        on=booking.on,
        booked_on=booking.booked_on,
    ).save(force_insert=True)
    filed = Filed(code=document.code, number=booking.number, booked_on=booking.booked_on, on=booking.on)
    if _is_of_pool(document):
        take_from_pool(actor, matter, _commit(document), filed=filed, amount=-amount, at=at)
    follow(actor, document, at=at)
    after = {"kind": document.kind, "reason": reason, **told(filed)}
    record_change(actor, Change("void_document", "document", document.code, after=after), at=at)
    return filed


def _refuses_return(matter: Matter, document: models.Document, amount: Decimal) -> str | None:
    """What comes back to a pool is like a top-up of it."""
    return rules.refuses_top_up(
        matter.contract,
        _commit(document),
        amount,
        booking=matter.booking,
        terminated_on=matter.terminated_on,
    )
