"""Whose a token is: the look-up that must come before the tenant is known."""

from __future__ import annotations

from django.db import connection
from knox.crypto import create_token_string, hash_token

HINT_LENGTH = 8


def new_token() -> str:
    """64 random hexadecimal letters; they are shown once and kept nowhere."""
    return str(create_token_string())


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return str(hash_token(token))


def holder_of(token: str) -> tuple[int, str, str] | None:
    """Tenant, e-mail address and role of whoever holds a token; None if nobody does, or no longer."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tenant_id, email, role FROM ratable_token(%s)", [digest_of(token)])
        found = cursor.fetchone()
    return found if found is None else (int(found[0]), str(found[1]), str(found[2]))
