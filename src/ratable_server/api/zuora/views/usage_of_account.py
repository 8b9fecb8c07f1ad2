"""`/v1/usage/accounts/{account-key}`: the usage records of an account, the latest usage first."""

from __future__ import annotations

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.zuora import problems
from ratable_server.api.zuora.schemas.usage import UsageListSerializer
from ratable_server.api.zuora.translate.ids import row_id_of
from ratable_server.api.zuora.translate.usage import from_records_listed
from ratable_server.api.zuora.views.documented import gives
from ratable_server.api.zuora.views.view import ReasonsView
from ratable_server.queries.reported_usage import Condition, ReportedAsked, customer_of, reported_usage

_USUAL_SIZE, _MOST_SIZE, _MOST_PAGE = 20, 40, 10**9
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
        page, size = _whole(request, "page", 1), min(_whole(request, "pageSize", _USUAL_SIZE), _MOST_SIZE)
        row_id = row_id_of("customer", key)
        customer = customer_of(actor=self.actor, named=[key] if row_id is None else [key, row_id])
        if customer is None:
            fault = problems.Fault(code="", category=_NOT_FOUND, message=f"Cannot find entity by key: '{key}'.")
            return Response(self.told([fault]), status=404)
        asked = ReportedAsked(
            limit=size,
            offset=(page - 1) * size,
            conditions=[Condition(name="customer_id", comparison="=", value=customer)],
            is_latest_first=True,
        )
        found = reported_usage(actor=self.actor, asked=asked)
        told = {"usage": from_records_listed(found.rows, found.zone), "success": True}
        if found.has_more:
            told["nextPage"] = request.build_absolute_uri(f"{request.path}?page={page + 1}&pageSize={size}")
        return Response(told)


def _whole(request: Request, name: str, usual: int) -> int:
    said = request.query_params.get(name)
    if said is None:
        return usual
    if not (said.isascii() and said.isdecimal() and 0 < int(said) <= _MOST_PAGE):
        raise ValidationError({name: ["A whole number from 1 on."]})
    return int(said)
