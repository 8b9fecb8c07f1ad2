"""Tokens of programs: given out once, taken back at any time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ratable_server.actor import Actor, Role
from ratable_server.errors import Refused
from ratable_server.operations.soundness import refuse_unfit_text
from ratable_server.operations.writing import changes_by
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import ApiToken
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of
from ratable_server.store.tokens import HINT_LENGTH, digest_of, forget_holders, new_token

_EMAIL = re.compile(r"[^@\s]{1,200}@[^@\s]{1,200}")


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedToken:
    """A new token; `token` is told here and never again."""

    token_id: int
    token: str
    email: str
    role: Role


@retried
def create_token(*, actor: Actor, email: str, role: Role, at: datetime) -> IssuedToken:
    """Give a program a token, with which it acts as `email` in this role until somebody takes it back.

    Refuses:
        role_must_allow_it, email_must_be_an_address
    """
    refuse_unfit_text("email", email)
    if not _EMAIL.fullmatch(email):
        raise Refused("email_must_be_an_address", field="email", detail=email)
    token = new_token()
    with changes_by(actor, "admin"):
        row = ApiToken(
            tenant_id=actor.tenant_id,
            digest=digest_of(token),
            hint=token[:HINT_LENGTH],
            email=email,
            role=role,
            recorded_at=at,
            recorded_by=actor.name,
        )
        row.save(force_insert=True)
        after = {"email": email, "role": role, "hint": row.hint}
        record_change(actor, Change("create_token", "api_token", str(row.id), after=after), at=at)
    return IssuedToken(token_id=row.id, token=token, email=email, role=role)


@retried
def revoke_token(*, actor: Actor, token_id: int, at: datetime) -> None:
    """Take a token back; the next request with it is refused, within half a second also by other processes.

    Doing so again changes nothing.

    Refuses:
        role_must_allow_it, token_must_be_known
    """
    with changes_by(actor, "admin"):
        row = rows_of(actor, ApiToken).select_for_update().filter(id=token_id).first()
        if row is None:
            raise Refused("token_must_be_known", field="token_id", detail=str(token_id))
        if row.revoked_at is None:
            row.revoked_at = at
            row.save()
            after = {"email": row.email, "hint": row.hint}
            record_change(actor, Change("revoke_token", "api_token", str(row.id), after=after), at=at)
        transaction.on_commit(forget_holders)
