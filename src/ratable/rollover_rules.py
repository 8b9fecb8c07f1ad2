"""Which rollovers of prepaid commits cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from ratable.commit_lives import MOST_CAPPED, lives_of
from ratable.price_plans import Refusal
from ratable.terms import ZERO, Contract, PrepaidCommit, Rollover

_HUNDRED = Decimal(100)
_MOST_MONTHS = 1200
_KIND = "prepaid_commit"


def check_rollover(contract: Contract, commit: PrepaidCommit) -> Iterator[Refusal]:
    """Each rule that the rollover of a commit breaks; whether a cap fits its currency is judged with other amounts."""
    rollover = commit.rollover
    if rollover is None:
        return
    if commit.ends_before is None:
        yield Refusal(commit.id, "rollover_needs_an_expiration", "what never expires cannot roll over", _KIND)
        return
    yield from _length(contract, commit, rollover)
    yield from _cap(contract, commit, rollover)


def _length(contract: Contract, commit: PrepaidCommit, rollover: Rollover) -> Iterator[Refusal]:
    if rollover.until_commit_id is None:
        if not (1 <= (rollover.months or 0) * rollover.times <= _MOST_MONTHS and rollover.times >= 1):
            detail = f"{rollover.times} times {rollover.months} months"
            yield Refusal(commit.id, "rollover_must_have_a_length", detail, _KIND)
        return
    if rollover.months is not None or rollover.times != 1:
        detail = "it has months, or happens more than once, and lasts until another commit ends"
        yield Refusal(commit.id, "rollover_must_have_a_length", detail, _KIND)
    others = [other for other in contract.prepaid_commits if other.id == rollover.until_commit_id]
    if not any(_follows(other, commit) for other in others):
        detail = f"{rollover.until_commit_id} does not live on when {commit.id} ends"
        yield Refusal(commit.id, "rollover_must_name_a_later_commit", detail, _KIND)


def _follows(other: PrepaidCommit, commit: PrepaidCommit) -> bool:
    if commit.ends_before is None or other.starts_on > commit.ends_before:
        return False
    return other.ends_before is None or other.ends_before > commit.ends_before


def _cap(contract: Contract, commit: PrepaidCommit, rollover: Rollover) -> Iterator[Refusal]:
    """What lapses at a cap is told by the months of use, so a life with a cap ends with a month."""
    caps, percentage = (rollover.cap_amount, rollover.cap_units), rollover.cap_percentage
    if caps == (None, None) and percentage is None:
        return
    if min(cap or ZERO for cap in caps) < ZERO:
        yield Refusal(commit.id, "amount_must_be_positive", "a cap is below zero", _KIND)
    if caps[commit.units is None] is not None:
        yield Refusal(commit.id, "amount_must_be_in_the_measure_of_the_pool", "its cap is told in the other", _KIND)
    if percentage is not None and not ZERO <= percentage <= _HUNDRED:
        detail = f"cap_percentage is {percentage}"
        yield Refusal(commit.id, "percentage_must_be_between_0_and_100", detail, _KIND)
    months = rollover.months if rollover.until_commit_id is None else 1
    if (months or 0) < 1 or rollover.times < 1:
        return
    if rollover.times > MOST_CAPPED:
        yield Refusal(commit.id, "rollover_must_have_a_length", f"with a cap, {rollover.times} times", _KIND)
    begins = [life.starts_on for life in lives_of(commit, contract.prepaid_commits) if life.number]
    if any(day.day != 1 for day in begins):
        detail = f"a life begins on {next(day for day in begins if day.day != 1)}"
        yield Refusal(commit.id, "capped_rollover_must_begin_with_a_month", detail, _KIND)
