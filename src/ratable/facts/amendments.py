"""Amendments: what an act after signing changes of what was agreed, and adjustments of closed months.

Each function gives new `Amendments`; those that went in stay as they were, so that a reopened month or a trial finds them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

from ratable.commit_lives import last_end
from ratable.facts.booking import Booking
from ratable.periods import month_end
from ratable.terms import BundleLine, Contract, PrepaidCommit
from ratable.terms_tables import Amendments, Row, addressed_stream

Estimate = tuple[str, date, Decimal]  # commit, month, expected breakage percentage


def with_grant(known: Amendments, commit_id: str, amount: Decimal, *, booked_on: date) -> Amendments:
    """A top-up, or a credit memo as a negative amount: it counts for the whole month that books it."""
    return replace(known, grants=(*known.grants, (commit_id, booked_on, amount)))


def with_estimate(known: Amendments, commit_id: str, percentage: Decimal, *, booked_on: date) -> Amendments:
    """An estimate of breakage, in force from the month that books it; the last one of a month counts."""
    return replace(known, estimates=in_force([*known.estimates, (commit_id, booked_on, percentage)]))


def in_force(estimates: Iterable[Estimate]) -> tuple[Estimate, ...]:
    """Of several estimates of a commit's month, in the order in which they were learned, the last."""
    last: dict[tuple[str, date], Decimal] = {}
    for commit_id, month_on, percentage in estimates:
        last.pop((commit_id, month_on), None)
        last[commit_id, month_on] = percentage
    return tuple((*key, percentage) for key, percentage in last.items())


def with_allocation(known: Amendments, item_id: str, lines: tuple[BundleLine, ...]) -> Amendments:
    """A new split of an item of a bundle; it holds for all months, closed ones too."""
    return replace(known, allocations={**known.allocations, item_id: lines})


def with_termination(known: Amendments, contract_id: str, *, on: date, released_on: date) -> Amendments:
    """The last day of service, and the day on which the books end the contract (`Booking.on`)."""
    return replace(
        known,
        terminated_on={**known.terminated_on, contract_id: on},
        released_on={**known.released_on, contract_id: released_on},
    )


def with_addressed(known: Amendments, commit_id: str) -> Amendments:
    """The commit has prepaid usage of its own: it gets a stream."""
    if commit_id in known.addressed:
        return known
    return replace(known, addressed=known.addressed | {commit_id})


def with_unaddressed(known: Amendments, contract_id: str) -> Amendments:
    """The contract has prepaid usage that names no commit: it gets a stream."""
    if contract_id in known.unaddressed:
        return known
    return replace(known, unaddressed=known.unaddressed | {contract_id})


def commit_of(contract: Contract, commit_id: str) -> PrepaidCommit:
    """A prepaid commit of a contract that has it."""
    return next(commit for commit in contract.prepaid_commits if commit.id == commit_id)


def adjustment_row(
    contract: Contract, commit_id: str, amount_minor: int, *, adjustment_id: str, service_on: date, booking: Booking
) -> Row:
    """A correction of the list value of a commit's closed month, as a row of `tables.ADJUSTMENTS`."""
    return {
        "adjustment_id": adjustment_id,
        "commit_id": commit_id,
        "contract_id": contract.id,
        "item_id": addressed_stream(commit_id),
        "service_on": service_on,
        "used_on": _last_day_of_use(contract, commit_of(contract, commit_id), service_on),
        "booked_on": booking.booked_on,
        "on": booking.on,
        "number": booking.number,
        "amount_minor": amount_minor,
    }


def _last_day_of_use(contract: Contract, commit: PrepaidCommit, month_on: date) -> date:
    """The last day of the month on which the commit is valid; the last of the month if it never is."""
    last_on = month_end(month_on)
    ends_before = last_end(commit, contract.prepaid_commits)
    if commit.starts_on > last_on or (ends_before is not None and ends_before <= month_on):
        return last_on
    return min(last_on, ends_before - timedelta(days=1)) if ends_before else last_on
