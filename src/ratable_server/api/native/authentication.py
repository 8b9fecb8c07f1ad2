"""Who asks: a token of `ratable token create`, or one that a program has drawn at `/oauth/token`."""

from __future__ import annotations

import re
from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from typing_extensions import override

from ratable_server.actor import Actor
from ratable_server.api.auth import TokenAuthentication
from ratable_server.clock import now_at
from ratable_server.queries.oauth_clients import program_of_token

_DRAWN = re.compile(rb"[0-9a-f]{32}")


class NativeAuthentication(TokenAuthentication):
    """`Authorization: Token …` or `Bearer …`; gives the actor of this request."""

    @override
    def actor_of(self, token: bytes, request_id: str) -> Actor | None:
        if _DRAWN.fullmatch(token) is None:
            return super().actor_of(token, request_id)
        program = program_of_token(token=token.decode("ascii"), request_id=request_id, at=now_at())
        return None if program is None else program.actor


class NativeScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the served document tells it."""

    target_class = "ratable_server.api.native.authentication.NativeAuthentication"
    name = "bearerAuth"

    @override
    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        told = "A token of `ratable token create`, or one drawn at `/oauth/token`; `Token <key>` is taken too."
        return {"type": "http", "scheme": "bearer", "description": told}
