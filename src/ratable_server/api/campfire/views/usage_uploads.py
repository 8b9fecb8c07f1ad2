"""Files of usage: `…/prepaid-commits/{commit_id}/usage-events/upload`, and `…/usage/upload`, an addition."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.usage_uploads import (
    ContractUsageUploadSerializer,
    UsageEventsUploadSerializer,
)
from ratable_server.api.campfire.translate import usage_uploads as translate
from ratable_server.api.campfire.views.consumption import months_told
from ratable_server.api.campfire.views.contracts import contract_of
from ratable_server.api.campfire.views.documented import posts
from ratable_server.api.campfire.views.prepaid_commits import commit_of
from ratable_server.api.campfire.views.usage_files import (
    BODY,
    LINES_BODY,
    MOST_BYTES,
    PARSERS,
    NdjsonParser,
    is_asked,
    taken_or_told,
    upload_of,
)
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.usage import WordedUpload, ingest_worded
from ratable_server.queries.contract_lines import UsageItem, usage_items
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.prepaid_commits import PrepaidCommit
from ratable_server.queries.usage import UsageAsked, used_months

_USAGE = OpenApiParameter("usage", OpenApiTypes.INT, description="The usage line of rows that name none.")
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
        told = taken_or_told(lambda: ingest_worded(actor=self.actor, upload=upload, at=now_at(), now=now_at), upload)
        return Response({**translate.from_receipt(told), "periods": _periods(self.actor, commit, told.months)})


class ContractUsageUpload(CampfireView):
    """Files of usage of a contract's usage lines: an addition to the published API."""

    operation_ids = {"POST": "upload_contract_usage"}
    parser_classes = (*PARSERS, NdjsonParser)
    most_bytes = MOST_BYTES
    is_one_transaction = False

    @posts(LINES_BODY, ContractUsageUploadSerializer, status=200, parameters=[_FORCE, _USAGE])
    def post(self, request: Request, contract_id: int) -> Response:
        """Take a file of usage, CSV or JSON lines, whole or not at all; rows name their usage line by its id."""
        contract = contract_of(self.actor, contract_id)
        items = usage_items(actor=self.actor, contract_id=contract_id, asked=EVERYTHING).rows
        how = translate.to_lines(items, contract, _usage_of(request, items))
        upload = WordedUpload(file=upload_of(request), is_forced=is_asked(request, "force"), **how)
        told = taken_or_told(
            lambda: ingest_worded(actor=self.actor, upload=upload, at=now_at(), now=now_at), upload, "quantity"
        )
        months = _months(self.actor, items, told.months)
        return Response({**translate.from_receipt(told, "control_total"), "periods": months})


def _usage_of(request: Request, items: Sequence[UsageItem]) -> int | None:
    """The usage line of rows that name none.

    Raises:
        ValidationError: the contract has none of this id.
    """
    said = request.query_params.get("usage") or ""
    if not said:
        return None
    if said not in {str(item.id) for item in items}:
        raise ValidationError({"usage": [f'Invalid pk "{said}" - object does not exist.']})
    return int(said)


def _months(actor: Actor, items: Sequence[UsageItem], months: Sequence[date]) -> list[dict[str, Any]]:
    ids = {item.code: item.id for item in items}
    found = used_months(actor=actor, asked=UsageAsked(usage_items=list(ids))) if ids else ()
    return [translate.from_used(each, ids[each.usage_item or ""]) for each in found if each.month_on in months]


def _periods(actor: Actor, commit: PrepaidCommit, months: Sequence[date]) -> list[dict[str, Any]]:
    found = months_told(actor, commit)
    return translate.from_periods(each for each in found if each.consumption.month_on in months)
