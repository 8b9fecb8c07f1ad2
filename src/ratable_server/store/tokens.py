"""Whose a token is: the look-up that must come before the tenant is known.

Nobody can change a token but by taking it back, so that its holder is remembered for a moment.
"""

from __future__ import annotations

from knox.crypto import create_token_string, hash_token

from ratable_server.store.recent import Recent
from ratable_server.store.trips import first_texts_of_request, prepared

Holder = tuple[int, str, str]  # tenant, e-mail address and role

_HOLDER = prepared("SELECT tenant_id, email, role FROM ratable_token($1)", "text")
_recent = Recent[str, Holder]()
HINT_LENGTH = 8


def new_token() -> str:
    """64 random hexadecimal letters; they are shown once and kept nowhere."""
    return str(create_token_string())


def digest_of(token: str) -> str:
    """What is kept of a token."""
    return str(hash_token(token))


def holder_of(token: str) -> Holder | None:
    """Tenant, e-mail address and role of whoever holds a token; None if nobody does.

    One that another process has taken back within the last half second may still be told.
    """
    digest = digest_of(token)
    return _recent.get(digest, lambda: _holder(digest))


def forget_holders() -> None:
    """A token was taken back: nobody holds one until it is looked up."""
    _recent.forget()


def _holder(digest: str) -> Holder | None:
    found = first_texts_of_request(_HOLDER, [digest])
    if found is None:
        return None
    tenant_id, email, role = map(str, found)
    return int(tenant_id), email, role
