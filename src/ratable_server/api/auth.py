"""Who asks: a token in the header `Authorization`, after `Token` or `Bearer`.

Owns what a role may do by method; a view can ask for more. Who holds a token is looked up again after a moment, so that
one that was taken back is refused within half a second.
"""

from __future__ import annotations

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework import HTTP_HEADER_ENCODING
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request
from typing_extensions import override

from ratable_server.actor import Actor, Role
from ratable_server.api.request_ids import request_id_of
from ratable_server.queries.tokens import actor_of_token

_SCHEMES = (b"token", b"bearer")
_MOST_LETTERS = 500


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token …` or `Bearer …`; gives the actor of this request."""

    @override
    def authenticate(self, request: Request) -> tuple[Any, Any] | None:
        said: str = request.META.get("HTTP_AUTHORIZATION", "")  # read at once: all other headers are not needed
        parts = said.encode(HTTP_HEADER_ENCODING).split()
        if not parts or parts[0].lower() not in _SCHEMES:
            return None
        if len(parts) == 1:
            raise AuthenticationFailed("Invalid token header. No credentials provided.")
        if len(parts) > 2:  # noqa: PLR2004 - the scheme and the token
            raise AuthenticationFailed("Invalid token header. Token string should not contain spaces.")
        actor = self.actor_of(parts[1], request_id_of(request))
        if actor is None:
            raise AuthenticationFailed("Invalid token.")
        return actor, None

    def actor_of(self, token: bytes, request_id: str) -> Actor | None:
        """Who holds a token; None if nobody does, or no longer."""
        if len(token) > _MOST_LETTERS or not token.isascii():
            return None
        return actor_of_token(token=token.decode("ascii"), request_id=request_id)

    @override
    def authenticate_header(self, request: Request) -> str:
        return "Token"


class RoleAllows(BasePermission):
    """A viewer reads, a preparer writes; a view names other roles for its methods in `roles`."""

    @override
    def has_permission(self, request: Request, view: Any) -> bool:
        actor = request.user
        return isinstance(actor, Actor) and actor.may_act_as(role_for(view, request.method or ""))


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the served document tells it."""

    target_class = "ratable_server.api.auth.TokenAuthentication"
    name = "knoxApiToken"

    @override
    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {
            "type": "apiKey",
            "in": "header",
            "name": "Authorization",
            "description": "`Token <key>`; `Bearer <key>` is taken too. `ratable token create` gives out a key.",
        }


def role_for(view: Any, method: str) -> Role:
    """The least role that may use a method of a view."""
    named: Role | None = getattr(view, "roles", {}).get(method)
    return named or ("viewer" if method in SAFE_METHODS else "preparer")
