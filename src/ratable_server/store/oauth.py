"""Which program a secret or a token is of: the look-ups that must come before the tenant is known.

Which one has drawn a token is remembered for a moment, as in `tokens`, and within the same second of the clock.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from django.db import connection
from knox.crypto import hash_token

from ratable_server.store.recent import Recent

_SECRET_BYTES, _TOKEN_BYTES = 30, 16  # 40 and 32 letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Holder:
    """The program behind a secret or a token; `entities` are the ids that it may name, none: any."""

    row_id: int
    tenant_id: int
    name: str
    role: str
    entities: tuple[int, ...]


_recent = Recent[tuple[str, datetime], Holder]()


def new_client_id() -> str:
    """36 letters, drawn."""
    return str(uuid.UUID(bytes=secrets.token_bytes(16), version=4))


def new_secret() -> str:
    """40 random letters; they are shown once and kept nowhere."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def new_access_token() -> str:
    """32 random hexadecimal letters; they are shown once and kept nowhere."""
    return secrets.token_hex(_TOKEN_BYTES)


def digest_of(secret: str) -> str:
    """What is kept of a secret or a token."""
    return str(hash_token(secret))


def client_holding(client_id: str, secret: str) -> Holder | None:
    """The program with this id and this secret; None: there is none, or no longer."""
    return _holder("SELECT * FROM ratable_oauth_client(%s, %s)", [client_id, digest_of(secret)])


def token_holder(token: str, *, at: datetime) -> Holder | None:
    """The program that has drawn a token; None: none has, or it has expired, or its program was taken back.

    One that has expired, or that another process has taken back, within the last half second may still be told.
    """
    digest = digest_of(token)
    look_up = partial(_holder, "SELECT * FROM ratable_oauth_token(%s, %s)", [digest, at])
    return _recent.get((digest, at.replace(microsecond=0)), look_up)


def forget_token_holders() -> None:
    """A program was taken back: none has drawn a token until that is looked up."""
    _recent.forget()


def _holder(statement: str, values: Sequence[str | datetime]) -> Holder | None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        found = cursor.fetchone()
    if found is None:
        return None
    row_id, tenant_id, name, role, entities = found
    return Holder(row_id=row_id, tenant_id=tenant_id, name=name, role=role, entities=tuple(entities))
