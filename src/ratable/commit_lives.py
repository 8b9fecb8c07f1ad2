"""The lives of a prepaid commit: as signed, and those into which what is left of it rolls over.

Owns when each life begins and ends and how much lives on. Does not know who draws.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_FLOOR, localcontext
from typing import NamedTuple

from ratable.money import minor_unit_digits
from ratable.periods import FAR, months_later, next_month
from ratable.terms import Contract, PrepaidCommit, Rollover

MOST_CAPPED = 3  # lives after the first, where they have a cap
ALL_MINOR = 2**63 - 1  # without a cap all lives on
UNIT_DIGITS = 6  # pools of units are counted in millionths
_EXACT_DIGITS = 100
_PLACES = {"first": 0, "last": 2}
_NOT_ROLLED = 1


class Life(NamedTuple):
    """A part of a commit's days in which it is drawn in one turn; `number` 0 is the life as signed."""

    commit: PrepaidCommit
    number: int
    starts_on: date
    ends_before: date

    @property
    def ranks_from(self) -> date:
        """The first month of its turn: a commit that rolls over within a month keeps its turn to the month's end."""
        return self.starts_on if self.starts_on.day == 1 else next_month(self.starts_on)


def lives_of(commit: PrepaidCommit, among: Sequence[PrepaidCommit]) -> list[Life]:
    """All lives, in order; `among` are the commits of the contract."""
    lives = [Life(commit, 0, commit.starts_on, commit.ends_before or FAR)]
    rollover = commit.rollover
    if rollover is None or commit.ends_before is None:
        return lives
    for number in range(1, rollover.times + 1):
        begins_on = lives[-1].ends_before
        if rollover.months is not None:
            ends_before = months_later(commit.ends_before, number * rollover.months)
        else:
            ends_before = max(begins_on, _end_of(rollover.until_commit_id, among) or begins_on)
        lives.append(Life(commit, number, begins_on, ends_before))
    return lives


def _end_of(commit_id: str | None, among: Sequence[PrepaidCommit]) -> date | None:
    """The first day on which a commit as signed is no more; None: there is no such commit."""
    return next((commit.ends_before or FAR for commit in among if commit.id == commit_id), None)


def last_end(commit: PrepaidCommit, among: Sequence[PrepaidCommit]) -> date | None:
    """The first day on which nothing of the commit lives; None: never."""
    return None if commit.ends_before is None else lives_of(commit, among)[-1].ends_before


def ranked_lives(contract: Contract) -> list[Life]:
    """The lives of a contract's commits in the order in which they are drawn."""
    commits = contract.prepaid_commits
    return sorted((life for commit in commits for life in lives_of(commit, commits)), key=_turn)


def _turn(life: Life) -> tuple[int, int, date, date, str]:
    commit, rollover = life.commit, life.commit.rollover
    place = _PLACES[rollover.applies] if rollover and life.number else _NOT_ROLLED
    return (place, commit.priority, life.ends_before, commit.starts_on, commit.id)


def cap_minor(commit: PrepaidCommit, currency: str) -> int:
    """How much of the commit lives on at most, in minor units; of a pool of units, in millionths of a unit."""
    rollover = commit.rollover or Rollover()
    whole, cap = (commit.total_value, rollover.cap_amount)
    digits = minor_unit_digits(currency)
    if commit.units is not None:
        whole, cap, digits = commit.units, rollover.cap_units, UNIT_DIGITS
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        caps = [cap] if cap is not None else []
        if rollover.cap_percentage is not None:
            caps.append((whole * rollover.cap_percentage).scaleb(-2))
        return int(min(caps).scaleb(digits).to_integral_value(ROUND_FLOOR)) if caps else ALL_MINOR
