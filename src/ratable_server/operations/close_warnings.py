"""What somebody who closes a month may want to know, and what stops nothing."""

from __future__ import annotations

from datetime import date

from ratable_server.actor import Actor
from ratable_server.store.load.close_warnings import CloseWarning, load_close_warnings
from ratable_server.store.scope import books_of

__all__ = ["CloseWarning", "close_warnings"]


def close_warnings(*, actor: Actor, month_on: date) -> tuple[CloseWarning, ...]:
    """What may surprise in a month, with what is late in it; empty: nothing."""
    with books_of(actor):
        return load_close_warnings(actor, month_on)
