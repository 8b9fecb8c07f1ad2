"""`…/prepaid-commits/{commit_id}/usage-events`: what was told of a prepaid commit row by row."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from django.http import HttpResponse, QueryDict
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable.periods import month_of
from ratable_server.api.campfire.schemas.usage_events import DistinctValuesSerializer, PrepaidUsageEventSerializer
from ratable_server.api.campfire.translate.prepaid_commits import event_id
from ratable_server.api.campfire.translate.usage_events import TEMPLATE, from_event, words_of
from ratable_server.api.campfire.views.asking import listing, listing_as_text
from ratable_server.api.campfire.views.documented import PAGES, gives, gives_file, page_of
from ratable_server.api.campfire.views.prepaid_commits import commit_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.api.negotiating import OneForm
from ratable_server.api.schemas import Day
from ratable_server.queries.listing import Asked, Found
from ratable_server.queries.prepaid_events import EventsAsked, PrepaidEvent, prepaid_events
from ratable_server.queries.prepaid_events_text import prepaid_events_text
from ratable_server.queries.usage import UsageAsked, distinct_data

_LIMITS = [
    OpenApiParameter("period_month", OpenApiTypes.DATE, description="Events of this month."),
    OpenApiParameter("is_adjustment", OpenApiTypes.BOOL, description="Adjustments alone, or none of them."),
]
_DATA = "data__"
_TRUE, _FALSE = {"true", "1", "yes", "on"}, {"false", "0", "no", "off"}
_FIELD = OpenApiParameter("field", OpenApiTypes.STR, required=True, description="The column, such as `team_id`.")


class UsageEvents(CampfireView):
    """The events of a prepaid commit."""

    operation_ids = {"GET": "list_prepaid_commit_usage_events"}

    @gives(page_of(PrepaidUsageEventSerializer), parameters=[*PAGES, *_LIMITS])
    def get(self, request: Request, contract_id: int, commit_id: int) -> HttpResponse | Response:
        """Events by pages, in the order in which they came; `data__<column>` asks for those with a value there."""
        limits = _limits(request.query_params, commit_id)
        written = listing_as_text(
            request,
            lambda limit, offset: prepaid_events_text(
                actor=self.actor,
                contract_id=contract_id,
                commit_id=commit_id,
                asked=EventsAsked(limit=limit, offset=offset, **limits),
                words=words_of(commit_id),
            ),
        )
        return self._told(request, limits, contract_id=contract_id, commit_id=commit_id) if written is None else written

    def _told(self, request: Request, limits: Mapping[str, Any], *, contract_id: int, commit_id: int) -> Response:
        """The same, also where there are adjustments; 404 where there is no such prepaid commit."""

        def ask(asked: Asked) -> Found[PrepaidEvent]:
            wanted = EventsAsked(limit=asked.limit, offset=asked.offset, **limits)
            events = prepaid_events(actor=self.actor, contract_id=contract_id, commit_id=commit_id, asked=wanted)
            if events is None:
                raise NotFound
            return events

        return listing(request, ask, lambda rows: [from_event(row, commit_id) for row in rows])


class UsageEventsTemplate(CampfireView):
    """The columns of a file of events."""

    operation_ids = {"GET": "get_prepaid_commit_usage_events_template"}
    content_negotiation_class = OneForm

    @gives_file("text/csv")
    def get(self, _request: Request, contract_id: int, commit_id: int) -> HttpResponse:
        """A file with the columns and one row as an example."""
        commit_of(self.actor, contract_id, commit_id)
        headers = {"Content-Disposition": 'attachment; filename="usage-events.csv"'}
        return HttpResponse(TEMPLATE, content_type="text/csv; charset=utf-8", headers=headers)


class UsageEventValues(CampfireView):
    """The values of a column, for a filter."""

    operation_ids = {"GET": "get_prepaid_commit_usage_event_distinct_values"}

    @gives(DistinctValuesSerializer, parameters=[_FIELD])
    def get(self, request: Request, contract_id: int, commit_id: int) -> Response:
        """Each value that a column of the data has, in their order."""
        commit = commit_of(self.actor, contract_id, commit_id)
        name = request.query_params.get("field", "")
        if not name or "\x00" in name:
            raise ValidationError({"field": ["This field is required."]})
        asked = UsageAsked(prepaid_commits=[commit.code])
        return Response({"field": name, "values": distinct_data(actor=self.actor, asked=asked, name=name)})


def _limits(said: QueryDict, commit_id: int) -> dict[str, Any]:
    """What the list is limited to, by the names that `EventsAsked` has for it.

    Raises:
        ValidationError: a limit is none.
    """
    data = {name.removeprefix(_DATA): said[name] for name in said if name.startswith(_DATA)}
    if any("\x00" in part for pair in data.items() for part in pair):
        raise ValidationError({"data": ["Null characters are not allowed."]})
    flag, month = said.get("is_adjustment", "").lower(), said.get("period_month")
    if flag and flag not in _TRUE | _FALSE:
        raise ValidationError({"is_adjustment": ["Must be a valid boolean."]})
    return {
        "month_on": _month(month) if month else None,
        "data": data,
        "is_adjustment": flag in _TRUE if flag else None,
        "less": event_id(commit_id, None),  # a month's consumption as a whole is no event
    }


def _month(said: str) -> date:
    try:
        day: date = Day().run_validation(said)
    except ValidationError as error:
        raise ValidationError({"period_month": error.detail}) from None
    return month_of(day)
