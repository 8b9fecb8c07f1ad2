"""`/api/v1/runs` and `/api/v1/periods`: months are computed, looked at, closed and opened again."""

from __future__ import annotations

from datetime import date
from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.native.schemas.closing import (
    ClosedSerializer,
    CloseSerializer,
    DraftSerializer,
    PeriodInDetailSerializer,
    PeriodSerializer,
    ReopeningSerializer,
    RunAskedSerializer,
    RunsAsked,
    RunSerializer,
)
from ratable_server.api.native.translate import closing as translate
from ratable_server.api.native.translate.reports import from_shown, shown_of
from ratable_server.api.native.views.documented import deletes, gives, list_of, posts
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.clock import now_at
from ratable_server.operations.audit import seal_audit
from ratable_server.operations.close_warnings import close_warnings
from ratable_server.operations.obstacles import obstacles, refuse_obstructed
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.runs import discard_run, run_period
from ratable_server.queries.periods import PeriodState, RunState, periods
from ratable_server.queries.reports import preview


class Runs(NativeView):
    """Runs of all months."""

    is_one_transaction = False

    @gives(list_of(RunSerializer), asks=RunsAsked, operation_id="list_runs")
    def get(self, _request: Request) -> Response:
        """Runs, by months and in the order in which they were made."""
        month_on = self.asked.get("month")
        found = [run for period in periods(actor=self.actor) for run in period.runs]
        return answer({"results": [translate.from_run(run) for run in found if month_on in {None, run.month_on}]})

    @posts(RunAskedSerializer, DraftSerializer, operation_id="compute_run")
    def post(self, _request: Request) -> Response:
        """Compute a month as a draft; nothing is posted. What stands in the way of its close is told."""
        month_on = self.read(RunAskedSerializer)["month"]
        draft = run_period(actor=self.actor, month_on=month_on, at=now_at())
        headers = {"Location": f"/api/v1/runs/{draft.run_id}"}
        return answer(draft_of(self.actor, run_of(self.actor, draft.run_id)), status=201, headers=headers)


class Run(NativeView):
    """One run."""

    @gives(DraftSerializer, operation_id="get_run")
    def get(self, _request: Request, run: int) -> Response:
        """A run; of a draft also its figures, and what stands in the way of its close."""
        return answer(draft_of(self.actor, run_of(self.actor, run)))

    @deletes(operation_id="discard_run")
    def delete(self, _request: Request, run: int) -> Response:
        """Remove a draft that will not be posted; that there was one stays readable."""
        discard_run(actor=self.actor, run_id=run, at=now_at())
        return Response(status=204)


class Periods(NativeView):
    """Where the months stand."""

    @gives(list_of(PeriodSerializer), operation_id="list_periods")
    def get(self, _request: Request) -> Response:
        """Every month that anything was booked or computed in, and the one that is to be closed next."""
        return answer({"results": [translate.from_period(period) for period in periods(actor=self.actor)]})


class Period(NativeView):
    """One month."""

    @gives(PeriodInDetailSerializer, operation_id="get_period")
    def get(self, _request: Request, month_on: date) -> Response:
        """Where a month stands, and what keeps it from being closed whatever is computed."""
        return answer(period_told(self.actor, month_on))


class PeriodClose(NativeView):
    """Closing a month."""

    roles = {"POST": "approver"}
    is_one_transaction = False

    @posts(CloseSerializer, ClosedSerializer, status=200, operation_id="close_period")
    def post(self, _request: Request, month_on: date) -> Response:
        """Post a month and lock it; what stands in the way is told, all of it, and then nothing is posted."""
        wanted = self.read(CloseSerializer)
        if wanted["dry_run"]:
            run = wanted.get("run") or run_period(actor=self.actor, month_on=month_on, at=now_at()).run_id
            return answer(translate.from_dry_run(draft_of(self.actor, run_of(self.actor, run))))
        if wanted.get("run") is None:
            refuse_obstructed(obstacles(actor=self.actor, month_on=month_on, at=now_at()))
        closed = close_period(actor=self.actor, month_on=month_on, at=now_at(), run_id=wanted.get("run"))
        seal_audit(self.actor, at=now_at())
        return answer(translate.from_closed(closed))


class PeriodReopening(NativeView):
    """Taking a close back."""

    roles = {"POST": "approver"}
    is_one_transaction = False  # the month is told as of a moment after it

    @posts(ReopeningSerializer, PeriodInDetailSerializer, status=200, operation_id="reopen_period")
    def post(self, _request: Request, month_on: date) -> Response:
        """Take the last close back: what it posted stays readable and no longer counts."""
        reason = self.read(ReopeningSerializer)["reason"]
        reopen_period(actor=self.actor, month_on=month_on, reason=reason, at=now_at())
        return answer(period_told(self.actor, month_on))


def run_of(actor: Actor, run_id: int) -> RunState:
    """A run by its number.

    Raises:
        NotFound: there is none, or it is another tenant's.
    """
    for period in periods(actor=actor):
        for run in period.runs:
            if run.run_id == run_id:
                return run
    raise NotFound


def draft_of(actor: Actor, run: RunState) -> dict[str, Any]:
    """A run with what there is to look at while it is a draft."""
    told: dict[str, Any] = {**translate.from_run(run), "obstacles": None, "warnings": None, "accounts": None}
    if run.status == "draft":
        month_on = run.month_on
        found = obstacles(actor=actor, month_on=month_on, at=now_at(), run_id=run.run_id)
        shown = preview(actor=actor, run_id=run.run_id, name="trial_balance", periods=(month_on, month_on))
        told["obstacles"] = translate.from_obstacles(found)
        told["warnings"] = translate.from_warnings(close_warnings(actor=actor, month_on=month_on))
        told["accounts"] = from_shown(shown_of(shown, f"What {month_on:%Y-%m} comes to"))
    return told


def period_told(actor: Actor, month_on: date) -> dict[str, Any]:
    """A month with what stands in the way of its close.

    Raises:
        NotFound: nothing was booked or computed in it.
    """
    found = [period for period in periods(actor=actor) if period.month_on == month_on]
    if not found:
        raise NotFound
    return {**translate.from_period(found[0]), "obstacles": translate.from_obstacles(_in_the_way(actor, found[0]))}


def _in_the_way(actor: Actor, period: PeriodState) -> list[Any]:
    if period.status == "closed":
        return []
    return list(obstacles(actor=actor, month_on=period.month_on, at=now_at()))
