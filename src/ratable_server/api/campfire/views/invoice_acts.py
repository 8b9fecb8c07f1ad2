"""What can be done to an invoice: paid, taken back, opened again; and its payments, taken back."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.schemas.invoice_payments import (
    AccountingInvoicePaymentSerializer,
    MarkInvoicePaidResponseSerializer,
    MarkPaidSerializer,
    VoidPaymentSerializer,
)
from ratable_server.api.campfire.schemas.invoices import AccountingInvoiceSerializer, VoidInvoiceRequestSerializer
from ratable_server.api.campfire.translate.invoice_payments import from_payment
from ratable_server.api.campfire.views.documented import deletes, posts
from ratable_server.api.campfire.views.invoice_twice import TURN, refuse_billed_since
from ratable_server.api.campfire.views.invoices import invoice_of, told
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.paper_voids import reopen_paper, void_paper
from ratable_server.operations.settlements import (
    Credit,
    Money,
    delete_settlement,
    settle_invoice,
    void_settlement,
)
from ratable_server.queries.credited_overage import keeping_credits
from ratable_server.queries.papers import credited_above
from ratable_server.queries.settlements import Settlement

_NOT_KEPT = {
    "transactions": "Bank transactions are not kept here: tell the payment in empty_transactions.",
    "debit_memos": "Debit memos are not kept here.",
}


class InvoicePayment(CampfireView):
    """An invoice is paid."""

    own_fields = {"settlement": "external_id"}  # what an id of another system that is taken is told by

    @posts(MarkPaidSerializer, MarkInvoicePaidResponseSerializer, status=200)
    def post(self, _request: Request, invoice_id: int) -> Response:
        """Pay an invoice or a part of it, with money or with a credit memo of the same customer."""
        invoice = invoice_of(self.actor, invoice_id)
        parts = _parts(self.read(MarkPaidSerializer), currency=invoice.currency)
        ids = settle_invoice(
            actor=self.actor,
            invoice=invoice_id,
            parts=[part for part, _ in parts],
            furthers=[further for _, further in parts],
            at=now_at(),
        )
        made = [each for each in invoice_of(self.actor, invoice_id).settlements if each.id in ids]
        entries = [each.entry.id for each in made if each.entry is not None]
        answer: dict[str, Any] = {"journal_entry_ids": entries, "payment_ids": ids}
        above = credited_above(actor=self.actor, settlement_ids=ids)
        if above:
            answer["auto_created_credit_memos"] = [{"id": id, "credit_memo_number": code} for id, code in above]
        return Response(answer)


class InvoicePaymentVoid(CampfireView):
    """A payment is taken back."""

    @posts(VoidPaymentSerializer, AccountingInvoicePaymentSerializer, status=200)
    def post(self, _request: Request, invoice_id: int, payment_id: int) -> Response:
        """Take a payment back on a day: today, unless another one is told."""
        self._payment(invoice_id, payment_id)
        on = self.read(VoidPaymentSerializer).get("void_date") or now_at().date()
        void_settlement(actor=self.actor, id=payment_id, on=on, at=now_at())
        payment = self._payment(invoice_id, payment_id)
        ours = from_payment(payment, tenant=self.actor.tenant_id)
        return Response(AccountingInvoicePaymentSerializer.answer(ours, payment.further))

    @deletes()
    def delete(self, _request: Request, invoice_id: int, payment_id: int) -> Response:
        """Take a payment of an open month away, as if it had never been."""
        self._payment(invoice_id, payment_id)
        delete_settlement(actor=self.actor, id=payment_id, at=now_at())
        return Response(status=204)

    def _payment(self, invoice_id: int, payment_id: int) -> Settlement:
        for payment in invoice_of(self.actor, invoice_id).settlements:
            if payment.id == payment_id:
                return payment
        raise NotFound


class InvoiceVoid(CampfireView):
    """An invoice is taken back."""

    @posts(VoidInvoiceRequestSerializer, AccountingInvoiceSerializer, status=200)
    def post(self, _request: Request, invoice_id: int) -> Response:
        """Take an invoice without payments back on a day: today, unless another one is told."""
        invoice_of(self.actor, invoice_id)
        at = now_at()
        on = self.read(VoidInvoiceRequestSerializer).get("void_date") or at.date()
        judging = partial(keeping_credits, actor=self.actor, on=max(on, at.date()))
        void_paper(actor=self.actor, kind="invoice", id=invoice_id, on=on, at=at, judging=judging)
        return Response(told(self.actor, [invoice_of(self.actor, invoice_id)])[0])


class InvoiceReopening(CampfireView):
    """A void is taken back."""

    @posts(None, AccountingInvoiceSerializer, status=200)
    def post(self, _request: Request, invoice_id: int) -> Response:
        """Let an invoice stand again, as long as its void is in an open month and nothing else bills its revenue."""
        self.alone(TURN, 0, lambda: self._reopen(invoice_id))
        return Response(told(self.actor, [invoice_of(self.actor, invoice_id)])[0])

    def _reopen(self, invoice_id: int) -> None:
        row = invoice_of(self.actor, invoice_id)
        if row.voided_on is not None:
            refuse_billed_since(self.actor, row)
        reopen_paper(actor=self.actor, kind="invoice", id=invoice_id, at=now_at())


def _parts(fields: Mapping[str, Any], *, currency: str) -> list[tuple[Money | Credit, dict[str, Any]]]:
    """What pays, and what is kept beside each of it: credit memos first.

    Raises:
        ValidationError: nothing pays, or something that is not kept here.
    """
    for name, message in _NOT_KEPT.items():
        if fields.get(name):
            raise ValidationError({name: [message]})
    parts: list[tuple[Money | Credit, dict[str, Any]]] = [
        (Credit(credit_memo=each["credit_memo_id"], amount=each["amount"], on=each["posted_at"]), {})
        for each in fields.get("credit_memos") or ()
    ]
    for each in fields.get("empty_transactions") or ():
        _refuse_unkept(each, currency=currency)
        external_id = each.get("external_id") or ""
        further = {name: value for name, value in each.items() if name not in {"amount", "payment_date", "external_id"}}
        parts.append((Money(amount=each["amount"], on=each["payment_date"], external_id=external_id), further))
    if not parts:
        raise ValidationError({"empty_transactions": ["Something must pay: money, or a credit memo."]})
    return parts


def _refuse_unkept(money: Mapping[str, Any], *, currency: str) -> None:
    """Go on, unless something of a payment is what these books do not keep.

    Raises:
        ValidationError: it is in another currency, or something of it was withheld.
    """
    if (money.get("currency") or currency) != currency:
        raise ValidationError({"currency": [f"The invoice is in {currency}, and so is what pays it."]})
    if money.get("withholding_amount"):
        raise ValidationError({"withholding_amount": ["Withheld tax is not kept here: tell what was paid."]})
