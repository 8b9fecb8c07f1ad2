"""The lives of a prepaid commit: the one as signed, and those into which what is left of it rolls over.

Owns their days, whose turn it is in a month, and how much lives on. Money is counted in minor units, units in millionths.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from math import floor

from ratable.terms import PrepaidCommit
from tests.engine.oracle.units import add_months, in_minor, next_month

MILLIONTHS = 10**6


@dataclass(frozen=True)
class Life:
    """Days from `first` to the day before `over`; `over` is None for ever."""

    first: date
    over: date | None

    @property
    def turn_from(self) -> date:
        """A commit keeps its turn to the end of the month in which it rolls over."""
        return self.first if self.first.day == 1 else next_month(self.first)


def lives_of(commit: PrepaidCommit, siblings: Iterable[PrepaidCommit]) -> list[Life]:
    found = [Life(commit.starts_on, commit.ends_before)]
    rollover, end = commit.rollover, commit.ends_before
    if rollover is None or end is None:
        return found
    if rollover.until_commit_id is not None:
        until = {other.id: other.ends_before for other in siblings}[rollover.until_commit_id]
        return [*found, Life(end, until)]
    ends = [add_months(end, count * (rollover.months or 0)) for count in range(rollover.times + 1)]
    return found + [Life(first, over) for first, over in pairwise(ends)]


def turn_in(commit: PrepaidCommit, lives: list[Life], month: date) -> tuple[object, ...]:
    """Where the commit stands among those of its contract in a month: the smallest is drawn first."""
    number = max((n for n, life in enumerate(lives) if n and life.turn_from <= month), default=0)
    applies = commit.rollover.applies if commit.rollover and number else "as signed"
    place = ("first", "as signed", "last").index(applies)
    return place, commit.priority, lives[number].over or date.max, commit.starts_on, commit.id


def cap_of(commit: PrepaidCommit, currency: str) -> int | None:
    """The most that lives on, in whole minor units or millionths; None for all."""
    rollover = commit.rollover
    if rollover is None:
        return None

    def whole(amount: Decimal | Fraction) -> Fraction:
        return Fraction(amount) * MILLIONTHS if commit.units is not None else in_minor(amount, currency)

    sold, told = (commit.total_value, rollover.cap_amount)
    if commit.units is not None:
        sold, told = commit.units, rollover.cap_units
    caps = [] if told is None else [whole(told)]
    if rollover.cap_percentage is not None:
        caps.append(whole(Fraction(sold) * Fraction(rollover.cap_percentage) / 100))
    return floor(min(caps)) if caps else None
