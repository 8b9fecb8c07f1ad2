"""`…/prepaid-commits/{commit_id}/process-adjustments`: what was reported of closed months is booked."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.campfire.schemas.adjustments import ProcessedAdjustmentsSerializer
from ratable_server.api.campfire.translate.adjustments import from_processed, from_refused
from ratable_server.api.campfire.views.documented import posts
from ratable_server.api.campfire.views.prepaid_commits import commit_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.usage import RefusedAdjustments, book_adjustments


class ProcessAdjustments(CampfireView):
    """Adjustments of a prepaid commit."""

    operation_ids = {"POST": "process_prepaid_commit_adjustments"}

    @override
    def answer_refused(self, refused: Refused) -> Response:
        """Every row that stands in the way is told."""
        if isinstance(refused, RefusedAdjustments):
            return Response(from_refused(refused), status=400)
        return super().answer_refused(refused)

    @posts(None, ProcessedAdjustmentsSerializer, status=200)
    def post(self, _request: Request, contract_id: int, commit_id: int) -> Response:
        """Book the adjustments of closed months, with credit memos for what was invoiced; again it does nothing.

        All are booked or none: where some cannot be, `errors` of the answer names every row that stands in the way.
        """
        commit = commit_of(self.actor, contract_id, commit_id)
        processed = book_adjustments(actor=self.actor, prepaid_commit=commit.code, at=now_at())
        return Response(from_processed(processed))
