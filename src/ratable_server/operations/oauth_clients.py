"""Programs that draw their tokens themselves: given an id and a secret once, taken back at any time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from django.db import transaction

from ratable_server.actor import Actor, Role
from ratable_server.errors import Refused
from ratable_server.operations.soundness import refuse_unfit_text
from ratable_server.operations.writing import changes_by
from ratable_server.store import oauth
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import OauthClient, OauthToken, RegisterEntry
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of

TOKEN_LIFE = timedelta(hours=1)
Locale = Literal["en_US", "en_GB", "en_AU"]
_NAME_LENGTH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedClient:
    """A new program; `client_secret` is told here and never again."""

    client_id: str
    client_secret: str
    name: str
    role: Role
    entities: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnToken:
    """A token that a program has drawn; it is told here and never again."""

    access_token: str
    expires_at: datetime


@retried
def create_oauth_client(
    *, actor: Actor, name: str, role: Role, at: datetime, entities: Sequence[str] = (), locale: Locale = "en_US"
) -> IssuedClient:
    """Let a program draw tokens, with which it acts under this name and in this role, until somebody takes it back.

    `entities` are the codes of the only ones that it may name in its requests; none: any. `locale` says how days are
    written in the files that it sends: month first in en_US, day first elsewhere.

    Refuses:
        role_must_allow_it, text_must_be_plain, code_must_be_known
    """
    refuse_unfit_text("name", name)
    if not 1 <= len(name.strip()) <= _NAME_LENGTH:
        raise Refused("text_must_be_plain", field="name", detail=f"{name!r}"[:_NAME_LENGTH])
    client_id, secret = oauth.new_client_id(), oauth.new_secret()
    with changes_by(actor, "admin"):
        row = OauthClient(
            tenant_id=actor.tenant_id,
            client_id=client_id,
            secret_digest=oauth.digest_of(secret),
            name=name,
            role=role,
            entities=_ids_of(actor, entities),
            locale=locale,
            recorded_at=at,
            recorded_by=actor.name,
        )
        row.save(force_insert=True)
        after = {"client_id": client_id, "name": name, "role": role, "entities": list(entities)}
        record_change(actor, Change("create_oauth_client", "oauth_client", client_id, after=after), at=at)
    return IssuedClient(client_id=client_id, client_secret=secret, name=name, role=role, entities=tuple(row.entities))


@retried
def revoke_oauth_client(*, actor: Actor, client_id: str, at: datetime) -> None:
    """Take a program's right back; its tokens are refused from the next request on.

    Other processes refuse them within half a second. Doing so again changes nothing.

    Refuses:
        role_must_allow_it, token_must_be_known
    """
    with changes_by(actor, "admin"):
        row = rows_of(actor, OauthClient).select_for_update().filter(client_id=client_id).first()
        if row is None:
            raise Refused("token_must_be_known", field="client_id", detail=client_id)
        if row.revoked_at is None:
            row.revoked_at = at
            row.save()
            after = {"client_id": client_id, "name": row.name}
            record_change(actor, Change("revoke_oauth_client", "oauth_client", client_id, after=after), at=at)
        transaction.on_commit(oauth.forget_token_holders)


@retried
def draw_oauth_token(*, actor: Actor, client_row_id: int, at: datetime) -> DrawnToken:
    """Give a program that has proved who it is a token for an hour; its tokens that have expired go."""
    token = oauth.new_access_token()
    with books_of(actor):
        rows_of(actor, OauthToken).filter(client_id=client_row_id, expires_at__lte=at).delete()
        OauthToken(
            tenant_id=actor.tenant_id,
            client_id=client_row_id,
            digest=oauth.digest_of(token),
            recorded_at=at,
            expires_at=at + TOKEN_LIFE,
        ).save(force_insert=True)
    return DrawnToken(access_token=token, expires_at=at + TOKEN_LIFE)


def _ids_of(actor: Actor, codes: Sequence[str]) -> list[int]:
    """The entities of these codes."""
    known = dict(rows_of(actor, RegisterEntry).filter(kind="entity", code__in=codes).values_list("code", "id"))
    for code in codes:
        if code not in known:
            raise Refused("code_must_be_known", field="entity", detail=code)
    return sorted(known.values())
