"""`…/prepaid-commits/{commit_id}/usage-events/upload`: files of usage."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.usage_uploads import UsageEventsUploadSerializer
from ratable_server.api.campfire.translate import usage_uploads as translate
from ratable_server.api.campfire.views.consumption import months_told
from ratable_server.api.campfire.views.contracts import contract_of
from ratable_server.api.campfire.views.documented import posts
from ratable_server.api.campfire.views.prepaid_commits import commit_of
from ratable_server.api.campfire.views.usage_files import BODY, MOST_BYTES, PARSERS, is_asked, taken_or_told, upload_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.usage import WordedUpload, ingest_worded
from ratable_server.queries.prepaid_commits import PrepaidCommit

_FORCE = OpenApiParameter(
    "force", OpenApiTypes.BOOL, description="Rows without external_id are new ones, also of a file that was loaded."
)


class UsageEventsUpload(CampfireView):
    """Files of events of a prepaid commit."""

    operation_ids = {"POST": "upload_prepaid_commit_usage_events"}
    parser_classes = PARSERS
    most_bytes = MOST_BYTES
    is_one_transaction = False

    @posts(BODY, UsageEventsUploadSerializer, status=200, parameters=[_FORCE])
    def post(self, request: Request, contract_id: int, commit_id: int) -> Response:
        """Take a file of events, whole or not at all; each month's consumption becomes the sum of its events."""
        commit = commit_of(self.actor, contract_id, commit_id)
        how = translate.to_events(commit, contract_of(self.actor, contract_id))
        upload = WordedUpload(file=upload_of(request), is_forced=is_asked(request, "force"), **how)
        told = taken_or_told(lambda: ingest_worded(actor=self.actor, upload=upload, at=now_at()), {})
        return Response({**translate.from_receipt(told), "periods": _periods(self.actor, commit, told.months)})


def _periods(actor: Actor, commit: PrepaidCommit, months: Sequence[date]) -> list[dict[str, Any]]:
    found = months_told(actor, commit)
    return translate.from_periods(each for each in found if each.consumption.month_on in months)
