"""When a fact is booked: closed months never change, so what is learned of them waits for an open one."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from ratable.periods import month_of


class Booking(NamedTuple):
    """The month that books a fact, its day there, and its place in the order in which the books learned them."""

    booked_on: date
    on: date
    number: int


def book(on: date, *, open_on: date, number: int) -> Booking:
    """The booking of a fact of a day: its own month, or the first open one if that is later.

    Example:
        of 17 May, where June is the first open month: booked in June, on 1 June.
    """
    booked_on = max(open_on, month_of(on))
    return Booking(booked_on=booked_on, on=max(on, booked_on), number=number)
