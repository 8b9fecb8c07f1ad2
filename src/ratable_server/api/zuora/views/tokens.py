"""`/oauth/token`: a program proves who it is by its id and secret, and gets a token for an hour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.parsers import PlainFormParser
from ratable_server.api.throttling import AddressThrottle, limit_of
from ratable_server.api.zuora.granting import grant
from ratable_server.api.zuora.schemas.tokens import DrawnTokenSerializer, TokenRequestSerializer
from ratable_server.api.zuora.views.documented import draws
from ratable_server.api.zuora.views.view import ReasonsView
from ratable_server.clock import now_at

_UNFIT = 400
_ADDRESS_HEADERS = ("X-RateLimit-Limit-minute", "X-RateLimit-Remaining-minute")


class Tokens(ReasonsView):
    """The one route that nobody has a token for yet; each address may ask so many times a minute."""

    authentication_classes = ()  # type: ignore[assignment]  # nobody has a token yet
    permission_classes = (AllowAny,)  # type: ignore[assignment]
    throttle_classes = (AddressThrottle,)
    parser_classes = (PlainFormParser,)
    keyed = ()
    operation_ids = {"POST": "createToken"}

    @draws(TokenRequestSerializer, DrawnTokenSerializer)
    def post(self, request: Request) -> Response:
        """Draw a token."""
        granted = grant(_pairs(request.data), request_id=self.request_id, at=now_at())
        return Response(
            granted.body, status=granted.status, headers={"Cache-Control": "no-store", "Pragma": "no-cache"}
        )

    @override
    def limit_headers(self, request: Request) -> dict[str, str]:
        limit = limit_of(request)
        return {} if limit is None else dict(zip(_ADDRESS_HEADERS, (str(limit.most), str(limit.left)), strict=True))

    @override
    def body_of(self, error: Exception, response: Response) -> dict[str, Any]:
        """What cannot be read at all is told as the standard of tokens has it."""
        told = super().body_of(error, response)
        if response.status_code != _UNFIT:
            return told
        return {"error": "invalid_request", "error_description": told["reasons"][0]["message"]}


def _pairs(said: Any) -> list[tuple[str, str]]:
    """Each field as often as it was sent."""
    if not isinstance(said, Mapping):
        return []
    return [
        (name, str(each)) for name, value in said.items() for each in (value if isinstance(value, list) else [value])
    ]
