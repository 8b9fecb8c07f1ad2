"""Invoices and credit memos taken back as a whole, on a day, and standing again: every document of theirs with them."""

from __future__ import annotations

from contextlib import nullcontext
from datetime import date, datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.booking import take_months
from ratable_server.operations.closed_months import first_day_open, refuse_closed
from ratable_server.operations.document_voids import reopen_document, void_document
from ratable_server.operations.overpayments import refuse_overpayment
from ratable_server.operations.paper_rows import documents_of, hold_contracts
from ratable_server.operations.paper_told import Judging, PaperKind
from ratable_server.operations.papers import held
from ratable_server.operations.writing import changes_by
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.retrying import retried


@retried
def void_paper(
    *,
    actor: Actor,
    kind: PaperKind,
    id: int,
    on: date,
    reason: str = "",
    at: datetime,
    judging: Judging = nullcontext,
) -> None:
    """Take a paper back, on a day of an open month. What settles it is taken back before.

    Refuses:
        document_must_be_known, document_must_stand, document_must_not_be_settled, period_must_be_open,
        dates_must_ascend, and those of `void_document` and `judging`
    """
    with changes_by(actor):
        take_months(actor, [on])
        row = _held(actor, kind, id)
        if row.voided_on is not None:
            raise Refused("document_must_stand", field=kind, detail=row.code)
        if row.settled_minor:
            raise Refused("document_must_not_be_settled", field=kind, detail=row.code)
        if on < row.on:
            raise Refused("dates_must_ascend", field="void_date", detail=f"{row.code} is of {row.on}")
        refuse_closed(on, first_day_open(actor), field="void_date")
        with judging(row.contract.code):
            for document in documents_of(actor, row):
                void_document(actor=actor, kind=kind, code=document.code, on=on, reason=reason, at=at)
            _keep(actor, row, "void_paper", voided_on=on, at=at)


@retried
def reopen_paper(*, actor: Actor, kind: PaperKind, id: int, at: datetime) -> None:
    """Let a paper stand again whose void is not posted yet.

    Refuses:
        document_must_be_known, document_must_be_void, period_must_be_open, credit_must_not_exceed_prepaid_commit
    """
    with changes_by(actor):
        row = _held(actor, kind, id)
        if row.voided_on is None:
            raise Refused("document_must_be_void", field=kind, detail=row.code)
        refuse_closed(row.voided_on, first_day_open(actor), field=kind)
        for document in documents_of(actor, row):
            reopen_document(actor=actor, kind=kind, code=document.code, at=at)
        _keep(actor, row, "reopen_paper", voided_on=None, at=at)


def _held(actor: Actor, kind: PaperKind, id: int) -> models.Paper:
    """The contract first, as everybody who acts on it does; the months that are taken after it have their rows."""
    hold_contracts(actor, [(kind, id)])
    row = held(actor, kind, id)
    refuse_overpayment(row)
    return row


def _keep(actor: Actor, row: models.Paper, action: str, *, voided_on: date | None, at: datetime) -> None:
    row.voided_on, row.modified_at = voided_on, at
    row.save()
    record_change(actor, Change(action, row.kind, row.code, after={"voided_on": voided_on}), at=at)
