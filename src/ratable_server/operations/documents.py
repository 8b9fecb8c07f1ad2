"""Invoices, payments and credit memos: what revenue needs of them. Filed once, never changed.

An invoice or a credit memo that is filed by itself is a paper of one line (`operations.papers`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from ratable.facts import rules
from ratable.facts.amendments import commit_of
from ratable.facts.documents import Target
from ratable.money import to_minor
from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.operations.balances import left_of_commit
from ratable_server.operations.booking import numbered
from ratable_server.operations.kept import NOTHING, Further
from ratable_server.operations.matters import Matter, commit_row, fact_columns, matter_of, target_rows
from ratable_server.operations.paper_rows import add_paper_of
from ratable_server.operations.register_links import things_in
from ratable_server.operations.soundness import refuse_unfit, refuse_unfit_further
from ratable_server.operations.told import Filed, told, told_beside
from ratable_server.operations.writing import changes_by, refuse
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.retrying import retried


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    """What was billed, without tax: of a prepaid commit, a subscription or a milestone, or of the contract's usage.

    One that names none of these is of what is unbilled, the oldest first.
    """

    contract: str
    amount: Decimal
    prepaid_commit: str | None = None
    subscription: str | None = None
    milestone: str | None = None
    is_of_usage: bool = False
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """What was paid."""

    contract: str
    amount: Decimal
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    """What was paid back."""

    contract: str
    amount: Decimal
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditMemo:
    """What is taken back: from revenue, of a service month if it names one, or from a liability.

    One against an adjustment tells the customer what that has booked already.
    """

    contract: str
    amount: Decimal
    against: Literal["revenue", "liability", "adjustment"] = "revenue"
    prepaid_commit: str | None = None
    subscription: str | None = None
    milestone: str | None = None
    period: date | None = None
    code: str | None = None


@retried
def file_invoice(*, actor: Actor, invoice: Invoice, on: date, further: Further = NOTHING, at: datetime) -> Filed:
    """File an invoice of a day; of a closed month it is booked in the first open one.

    Refuses:
        contract_must_be_known, amount_must_be_positive, amount_must_fit_currency, prepaid_commit_must_be_known,
        item_must_be_known, code_must_be_unused
    """
    refuse_unfit(invoice)
    refuse_unfit_further(further)
    with changes_by(actor, names=things_in(further)):
        matter = matter_of(actor, invoice.contract, on=on)
        document = invoice_in(actor, matter, invoice, further=further, at=at)
        add_paper_of(document, at=at)
        return filed_of(document)


@retried
def file_payment(*, actor: Actor, payment: Payment, on: date, further: Further = NOTHING, at: datetime) -> Filed:
    """File a payment of a day: cash for a receivable.

    Refuses:
        contract_must_be_known, amount_must_be_positive, amount_must_fit_currency, code_must_be_unused
    """
    refuse_unfit(payment)
    refuse_unfit_further(further)
    with changes_by(actor, names=things_in(further)):
        matter = matter_of(actor, payment.contract, on=on)
        return filed_of(payment_in(actor, matter, payment, further=further, at=at))


@retried
def file_credit_memo(*, actor: Actor, memo: CreditMemo, on: date, further: Further = NOTHING, at: datetime) -> Filed:
    """File a credit memo of a day. Against the liability of a prepaid commit it takes from the pool what is left there.

    Refuses:
        contract_must_be_known, amount_must_be_positive, amount_must_fit_currency, prepaid_commit_must_be_known,
        credit_must_not_exceed_prepaid_commit, code_must_be_unused
    """
    refuse_unfit(memo)
    refuse_unfit_further(further)
    with changes_by(actor, names=things_in(further)):
        matter = matter_of(actor, memo.contract, on=on, holds_commits=takes_from_commit(memo))
        document = credit_memo_in(actor, matter, memo, further=further, at=at)
        add_paper_of(document, at=at)
        return filed_of(document)


def takes_from_commit(memo: CreditMemo) -> bool:
    """Does it take from a pool?"""
    return memo.against == "liability" and memo.prepaid_commit is not None


def invoice_in(
    actor: Actor, matter: Matter, invoice: Invoice, *, further: Further = NOTHING, at: datetime
) -> models.Document:
    """The same in a transaction that is open, without a paper."""
    target = Target(invoice.prepaid_commit, invoice.subscription, invoice.milestone, invoice.is_of_usage)
    refuse(rules.refuses_invoice(matter.contract, invoice.amount, target), field="invoice")
    return _file(actor, matter, invoice, target=target, further=further, at=at)


def payment_in(
    actor: Actor, matter: Matter, payment: Payment | Refund, *, further: Further = NOTHING, at: datetime
) -> models.Document:
    """The same in a transaction that is open; a refund is a payment below nothing."""
    refuse(rules.refuses_document(matter.contract, payment.amount), field="payment")
    return _file(actor, matter, payment, target=Target(), further=further, at=at)


def credit_memo_in(
    actor: Actor, matter: Matter, memo: CreditMemo, *, further: Further = NOTHING, at: datetime
) -> models.Document:
    """The same in a transaction that is open, without a paper; it holds the prepaid commits if one is taken from."""
    target = Target(memo.prepaid_commit, memo.subscription, memo.milestone)
    code = rules.refuses_credit_memo(matter.contract, memo.amount, against=memo.against, target=target)
    refuse(code, field="credit_memo")
    kept = Target() if memo.against == "revenue" else target
    if not takes_from_commit(memo):
        return _file(actor, matter, memo, target=kept, further=further, at=at)
    commit = memo.prepaid_commit or ""
    refuse(refuses_credit(actor, matter, commit=commit, amount=memo.amount), field="amount")
    document = _file(actor, matter, memo, target=kept, further=further, at=at)
    take_from_pool(actor, matter, commit, filed=filed_of(document), amount=memo.amount, at=at)
    return document


def filed_of(document: models.Document) -> Filed:
    """How a document is filed."""
    return Filed(code=document.code, number=document.number, booked_on=document.booked_on, on=document.on)


def refuses_credit(actor: Actor, matter: Matter, *, commit: str, amount: Decimal) -> str | None:
    """The rule that a credit memo on a pool breaks, if it breaks one."""
    return rules.refuses_credit_of_commit(
        matter.of,
        commit_of(matter.of, commit),
        amount,
        left=left_of_commit(actor, matter.of, commit, through=matter.booking.booked_on),
        booking=matter.booking,
        terminated_on=matter.terminated_on,
    )


_KINDS = {Invoice: "invoice", Payment: "payment", Refund: "payment", CreditMemo: "credit_memo"}


def _file(
    actor: Actor,
    matter: Matter,
    document: Invoice | Payment | Refund | CreditMemo,
    *,
    target: Target,
    further: Further,
    at: datetime,
) -> models.Document:
    """Write a document that no rule refuses; without a code of its own its number is its code."""
    booking = numbered(actor, matter.booking)
    kind, memo = _KINDS[type(document)], document if isinstance(document, CreditMemo) else None
    amount_minor = to_minor(document.amount, matter.of.currency)
    row = models.Document(
        **fact_columns(actor, booking.number, at=at),
        **target_rows(actor, matter, target),
        code=document.code or f"#{booking.number}",
        kind=kind,
        contract_id=matter.row_id,
        is_of_usage=target.is_usage,
        amount_minor=-amount_minor if isinstance(document, Refund) else amount_minor,
        against=memo.against if memo else "",
        service_on=month_of(memo.period) if memo and memo.period else None,
        on=booking.on,
        booked_on=booking.booked_on,
        further=dict(further),
    )
    row.save(force_insert=True)
    action = "file_refund" if isinstance(document, Refund) else f"file_{kind}"
    after = {"kind": kind, **told_beside(document, further), **told(filed_of(row))}
    record_change(actor, Change(action, "document", row.code, after=after), at=at)
    return row


def take_from_pool(actor: Actor, matter: Matter, commit: str, *, filed: Filed, amount: Decimal, at: datetime) -> None:
    """A grant below zero, under the number of its memo."""
    models.TopUp(
        **fact_columns(actor, filed.number, at=at),
        commit_id=commit_row(actor, commit),
        amount_minor=-to_minor(amount, matter.of.currency),
        booked_on=filed.booked_on,
    ).save(force_insert=True)
