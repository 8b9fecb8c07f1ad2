"""`…/prepaid-commits/{commit_id}/usage-events`: what was told of a prepaid commit row by row."""

from __future__ import annotations

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.schemas.usage_events import DistinctValuesSerializer, PrepaidUsageEventSerializer
from ratable_server.api.campfire.translate.prepaid_commits import event_id
from ratable_server.api.campfire.translate.usage_events import TEMPLATE, from_event
from ratable_server.api.campfire.views.asking import listing
from ratable_server.api.campfire.views.documented import PAGES, gives, gives_file, page_of
from ratable_server.api.campfire.views.prepaid_commits import commit_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.api.negotiating import OneForm
from ratable_server.queries.listing import Asked, Found
from ratable_server.queries.prepaid_events import PrepaidEvent, prepaid_events
from ratable_server.queries.usage import UsageAsked, distinct_data

_FIELD = OpenApiParameter("field", OpenApiTypes.STR, required=True, description="The column, such as `team_id`.")


class UsageEvents(CampfireView):
    """The events of a prepaid commit."""

    operation_ids = {"GET": "list_prepaid_commit_usage_events"}

    @gives(page_of(PrepaidUsageEventSerializer), parameters=PAGES)
    def get(self, request: Request, contract_id: int, commit_id: int) -> Response:
        """Events by pages, in the order in which they came."""
        less = event_id(commit_id, None)  # a month's consumption as a whole is no event

        def ask(asked: Asked) -> Found[PrepaidEvent]:
            events = prepaid_events(
                actor=self.actor, contract_id=contract_id, commit_id=commit_id, asked=asked, less=less
            )
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
