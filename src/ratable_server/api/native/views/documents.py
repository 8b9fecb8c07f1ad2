"""`/api/v1/invoices`, `…/payments`, `…/credit-memos`: documents are filed, and listed as they are filed."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.native.schemas.acts import (
    CreditMemoSerializer,
    DocumentsAsked,
    DocumentSerializer,
    FiledSerializer,
    InvoiceSerializer,
    PaymentSerializer,
)
from ratable_server.api.native.translate import acts as translate
from ratable_server.api.native.views.asking import page
from ratable_server.api.native.views.documented import gives, page_of, posts
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.clock import now_at
from ratable_server.operations.documents import file_credit_memo, file_invoice, file_payment
from ratable_server.queries.documents import DocumentKind, documents
from ratable_server.queries.documents import DocumentsAsked as Wanted

_TARGETS = ("prepaid_commit", "subscription", "milestone", "of_usage")


class DocumentsView(NativeView):
    """Documents of one kind."""

    def listed(self, kind: DocumentKind) -> Response:
        """Those of one kind, by pages, in the order in which the books learned them."""
        contract = self.asked.get("contract")
        wanted = Wanted(kinds=[kind], contracts=None if contract is None else [contract])
        return page(self, wanted, lambda asked: documents(actor=self.actor, asked=asked), told=translate.from_document)


class Invoices(DocumentsView):
    """Invoices."""

    @gives(page_of(DocumentSerializer), asks=DocumentsAsked, operation_id="list_invoices")
    def get(self, _request: Request) -> Response:
        """Invoices, in the order in which the books learned them."""
        return self.listed("invoice")

    @posts(InvoiceSerializer, FiledSerializer, operation_id="file_invoice")
    def post(self, _request: Request) -> Response:
        """File an invoice; one of a closed month is booked in the open one."""
        fields = self.read(InvoiceSerializer)
        _refuse_more_than_one(fields)
        invoice, at = translate.to_invoice(fields), now_at()
        filed = file_invoice(actor=self.actor, invoice=invoice, on=fields.get("on", at.date()), at=at)
        return answer(translate.from_filed(filed), status=201)


class Payments(DocumentsView):
    """Payments."""

    @gives(page_of(DocumentSerializer), asks=DocumentsAsked, operation_id="list_payments")
    def get(self, _request: Request) -> Response:
        """Payments, in the order in which the books learned them."""
        return self.listed("payment")

    @posts(PaymentSerializer, FiledSerializer, operation_id="file_payment")
    def post(self, _request: Request) -> Response:
        """File a payment: cash for what was invoiced."""
        fields, at = self.read(PaymentSerializer), now_at()
        payment = translate.to_payment(fields)
        filed = file_payment(actor=self.actor, payment=payment, on=fields.get("on", at.date()), at=at)
        return answer(translate.from_filed(filed), status=201)


class CreditMemos(DocumentsView):
    """Credit memos."""

    names = MappingProxyType({"credit_must_not_exceed_prepaid_commit": "amount"})

    @gives(page_of(DocumentSerializer), asks=DocumentsAsked, operation_id="list_credit_memos")
    def get(self, _request: Request) -> Response:
        """Credit memos, in the order in which the books learned them."""
        return self.listed("credit_memo")

    @posts(CreditMemoSerializer, FiledSerializer, operation_id="file_credit_memo")
    def post(self, _request: Request) -> Response:
        """File a credit memo: it takes revenue back, or what is left of a prepaid commit."""
        fields, at = self.read(CreditMemoSerializer), now_at()
        memo = translate.to_credit_memo(fields)
        filed = file_credit_memo(actor=self.actor, memo=memo, on=fields.get("on", at.date()), at=at)
        return answer(translate.from_filed(filed), status=201)


def _refuse_more_than_one(fields: dict[str, Any]) -> None:
    named = [name for name in _TARGETS if fields.get(name)]
    if len(named) > 1:
        raise ValidationError(
            {named[1]: [ErrorDetail(f"An invoice has one target; {named[0]} is one.", code="invalid")]}
        )
