"""Which programs draw tokens, and who acts with one of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from ratable_server.actor import Actor, Role
from ratable_server.store.models import OauthClient, RegisterEntry
from ratable_server.store.oauth import Holder, client_holding, token_holder
from ratable_server.store.scope import books_of, rows_of

_CLIENT_ID_LENGTH, _MOST_SECRET = 36, 42


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthClientState:
    """A program that may draw tokens, or might once."""

    client_id: str
    name: str
    role: str
    entities: tuple[int, ...]
    recorded_at: datetime
    recorded_by: str
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OauthProgram:
    """A program that has proved who it is; `entities` are the ids that it may name, none: any."""

    actor: Actor
    client_row_id: int
    entities: tuple[int, ...]


def program_of_secret(*, client_id: str, client_secret: str, request_id: str) -> OauthProgram | None:
    """The program with this id and secret, as the actor of one request; None: there is none, or no longer."""
    if len(client_id) != _CLIENT_ID_LENGTH or not 1 <= len(client_secret) <= _MOST_SECRET:
        return None
    if not (client_id + client_secret).isascii() or "\0" in client_id:
        return None
    return _program(client_holding(client_id, client_secret), request_id)


def program_of_token(*, token: str, request_id: str, at: datetime) -> OauthProgram | None:
    """The program that has drawn a token, as the actor of one request; None: none has, or it is over."""
    return _program(token_holder(token, at=at), request_id)


def entity_ids(*, actor: Actor) -> frozenset[int]:
    """Every entity of the tenant."""
    with books_of(actor):
        return frozenset(rows_of(actor, RegisterEntry).filter(kind="entity").values_list("id", flat=True))


def oauth_clients(*, actor: Actor) -> list[OauthClientState]:
    """Every program of the tenant, the oldest first."""
    with books_of(actor):
        return [
            OauthClientState(
                client_id=row.client_id,
                name=row.name,
                role=row.role,
                entities=tuple(row.entities),
                recorded_at=row.recorded_at,
                recorded_by=row.recorded_by,
                revoked_at=row.revoked_at,
            )
            for row in rows_of(actor, OauthClient).order_by("id")
        ]


def _program(holder: Holder | None, request_id: str) -> OauthProgram | None:
    if holder is None:
        return None
    role = cast("Role", holder.role)
    actor = Actor(tenant_id=holder.tenant_id, name=holder.name, role=role, request_id=request_id)
    return OauthProgram(actor=actor, client_row_id=holder.row_id, entities=holder.entities)
