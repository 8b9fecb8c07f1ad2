"""Whose a token is: the look-up that must come before the tenant is known."""

from __future__ import annotations

from knox.crypto import create_token_string, hash_token

from ratable_server.store.trips import first_texts_of_request, prepared

_HOLDER = prepared("SELECT tenant_id, email, role FROM ratable_token($1)", "text")
HINT_LENGTH = 8


def new_token() -> str:
    """64 random hexadecimal letters; they are shown once and kept nowhere."""
    return str(create_token_string())


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return str(hash_token(token))


def holder_of(token: str) -> tuple[int, str, str] | None:
    """Tenant, e-mail address and role of whoever holds a token; None if nobody does, or no longer."""
    found = first_texts_of_request(_HOLDER, [digest_of(token)])
    if found is None:
        return None
    tenant_id, email, role = map(str, found)
    return int(tenant_id), email, role
