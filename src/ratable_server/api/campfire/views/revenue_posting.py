"""`/rr/api/v1/revenue-posting`: a month is computed, looked at, posted. An addition to the published API."""

from __future__ import annotations

import logging
from datetime import date
from typing import Any

from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.api.campfire.problems import CLOSED
from ratable_server.api.campfire.schemas.revenue_posting import (
    PeriodOfBooksSerializer,
    RevenuePostingInputSerializer,
    RevenuePostingSerializer,
)
from ratable_server.api.campfire.translate import revenue_posting as translate
from ratable_server.api.campfire.views.documented import gives, posts
from ratable_server.api.campfire.views.naming import refuse_unknown
from ratable_server.api.campfire.views.subscriptions_evergreen import (
    refuse_unplanned,
    renew_what_can_be,
)
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.errors import Obstructed
from ratable_server.operations.audit import seal_audit
from ratable_server.operations.close_warnings import close_warnings
from ratable_server.operations.obstacles import obstacles, refuse_obstructed
from ratable_server.operations.periods import Closed, close_period
from ratable_server.operations.runs import run_period
from ratable_server.queries.adjustments import waiting_adjustments
from ratable_server.queries.periods import periods, zone_of_books
from ratable_server.queries.postings import posting

_YEARS = range(1900, 3000)
_log = logging.getLogger("ratable_server.api")


class ObstructedError(APIException):
    """A month that cannot be posted now, with everything that stands in the way."""

    status_code = 400

    def __init__(self, obstructed: Obstructed, run: int | None) -> None:
        super().__init__()
        is_closed = obstructed.code == "period_must_be_open"
        told: Any = {
            "error": CLOSED if is_closed else str(obstructed.obstacles[0].detail),
            "code": obstructed.code,
            "obstacles": translate.from_obstacles(obstructed.obstacles),
            **({} if run is None else {"run": run}),
        }
        self.detail = told  # as it is: numbers stay numbers


class RevenuePosting(CampfireView):
    """The months of the books."""

    is_one_transaction = False
    operation_ids = {"GET": "list_revenue_posting", "POST": "post_revenue"}

    @gives(PeriodOfBooksSerializer(many=True))
    def get(self, _request: Request) -> Response:
        """Where each month stands."""
        return Response([translate.from_period(each) for each in periods(actor=self.actor)])

    @posts(RevenuePostingInputSerializer, RevenuePostingSerializer, status=200)
    def post(self, _request: Request) -> Response:
        """Post the revenue of a month and close it: a draft that was looked at, or one that is computed now.

        True-ups of minimums and breakage of what has expired are part of the month. A run that has been posted is
        answered with what was posted. With `dry_run` a draft is computed, and no terms are changed for it.
        """
        fields = self.read(RevenuePostingInputSerializer)
        refuse_unknown(self.actor, {name: fields[name] for name in ("entity",) if fields.get(name) is not None})
        month_on = month_said(fields["period_month"])
        run = fields.get("run")
        if fields.get("dry_run"):
            if run is not None:
                raise ValidationError({"dry_run": ["A run is posted or it is not: leave one of both out."]})
            refuse_unplanned(self.actor, month_on, field="dry_run")
            return Response(self._drafted(month_on, fields))
        planned_on = max(month_on, now_at().astimezone(zone_of_books(actor=self.actor)).date())
        if run is None:
            failed = renew_what_can_be(self.actor, on=planned_on).failed
            refuse_unplanned(self.actor, month_on, field="period_month", failed=failed)
        else:
            refuse_unplanned(self.actor, month_on, field="run")
        posted, closed = _posted(self.actor, month_on, run)
        if run is not None:  # it was computed by the terms as they were, and is posted whatever cannot be planned now
            failed = renew_what_can_be(self.actor, on=planned_on).failed
        for each in failed:
            _log.warning("%s", each)
        return Response(self._told(posted, month_on, fields, closed=closed))

    def _drafted(self, month_on: date, fields: dict[str, Any]) -> dict[str, Any]:
        run = run_period(actor=self.actor, month_on=month_on, at=now_at()).run_id
        found = translate.Found(
            obstacles=obstacles(actor=self.actor, month_on=month_on, at=now_at(), run_id=run),
            warnings=close_warnings(actor=self.actor, month_on=month_on),
        )
        return self._told(run, month_on, fields, found=found)

    def _told(self, run: int, month_on: date, fields: dict[str, Any], **known: Any) -> dict[str, Any]:
        found = posting(actor=self.actor, run_id=run)
        waiting = waiting_adjustments(actor=self.actor, through_on=month_on)
        return translate.from_posting(found, month_on=month_on, entity=fields.get("entity"), waiting=waiting, **known)


def _posted(actor: Actor, month_on: date, run: int | None) -> tuple[int, Closed]:
    """The run that has closed the month, and its close.

    Raises:
        ObstructedError: something stands in the way; a draft that was computed stays to be looked at.
    """
    try:
        if run is None:
            refuse_obstructed(obstacles(actor=actor, month_on=month_on, at=now_at()))
            run = run_period(actor=actor, month_on=month_on, at=now_at()).run_id
        closed = close_period(actor=actor, month_on=month_on, at=now_at(), run_id=run)
    except Obstructed as obstructed:
        raise ObstructedError(obstructed, run) from None
    seal_audit(actor, at=now_at())
    return run, closed


def month_said(on: date) -> date:
    """A month that a body names.

    Raises:
        ValidationError: it is no first day, or no month that books can have.
    """
    if on != month_of(on):
        raise ValidationError({"period_month": ["A month is told by its first day."]})
    if on.year not in _YEARS:
        raise ValidationError({"period_month": [f"A month is between {_YEARS[0]} and {_YEARS[-1]}."]})
    return on
