"""What another schedule of a subscription comes to, month by month beside the one that it has; nothing is agreed by it.

Owns how a change is told: as if it had always been, as that with a month that catches up, or from a day on only.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal

from ratable import tables
from ratable.money import to_major, to_minor
from ratable.periods import month_of, months_between, next_month
from ratable.recognition import scheduled_amounts
from ratable.terms import Contract, Policy, Subscription, Terms
from ratable.terms_tables import Amendments, month_rows, terms_tables
from ratable_server.actor import Actor
from ratable_server.store.load.sheets import sheet_for
from ratable_server.store.load.terms import load_policy
from ratable_server.store.scope import books_of

_THEN, _KEPT, _NEW = "then", "kept", "new"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedSchedule:
    """What a subscription was, None: it is new; what it is to be; and from which day on only, None: all of it."""

    currency: str
    was: Subscription | None
    new: Subscription
    from_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduledMonth:
    """A month from its first to its last day that is of either schedule; `was` None: it was of none."""

    starts_on: date
    ends_on: date
    was: Decimal | None
    amount: Decimal


def changed_schedule(*, actor: Actor, change: ChangedSchedule) -> list[ScheduledMonth]:
    """Every month of either schedule, in order. A month that catches up takes what those before it lack."""
    with books_of(actor):
        policy = load_policy(actor)
    new = change.new if change.from_on is None or change.was is None else _rest(change, policy)
    then = _amounts(change.currency, {_THEN: change.was, _NEW: new}, policy=policy, ends={})
    was, is_to_be = then[_THEN], then[_NEW]
    if change.was is not None and change.from_on is not None:
        is_to_be = _summed(is_to_be, _kept(change, policy))
    elif change.was is not None and new.catches_up_on is not None:
        is_to_be = _caught_up(was, is_to_be, month_of(new.catches_up_on))
    starts_on = min(change.was.starts_on, new.starts_on) if change.was else new.starts_on
    ends_before = max(change.was.ends_before, new.ends_before) if change.was else new.ends_before
    return [
        ScheduledMonth(
            starts_on=max(month_on, starts_on),
            ends_on=min(next_month(month_on), ends_before) - _DAY,
            was=None if month_on not in was else to_major(was[month_on], change.currency),
            amount=to_major(is_to_be.get(month_on, 0), change.currency),
        )
        for month_on in months_between(starts_on, ends_before)
    ]


def _rest(change: ChangedSchedule, policy: Policy) -> Subscription:
    """What is left of the new value from the day on."""
    kept = sum(_kept(change, policy).values())
    starts_on = max(change.from_on or change.new.starts_on, change.new.starts_on)
    left = to_minor(change.new.total_value, change.currency) - kept
    return replace(change.new, total_value=to_major(left, change.currency), starts_on=starts_on, catches_up_on=None)


def _kept(change: ChangedSchedule, policy: Policy) -> dict[date, int]:
    """What the schedule that it has earns before the day."""
    ends = {_KEPT: (change.from_on or date.max) - _DAY}
    return _amounts(change.currency, {_KEPT: change.was}, policy=policy, ends=ends)[_KEPT]


def _caught_up(was: dict[date, int], new: dict[date, int], catch_on: date) -> dict[date, int]:
    """Months before stay; the month that catches up has all that the new schedule earns through it, less what they had."""
    before = {month_on: minor for month_on, minor in was.items() if month_on < catch_on}
    later = {month_on: minor for month_on, minor in new.items() if month_on >= catch_on}
    later[catch_on] = later.get(catch_on, 0) - sum(before.values())
    return {**before, **later}


def _summed(one: dict[date, int], other: dict[date, int]) -> dict[date, int]:
    return {month_on: one.get(month_on, 0) + other.get(month_on, 0) for month_on in {*one, *other}}


def _amounts(
    currency: str, subscriptions: dict[str, Subscription | None], *, policy: Policy, ends: dict[str, date]
) -> dict[str, dict[date, int]]:
    """What each earns by month, as the calculation has it; `ends` are last days before their time."""
    there = {name: each for name, each in subscriptions.items() if each is not None}
    contracts = tuple(
        Contract(id=name, customer="", currency=currency, starts_on=each.starts_on, subscriptions=(each,))
        for name, each in there.items()
    )
    rows = terms_tables(Terms(policy=policy, contracts=contracts), Amendments(terminated_on=ends)).schedules
    first_on = min((row.starts_on for row in there.values()), default=date.min)
    months = month_rows(first_on, max((row.ends_before for row in there.values()), default=first_on), first_on)
    sheet = sheet_for({})
    schedules = sheet.bind_rows("changed_schedules", rows, tables.SCHEDULES)
    spine = sheet.bind_rows("changed_months", months, tables.MONTHS)
    scheduled = sheet.run(scheduled_amounts, schedules, spine, into="changed_amounts", rounding=policy.rounding)
    found: dict[str, dict[date, int]] = {name: defaultdict(int) for name in subscriptions}
    for row in sheet.fetch(scheduled).to_pylist():
        found[row["contract_id"]][row["month_on"]] += row["amount_minor"]
    return {name: dict(amounts) for name, amounts in found.items()}
