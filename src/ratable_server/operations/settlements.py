"""What settles invoices: money, a credit memo, or both; and money that pays a credit memo out.

The books have money as payments of the contract. They keep no tax: of an invoice with tax a payment is the share of
what is billed without it, and the last one makes the shares whole. A credit memo that is used moves nothing: it took
from the receivable when it was issued.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import QuerySet, Sum

from ratable.money import to_major, to_minor
from ratable.terms_rules import fits_currency
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.booking import take_months
from ratable_server.operations.closed_months import first_day_open, refuse_closed
from ratable_server.operations.document_voids import void_document
from ratable_server.operations.documents import Payment, Refund, payment_in
from ratable_server.operations.kept import NOTHING, Further
from ratable_server.operations.matters import matter_of
from ratable_server.operations.overpayments import credit_overpayment, overpaid_minor, take_overpayment_back
from ratable_server.operations.paper_rows import hold_contracts, lines_of, settlements_of, sum_up
from ratable_server.operations.papers import held
from ratable_server.operations.register_links import things_in
from ratable_server.operations.soundness import refuse_unfit, refuse_unfit_further
from ratable_server.operations.writing import changes_by
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """What was paid; `external_id` is its id in another system, where it stands once."""

    amount: Decimal
    on: date
    external_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What is used of a credit memo, by its row."""

    credit_memo: int
    amount: Decimal
    on: date


@retried
def settle_invoice(
    *,
    actor: Actor,
    invoice: int,
    parts: Sequence[Money | Credit],
    furthers: Sequence[Further] = (),
    at: datetime,
) -> list[int]:
    """Settle an invoice or a part of it; give the rows of what settles it, in the order of `parts`.

    What is paid above what is due becomes a credit memo of the customer.

    Refuses:
        document_must_be_known, document_must_stand (void, or a draft), amount_must_be_positive,
        amount_must_fit_currency, settlement_must_not_exceed_document (what is due, or what is left of a credit memo),
        credit_memo_must_be_of_the_customer, dates_must_ascend (the day is before that of a credit memo),
        period_must_be_open, code_must_be_unused
    """
    with changes_by(actor, names=things_in(*furthers)):
        for part in parts:
            refuse_unfit(part)
        take_months(actor, (part.on for part in parts if isinstance(part, Money)))
        memos = [part.credit_memo for part in parts if isinstance(part, Credit)]
        hold_contracts(actor, [("invoice", invoice), *(("credit_memo", memo) for memo in memos)])
        settled = []
        for place, part in enumerate(parts):
            paper = _standing(actor, "invoice", invoice)
            further = furthers[place] if furthers else NOTHING
            row = _settle(actor, paper, part, further=further, at=at)
            settled.append(row.id)
        return settled


@retried
def pay_credit_memo_out(
    *, actor: Actor, credit_memo: int, money: Money, further: Further = NOTHING, at: datetime
) -> int:
    """Pay a credit memo or a part of it out; give the row of what settles it.

    Refuses:
        those of `settle_invoice`
    """
    refuse_unfit(money)
    with changes_by(actor, names=things_in(further)):
        take_months(actor, [money.on])
        hold_contracts(actor, [("credit_memo", credit_memo)])
        paper = _standing(actor, "credit_memo", credit_memo)
        amount_minor = _amount(actor, paper, money)
        refund = Refund(contract=paper.contract.code, amount=_untaxed(actor, paper, amount_minor))
        document = _document(actor, refund, on=money.on, at=at)
        row = models.Settlement(credit_memo=paper, document=document, amount_minor=amount_minor)
        _write(actor, row, money, further=further, at=at)
        sum_up(actor, paper, at=at)
        return row.id


@retried
def void_settlement(*, actor: Actor, id: int, on: date, at: datetime) -> None:
    """Take what settles an invoice or a credit memo back, on a day of an open month.

    Refuses:
        document_must_be_known, document_must_stand, dates_must_ascend, period_must_be_open
    """
    with changes_by(actor):
        take_months(actor, [on])
        row = _held(actor, id)
        if on < row.on:
            raise Refused("dates_must_ascend", field="void_date", detail=f"it is of {row.on}")
        refuse_closed(on, first_day_open(actor), field="void_date")
        _void_document(actor, row, on=on, at=at)
        row = _held(actor, id, stands=False)
        take_overpayment_back(actor, row, voided_on=on, at=at)
        row.voided_on = on
        _keep(actor, row, "void_settlement", at=at)


@retried
def delete_settlement(*, actor: Actor, id: int, at: datetime) -> None:
    """Take what settles something out of an open month, as if it had never been.

    Refuses:
        document_must_be_known, period_must_be_open
    """
    with changes_by(actor):
        row = _held(actor, id, stands=False)
        refuse_closed(row.on, first_day_open(actor), field="payment")
        if row.voided_on is None:
            _void_document(actor, row, on=row.on, at=at)
        row = _held(actor, id, stands=False)
        take_overpayment_back(actor, row, at=at)
        row.deleted_at = at
        _keep(actor, row, "delete_settlement", at=at)


def _standing(actor: Actor, kind: str, id: int) -> models.Paper:
    paper = held(actor, kind, id)
    if paper.voided_on is not None or paper.stage == "draft":
        what = "a draft" if paper.voided_on is None else "void"
        raise Refused("document_must_stand", field=kind, detail=f"{paper.code} is {what}")
    return paper


def _settle(
    actor: Actor, paper: models.Paper, part: Money | Credit, *, further: Further, at: datetime
) -> models.Settlement:
    if isinstance(part, Money):
        return _pay(actor, paper, part, further=further, at=at)
    amount_minor = _amount(actor, paper, part)
    memo = _standing(actor, "credit_memo", part.credit_memo)
    if memo.contract.customer_id != paper.contract.customer_id or memo.contract.currency != paper.contract.currency:
        raise Refused("credit_memo_must_be_of_the_customer", field="credit_memos", detail=memo.code)
    if part.on < memo.on:
        raise Refused("dates_must_ascend", field="credit_memos", detail=f"{memo.code} is of {memo.on}")
    _amount(actor, memo, part)
    row = models.Settlement(invoice=paper, credit_memo=memo, amount_minor=amount_minor)
    _write(actor, row, part, further=further, at=at)
    for each in (memo, paper):
        sum_up(actor, each, at=at)
    return row


def _pay(actor: Actor, paper: models.Paper, money: Money, *, further: Further, at: datetime) -> models.Settlement:
    """Money settles what is due; what is above it is credited."""
    due_minor = paper.total_minor - paper.settled_minor
    amount_minor = _amount(actor, paper, money, is_limited=not due_minor)
    settled_minor = min(amount_minor, due_minor)
    above_minor = amount_minor - settled_minor
    untaxed = _untaxed(actor, paper, settled_minor) + to_major(above_minor, paper.contract.currency)
    document = _document(actor, Payment(contract=paper.contract.code, amount=untaxed), on=money.on, at=at)
    row = models.Settlement(invoice=paper, document=document, amount_minor=settled_minor)
    _write(actor, row, money, further=further, at=at)
    sum_up(actor, paper, at=at)
    if above_minor:
        credit_overpayment(actor, row, paper, amount_minor=above_minor, at=at)
    return row


def _amount(actor: Actor, paper: models.Paper, part: Money | Credit, *, is_limited: bool = True) -> int:
    """The amount of a settlement, if it can be one of this paper."""
    refuse_closed(part.on, first_day_open(actor), field="payment_date")
    if part.amount <= 0:
        raise Refused("amount_must_be_positive", field="amount")
    currency = paper.contract.currency
    if not fits_currency(part.amount, currency):
        raise Refused("amount_must_fit_currency", field="amount")
    amount_minor = to_minor(part.amount, currency)
    if is_limited and paper.settled_minor + amount_minor > paper.total_minor:
        left = to_major(paper.total_minor - paper.settled_minor, currency)
        raise Refused("settlement_must_not_exceed_document", field="amount", detail=f"{left} are left of {paper.code}")
    return amount_minor


def _untaxed(actor: Actor, paper: models.Paper, amount_minor: int) -> Decimal:
    """The share of a payment that is not tax: what payments come to with it, less what the books have of those before.

    So the shares sum to what is billed without tax, also where payments are taken back and made again.
    """
    lines = lines_of(actor, paper).order_by().aggregate(amount=Sum("amount_minor"))
    paid = _money_of(actor, paper).aggregate(paid=Sum("amount_minor"), told=Sum("document__amount_minor"))
    whole_minor = int(lines["amount"] or 0) * (int(paid["paid"] or 0) + amount_minor) // paper.total_minor
    told_minor = abs(int(paid["told"] or 0)) - _paid_above(actor, paper)
    return to_major(max(0, whole_minor - told_minor), paper.contract.currency)


def _money_of(actor: Actor, paper: models.Paper) -> QuerySet[models.Settlement]:
    """The payments of an invoice, or out of a credit memo, that stand: not where one settles the other."""
    other = "credit_memo" if paper.kind == "invoice" else "invoice"
    return settlements_of(actor, paper).filter(**{other: None})


def _paid_above(actor: Actor, paper: models.Paper) -> int:
    """What payments of an invoice have brought above what was due, in minor units: it is in their documents."""
    ids = list(_money_of(actor, paper).values_list("id", flat=True)) if paper.kind == "invoice" else []
    return overpaid_minor(actor, ids)


def _document(actor: Actor, payment: Payment | Refund, *, on: date, at: datetime) -> models.Document | None:
    """The payment as the books have it; None: all of it is tax."""
    if not payment.amount:
        return None
    return payment_in(actor, matter_of(actor, payment.contract, on=on), payment, at=at)


def _write(actor: Actor, row: models.Settlement, part: Money | Credit, *, further: Further, at: datetime) -> None:
    refuse_unfit_further(further)
    paper = row.invoice or row.credit_memo
    row.tenant_id, row.on, row.further = actor.tenant_id, part.on, dict(further)
    row.external_id = part.external_id if isinstance(part, Money) else ""
    row.created_at = row.modified_at = at
    row.save(force_insert=True)
    record_change(actor, Change("settle", paper.kind, paper.code, after=_told(row)), at=at)


def _told(row: models.Settlement) -> dict[str, object]:
    return {
        "settlement": row.id,
        "credit_memo": row.credit_memo.code if row.credit_memo else None,
        "amount_minor": row.amount_minor,
        "on": row.on,
    }


def _held(actor: Actor, id: int, *, stands: bool = True) -> models.Settlement:
    """A settlement with its papers, which nobody else acts on meanwhile."""
    rows = rows_of(actor, models.Settlement).select_related("invoice", "credit_memo", "document").filter(id=id)
    row = rows.first()
    if row is None:
        raise Refused("document_must_be_known", field="payment", detail=str(id))
    hold_contracts(actor, [(paper.kind, paper.id) for paper in _papers(row)])
    row = rows.get()
    if stands and row.voided_on is not None:
        raise Refused("document_must_stand", field="payment", detail=str(id))
    return row


def _papers(row: models.Settlement) -> list[models.Paper]:
    return [paper for paper in (row.invoice, row.credit_memo) if paper is not None]


def _void_document(actor: Actor, row: models.Settlement, *, on: date, at: datetime) -> None:
    if row.document is not None:
        void_document(actor=actor, kind="payment", code=row.document.code, on=on, at=at)


def _keep(actor: Actor, row: models.Settlement, action: str, *, at: datetime) -> None:
    row.modified_at = at
    row.save()
    for paper in _papers(row):
        sum_up(actor, paper, at=at)
        record_change(actor, Change(action, paper.kind, paper.code, before=_told(row)), at=at)
