"""Who asks: a token that was drawn at `/oauth/token`, one of `ratable token create`, or a client's own id and secret.

The old ways to send an id and a secret are taken too: `apiAccessKeyId` with `apiSecretAccessKey`, and Basic.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import get_authorization_header
from rest_framework.request import Request
from typing_extensions import override

from ratable_server.api.auth import TokenAuthentication
from ratable_server.api.request_ids import request_id_of
from ratable_server.api.zuora.problems import REALMS
from ratable_server.clock import now_at
from ratable_server.queries.oauth_clients import OauthProgram, program_of_secret, program_of_token

_DRAWN = re.compile(rb"bearer\s+([0-9a-f]{32})", re.IGNORECASE)
_BASIC = re.compile(rb"basic\s+([A-Za-z0-9+/=]{1,400})", re.IGNORECASE)


class ZuoraAuthentication(TokenAuthentication):
    """Gives the actor of this request, and as `request.auth` the program behind a drawn token."""

    @override
    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        program = _program(request)
        return super().authenticate(request) if program is None else (program.actor, program)

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


def _program(request: Request) -> OauthProgram | None:
    header = get_authorization_header(request)
    drawn = _DRAWN.fullmatch(header)
    if drawn is not None:
        return program_of_token(token=drawn[1].decode().lower(), request_id=request_id_of(request), at=now_at())
    client_id, secret = _id_and_secret(request, header)
    if not client_id:
        return None
    return program_of_secret(client_id=client_id, client_secret=secret, request_id=request_id_of(request))


def _id_and_secret(request: Request, header: bytes) -> tuple[str, str]:
    """A client's id and secret, as sent in one of the old ways; empty: neither was."""
    basic = _BASIC.fullmatch(header)
    if basic is None:
        return request.headers.get("apiAccessKeyId", ""), request.headers.get("apiSecretAccessKey", "")
    try:
        client_id, _, secret = base64.b64decode(basic[1], validate=True).decode("ascii").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    return client_id, secret
