"""How a program draws a token: the grant of client credentials, checked by oauthlib, kept by the books.

Owns what oauthlib asks of a server: whose id and secret these are, which grant there is, what a token looks like.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from oauthlib.oauth2 import BackendApplicationServer, RequestValidator
from typing_extensions import override

from ratable_server.api.zuora.translate.ids import public_id, user_id
from ratable_server.operations.oauth_clients import TOKEN_LIFE, draw_oauth_token
from ratable_server.queries.oauth_clients import OauthProgram, entity_ids, program_of_secret

GRANT = "client_credentials"
_TOLD_SECONDS = int(TOKEN_LIFE.total_seconds()) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class _Client:
    """What oauthlib wants to know of a client."""

    client_id: str
    program: OauthProgram


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What is answered to a request for a token."""

    status: int
    body: dict[str, Any]


def grant(said: Sequence[tuple[str, str]], *, request_id: str, at: datetime) -> Granted:
    """A token for who has an id and its secret, or why there is none."""
    validator = _Programs(request_id, at)
    server = BackendApplicationServer(validator, token_generator=validator.drawn, token_expires_in=_TOLD_SECONDS)
    _, body, status = server.create_token_response(
        "https://localhost/oauth/token",
        http_method="POST",
        body=urlencode(said),
        headers={},
        credentials={"token_type": "bearer", "jti": secrets.token_hex(16)},
    )
    return Granted(status=status, body=json.loads(body))


class _Programs(RequestValidator):  # type: ignore[misc]  # oauthlib has no types
    """Programs of the books, as oauthlib asks for them."""

    def __init__(self, request_id: str, at: datetime) -> None:
        super().__init__()
        self._request_id, self._at = request_id, at

    def drawn(self, request: Any) -> str:
        """A new token of the program; the books keep its digest."""
        program: OauthProgram = request.client.program
        token = draw_oauth_token(actor=program.actor, client_row_id=program.client_row_id, at=self._at)
        return token.access_token

    @override
    def authenticate_client(self, request: Any, *args: Any, **kwargs: Any) -> bool:
        program = program_of_secret(
            client_id=str(request.client_id or ""),
            client_secret=str(request.client_secret or ""),
            request_id=self._request_id,
        )
        if program is not None:
            request.client = _Client(client_id=str(request.client_id), program=program)
        return program is not None

    @override
    def validate_grant_type(self, *said: Any, **_further: Any) -> bool:
        _client_id, grant_type, *_ = said
        return bool(grant_type == GRANT)

    @override
    def get_default_scopes(self, client_id: str, request: Any, *args: Any, **kwargs: Any) -> list[str]:
        program: OauthProgram = request.client.program
        entities = program.entities or sorted(entity_ids(actor=program.actor))
        return [
            f"user.{user_id(program.actor.name)}",
            *(f"entity.{public_id('entity', each)}" for each in entities),
            f"tenant.{program.actor.tenant_id}",
        ]

    @override
    def validate_scopes(self, *said: Any, **_further: Any) -> bool:
        client_id, scopes, _client, request = said
        return bool(scopes == self.get_default_scopes(client_id, request))

    @override
    def save_bearer_token(self, token: Any, request: Any, *args: Any, **kwargs: Any) -> None:
        """It was kept when it was drawn."""
