"""Who acts with a token, and which tokens there are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast

from ratable_server.actor import Actor, Role
from ratable_server.store.models import ApiToken
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.tokens import holder_of


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenState:
    """A token that was given out; `hint` are its first letters."""

    token_id: int
    hint: str
    email: str
    role: str
    recorded_at: datetime
    recorded_by: str
    revoked_at: datetime | None


def actor_of_token(*, token: str, request_id: str) -> Actor | None:
    """Who holds a token, as the actor of one request; None if nobody does, or no longer."""
    holder = holder_of(token)
    if holder is None:
        return None
    tenant_id, email, role = holder
    return Actor(tenant_id=tenant_id, name=email, role=cast("Role", role), request_id=request_id)


def tokens(*, actor: Actor) -> list[TokenState]:
    """Every token of the tenant, the oldest first."""
    with books_of(actor):
        return [
            TokenState(
                token_id=row.id,
                hint=row.hint,
                email=row.email,
                role=row.role,
                recorded_at=row.recorded_at,
                recorded_by=row.recorded_by,
                revoked_at=row.revoked_at,
            )
            for row in rows_of(actor, ApiToken).order_by("id")
        ]
