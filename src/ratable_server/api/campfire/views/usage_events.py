"""`…/prepaid-commits/{commit_id}/usage-events`: what was told of a prepaid commit row by row."""

from __future__ import annotations

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.schemas.usage_events import PrepaidUsageEventSerializer
from ratable_server.api.campfire.translate.prepaid_commits import event_id
from ratable_server.api.campfire.translate.usage_events import from_event
from ratable_server.api.campfire.views.asking import listing
from ratable_server.api.campfire.views.documented import PAGES, gives, page_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.queries.listing import Asked, Found
from ratable_server.queries.prepaid_events import PrepaidEvent, prepaid_events


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
