"""Who asks: `Authorization: Bearer …` with a token of `/oauth/token`, or with one of `ratable token create`."""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.request import Request
from typing_extensions import override

from ratable_server.api.auth import TokenAuthentication
from ratable_server.api.zuora.problems import REALMS


class ZuoraAuthentication(TokenAuthentication):
    """As everywhere, refused with the realms of this API."""

    @override
    def authenticate_header(self, request: Request) -> str:
        return REALMS


class ZuoraScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the served document tells it."""

    target_class = "ratable_server.api.zuora.authentication.ZuoraAuthentication"
    name = "bearerAuth"

    @override
    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
