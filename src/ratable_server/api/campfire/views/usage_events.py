"""`…/prepaid-commits/{commit_id}/usage-events`: what was told of a prepaid commit row by row."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.schemas.usage_events import PrepaidUsageEventSerializer
from ratable_server.api.campfire.translate.prepaid_commits import event_id
from ratable_server.api.campfire.translate.usage_events import from_event
from ratable_server.api.campfire.views.asking import listing
from ratable_server.api.campfire.views.documented import PAGES, gives, page_of
from ratable_server.api.campfire.views.prepaid_commits import commit_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.queries.prepaid_events import prepaid_events


class UsageEvents(CampfireView):
    """The events of a prepaid commit."""

    operation_ids = {"GET": "list_prepaid_commit_usage_events"}

    @gives(page_of(PrepaidUsageEventSerializer), parameters=PAGES)
    def get(self, request: Request, contract_id: int, commit_id: int) -> Response:
        """Events by pages, in the order in which they came."""
        commit = commit_of(self.actor, contract_id, commit_id)
        less = event_id(commit.id, None)  # a month's consumption as a whole is no event
        return listing(
            request,
            lambda asked: prepaid_events(actor=self.actor, commit=commit, asked=asked, less=less),
            lambda rows: [PrepaidUsageEventSerializer.answer(from_event(row, commit.id), {}) for row in rows],
        )
