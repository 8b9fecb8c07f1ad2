"""What can be done to a credit memo: taken back, opened again, paid out; and its uses, taken back."""

from __future__ import annotations

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.schemas.credit_memos import (
    AccountingCreditMemoPaymentSerializer,
    AccountingCreditMemoSerializer,
    MarkCreditMemoUsedSerializer,
    VoidCreditMemoRequestSerializer,
)
from ratable_server.api.campfire.schemas.invoice_payments import VoidPaymentSerializer
from ratable_server.api.campfire.translate.invoice_payments import from_use
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.credit_memos import credit_memo_of, told
from ratable_server.api.campfire.views.documented import deletes, posts
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.paper_voids import reopen_paper, void_paper
from ratable_server.operations.settlements import Money, delete_settlement, pay_credit_memo_out, void_settlement
from ratable_server.queries.settlements import Settlement


class CreditMemoVoid(CampfireView):
    """A credit memo is taken back."""

    @posts(VoidCreditMemoRequestSerializer, AccountingCreditMemoSerializer, status=200)
    def post(self, _request: Request, credit_memo_id: int) -> Response:
        """Take a credit memo that was not used back on a day."""
        credit_memo_of(self.actor, credit_memo_id)
        on = self.read(VoidCreditMemoRequestSerializer)["void_date"]
        void_paper(actor=self.actor, kind="credit_memo", id=credit_memo_id, on=on, at=now_at())
        return Response(told(self.actor, [credit_memo_of(self.actor, credit_memo_id)])[0])


class CreditMemoReopening(CampfireView):
    """A void is taken back."""

    @posts(None, AccountingCreditMemoSerializer, status=200)
    def post(self, _request: Request, credit_memo_id: int) -> Response:
        """Let a credit memo stand again, as long as its void is in an open month."""
        credit_memo_of(self.actor, credit_memo_id)
        reopen_paper(actor=self.actor, kind="credit_memo", id=credit_memo_id, at=now_at())
        return Response(told(self.actor, [credit_memo_of(self.actor, credit_memo_id)])[0])


class CreditMemoUse(CampfireView):
    """A credit memo is paid out."""

    @posts(MarkCreditMemoUsedSerializer, AccountingCreditMemoSerializer, status=200)
    def post(self, _request: Request, credit_memo_id: int) -> Response:
        """Pay a credit memo or a part of it out; the transaction that does it is kept by its id."""
        credit_memo_of(self.actor, credit_memo_id)
        fields = self.read(MarkCreditMemoUsedSerializer)
        money = Money(amount=fields["amount"], on=fields["payment_date"])
        further = taken(fields, {}, ("amount", "payment_date"))
        pay_credit_memo_out(actor=self.actor, credit_memo=credit_memo_id, money=money, further=further, at=now_at())
        return Response(told(self.actor, [credit_memo_of(self.actor, credit_memo_id)])[0])


class CreditMemoPaymentVoid(CampfireView):
    """A use of a credit memo is taken back."""

    @posts(VoidPaymentSerializer, AccountingCreditMemoPaymentSerializer, status=200)
    def post(self, _request: Request, credit_memo_id: int, payment_id: int) -> Response:
        """Take a use of a credit memo back on a day: today, unless another one is told."""
        self._use(credit_memo_id, payment_id)
        on = self.read(VoidPaymentSerializer).get("void_date") or now_at().date()
        void_settlement(actor=self.actor, id=payment_id, on=on, at=now_at())
        use = self._use(credit_memo_id, payment_id)
        ours = from_use(use, tenant=self.actor.tenant_id)
        return Response(AccountingCreditMemoPaymentSerializer.answer(ours, use.further))

    @deletes()
    def delete(self, _request: Request, credit_memo_id: int, payment_id: int) -> Response:
        """Take a use of a credit memo in an open month away, as if it had never been."""
        self._use(credit_memo_id, payment_id)
        delete_settlement(actor=self.actor, id=payment_id, at=now_at())
        return Response(status=204)

    def _use(self, credit_memo_id: int, payment_id: int) -> Settlement:
        for use in credit_memo_of(self.actor, credit_memo_id).settlements:
            if use.id == payment_id:
                return use
        raise NotFound
