"""`/v1/usage/accounts/{account-key}`: the usage records of an account, the latest usage first."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.zuora import problems
from ratable_server.api.zuora.paging import page_asked
from ratable_server.api.zuora.schemas.usage import UsageListSerializer
from ratable_server.api.zuora.translate.ids import row_id_of
from ratable_server.api.zuora.translate.usage import from_records_listed
from ratable_server.api.zuora.views.documented import gives
from ratable_server.api.zuora.views.view import ReasonsView
from ratable_server.queries.reported_usage import Condition, ReportedAsked, customer_of, reported_usage

_USUAL_SIZE, _MOST_SIZE = 20, 40
_NOT_FOUND = 40
_PAGING = (
    OpenApiParameter("page", int, description="From 1."),
    OpenApiParameter("pageSize", int, description="20, and at most 40."),
)


class UsageOfAccount(ReasonsView):
    """A list by pages."""

    operation_ids = {"GET": "GET_Usage"}

    @gives(UsageListSerializer, tag="Usage", parameters=_PAGING)
    def get(self, request: Request, key: str) -> Response:
        """Read the usage records of an account, told by its number or its id."""
        page = page_asked(request, most=_MOST_SIZE, usual=_USUAL_SIZE)
        row_id = row_id_of("customer", key)
        customer = customer_of(actor=self.actor, named=[key] if row_id is None else [key, row_id])
        if customer is None:
            fault = problems.Fault(code="", category=_NOT_FOUND, message=f"Cannot find entity by key: '{key}'.")
            return Response(self.told([fault]), status=404)
        asked = ReportedAsked(
            limit=page.size,
            offset=page.offset,
            conditions=[Condition(name="customer_id", comparison="=", value=customer)],
            is_latest_first=True,
        )
        found = reported_usage(actor=self.actor, asked=asked)
        told = {"usage": from_records_listed(found.rows, found.zone), "success": True}
        if found.has_more:
            told["nextPage"] = page.next_address(request)
        return Response(told)
