"""Booking a fact while months are being closed: the month is locked first, and its status read again after.

Owns the write path up to the number of a fact. The month, the day and the place are those of `ratable.facts.booking`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from ratable.facts.booking import Booking, book
from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.operations.soundness import refuse_unfit_day
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.locks import share_month
from ratable_server.store.numbers import next_fact_number

_NOT_YET = 0


def take_booking(actor: Actor, on: date) -> Booking:
    """The booking of a fact of a day, in a month that stays open until this transaction ends; not numbered yet.

    While nothing is closed every month is open. A month that was closed while this waited for it is late: the
    fact goes to what is then the first open one.
    """
    while True:
        booking = book(on, open_on=first_open_month(actor) or month_of(on), number=_NOT_YET)
        if share_month(actor, booking.booked_on) != "closed":
            return booking


def take_months(actor: Actor, days: Iterable[date]) -> None:
    """Keep the months open in which facts of these days are booked: the earlier first, and before any contract.

    Who files several facts, or holds contracts before he files one, takes them so.

    Refuses:
        date_must_be_in_range
    """
    wanted = sorted(set(days))
    for on in wanted:
        refuse_unfit_day("on", on)
    for on in wanted:
        take_booking(actor, on)


def numbered(actor: Actor, booking: Booking) -> Booking:
    """The booking with the next number of a fact; other writers of the tenant wait from here to the commit."""
    return booking._replace(number=next_fact_number(actor))
