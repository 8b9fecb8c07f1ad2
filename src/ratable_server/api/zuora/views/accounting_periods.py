"""`/v1/accounting-periods`: the months of the books, looked at, closed and opened again."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.zuora import problems
from ratable_server.api.zuora.paging import page_asked
from ratable_server.api.zuora.schemas.accounting_periods import (
    AccountingPeriodInDetailSerializer,
    AccountingPeriodsSerializer,
    DoneSerializer,
)
from ratable_server.api.zuora.translate import accounting_periods as translate
from ratable_server.api.zuora.views.documented import gives
from ratable_server.api.zuora.views.view import ReasonsView
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.audit import seal_audit
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.runs import discard_run, run_period
from ratable_server.queries.periods import PeriodState, periods, zone_of_books

_TAG = "Accounting periods"
_MOST_SIZE = 300
_PAGING = (
    OpenApiParameter("page", int, description="From 1."),
    OpenApiParameter("pageSize", int, description="300, and at most that."),
)


class AccountingPeriods(ReasonsView):
    """Every month that anything was booked in, and the one that is closed next; the earliest first."""

    operation_ids = {"GET": "GET_AllAccountingPeriods"}

    @gives(AccountingPeriodsSerializer, tag=_TAG, parameters=_PAGING)
    def get(self, request: Request) -> Response:
        """Read where each month stands."""
        page = page_asked(request, most=_MOST_SIZE)
        found, zone = periods(actor=self.actor), zone_of_books(actor=self.actor)
        ends = page.offset + page.size
        rows = [translate.from_period(each, zone) for each in found[page.offset : ends]]
        following = {"nextPage": page.next_address(request)} if len(found) > ends else {}
        return Response({"accountingPeriods": rows, **following, "success": True})


class AccountingPeriod(ReasonsView):
    """One month."""

    operation_ids = {"GET": "GET_AccountingPeriod"}

    @gives(AccountingPeriodInDetailSerializer, tag=_TAG)
    def get(self, _request: Request, period_id: str) -> Response:
        """Read where a month stands."""
        period = _period(self.actor, period_id)
        return Response({**translate.from_period(period, zone_of_books(actor=self.actor)), "success": True})


class Closing(ReasonsView):
    """A month is closed: the draft that somebody has looked at, or one that is computed now."""

    roles = {"PUT": "approver"}
    operation_ids = {"PUT": "PUT_CloseAccountingPeriod"}

    @gives(DoneSerializer, tag=_TAG)
    def put(self, _request: Request, period_id: str) -> Response:
        """Close a month; each thing that stands in the way is a reason."""
        period = _period(self.actor, period_id)
        drafts = translate.drafts_of(period)
        _refuse_closed(period)
        close_period(actor=self.actor, month_on=period.month_on, at=now_at(), run_id=drafts[-1] if drafts else None)
        seal_audit(self.actor, at=now_at())
        return Response({"success": True})


class PendingClosing(ReasonsView):
    """A month is computed, and waits until somebody has looked at it."""

    operation_ids = {"PUT": "PUT_PendingCloseAccountingPeriod"}

    @gives(DoneSerializer, tag=_TAG)
    def put(self, _request: Request, period_id: str) -> Response:
        """Compute a draft of a month that has none."""
        period = _period(self.actor, period_id)
        _refuse_closed(period)
        if translate.drafts_of(period):
            text = f"{period.month_on:%Y-%m} is pending close already: reopen it to compute it anew"
            return Response(self.told([problems.broken_rule(text)]), status=400)
        run_period(actor=self.actor, month_on=period.month_on, at=now_at())
        return Response({"success": True})


class Reopening(ReasonsView):
    """The last close is taken back, or the drafts of a month that is pending close are."""

    roles = {"PUT": "approver"}
    operation_ids = {"PUT": "PUT_ReopenAccountingPeriod"}

    @gives(DoneSerializer, tag=_TAG)
    def put(self, _request: Request, period_id: str) -> Response:
        """Open a month again; what its close has posted stays readable and no longer counts."""
        period = _period(self.actor, period_id)
        drafts = translate.drafts_of(period)
        if period.status == "closed" or not drafts:
            reason = f"asked over this API without a reason, in request {self.request_id}"
            reopen_period(actor=self.actor, month_on=period.month_on, reason=reason, at=now_at())
        else:
            for run_id in drafts:
                discard_run(actor=self.actor, run_id=run_id, at=now_at())
        return Response({"success": True})


def _period(actor: Actor, period_id: str) -> PeriodState:
    month_on = translate.month_of_id(period_id)
    found = next((each for each in periods(actor=actor) if each.month_on == month_on), None)
    if found is None:
        raise NotFound(f"Cannot find entity by key: '{period_id}'.")
    return found


def _refuse_closed(period: PeriodState) -> None:
    if period.status == "closed":
        raise Refused("period_must_be_open", field="period", detail=f"{period.month_on:%Y-%m} is closed")
