"""Closed months never change: which days no close has settled, and terms that reach back behind them.

Owns the lock under which terms are changed: while somebody changes them no month is closed.
"""

from __future__ import annotations

from datetime import date

from ratable.periods import month_of
from ratable.terms import Contract
from ratable.terms_tables import counts_from
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.locks import share_month


def keep_open(actor: Actor, on: date) -> date:
    """The first day that no close has settled; it stays so until this transaction ends.

    `on` is the first day that what is changed could count: while nothing is closed, its month is kept open.
    """
    while True:
        open_on = first_open_month(actor)
        if share_month(actor, open_on or month_of(on)) != "closed":
            return open_on or date.min


def first_day_open(actor: Actor) -> date:
    """The first day that no close has settled, as of now."""
    return first_open_month(actor) or date.min


def refuse_closed(on: date, open_on: date, *, field: str) -> None:
    """Go on, unless a day lies in a closed month.

    Refuses:
        period_must_be_open
    """
    if on < open_on:
        raise Refused("period_must_be_open", field=field, detail=f"{on} is closed, {open_on:%Y-%m} is open")


def refuse_closed_months(contract: Contract, open_on: date, *, field: str) -> None:
    """Go on, unless a month of the contract is closed: what `field` says counts for all of them.

    Refuses:
        period_must_be_open
    """
    refuse_closed(month_of(counts_from(contract)), open_on, field=field)
