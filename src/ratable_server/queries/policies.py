"""The accounting policy that everything is computed under."""

from __future__ import annotations

from ratable.terms import Policy
from ratable_server.actor import Actor
from ratable_server.store.load.terms import load_policy
from ratable_server.store.scope import books_of


def tenant_policy(*, actor: Actor) -> Policy:
    """The policy in force."""
    with books_of(actor):
        return load_policy(actor)
