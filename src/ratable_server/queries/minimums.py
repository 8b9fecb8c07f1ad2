"""Monthly minimums: what each month of a contract is worth so far, and what it lacks.

The true-up of a month is computed by the calculation as of the last day of that month; nothing is computed here twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from ratable.money import minor_unit_digits
from ratable.periods import day_after, month_end, month_of, months_between, next_month
from ratable_server.actor import Actor
from ratable_server.queries.contract_lines import UsageItem, usage_items
from ratable_server.queries.contracts import Contract
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.revenue import RevenueAsked, RevenueTransaction, revenue_transactions
from ratable_server.queries.usage import UsageAsked, used_months
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.load.terms import load_policy
from ratable_server.store.scope import books_of

USED = ("usage", "drawdown", "overage")
TRUE_UP = "minimum"
_NOTHING = Decimal(0)
_UNIT = Decimal("0.000000000001")


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOfMinimum:
    """A month: its floors, what was used, what it lacks to them, its whole true-up, and what of it is posted.

    The floors of a month are nothing where the contract does not touch it.
    """

    month_on: date
    floor: Decimal
    floor_quantity: Decimal
    used: Decimal
    used_quantity: Decimal
    shortfall: Decimal
    shortfall_quantity: Decimal
    true_up: Decimal
    posted: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumPreview:
    """The month that was asked for, and every month of the contract up to it; how a month counts that is not whole.

    `waits_for_usage_group`: there is a minimum in units, and no usage group yet by which they have a price.
    """

    partial_month: str
    waits_for_usage_group: bool
    month: MonthOfMinimum
    months: tuple[MonthOfMinimum, ...]


def minimum_preview(*, actor: Actor, contract: Contract, month_on: date) -> MinimumPreview:
    """What the minimum of a contract comes to if its months are closed as the books stand.

    What was learned too late of a closed month is booked at the end of the first open one.
    """
    with books_of(actor):
        partial_month, open_on = load_policy(actor).minimum_partial_month, first_open_month(actor)
    asked = RevenueAsked(contracts=[contract.code], kinds=[*USED, TRUE_UP], limit=EVERYTHING.limit)
    last_on = month_end(max(month_on, open_on or month_on))
    rows = revenue_transactions(actor=actor, on=last_on, asked=asked).rows
    first = min(month_of(contract.starts_on), month_on)
    items = usage_items(actor=actor, contract_id=contract.id, asked=EVERYTHING).rows
    quantities = _quantities(actor, items)
    is_priced = any(item.usage_group is not None for item in items)
    months = tuple(
        _month(_floors(contract, each, partial_month), rows, quantities, month_on=each)
        for each in months_between(first, next_month(month_on))
    )
    return MinimumPreview(
        partial_month=partial_month,
        waits_for_usage_group=bool(contract.minimum_monthly_commitment_quantity) and not is_priced,
        month=months[-1],
        months=months,
    )


def _quantities(actor: Actor, items: Iterable[UsageItem]) -> dict[date, Decimal]:
    """Units that count toward a minimum, by month: those that no prepaid commit pays for."""
    codes = [item.code for item in items if not item.draws]
    used: dict[date, Decimal] = defaultdict(Decimal)
    for each in used_months(actor=actor, asked=UsageAsked(usage_items=codes)) if codes else ():
        used[each.month_on] += each.quantity
    return used


def _floors(contract: Contract, month_on: date, partial_month: str) -> tuple[Decimal, Decimal]:
    """The minimums of a month: whole for every month that the contract touches, or by its days."""
    month_ends = next_month(month_on)
    starts_on = max(contract.starts_on, day_after(contract.opening_as_of) if contract.opening_as_of else date.min)
    terminated = day_after(contract.terminated_on) if contract.terminated_on else date.max
    days = (min(month_ends, contract.ends_before or date.max, terminated) - max(month_on, starts_on)).days
    whole = (month_ends - month_on).days
    part = max(days, 0) if partial_month == "prorated" else whole if days > 0 else 0
    amount = contract.minimum_monthly_commitment_amount or _NOTHING
    quantity = contract.minimum_monthly_commitment_quantity or _NOTHING
    if part == whole:
        return amount, quantity
    unit = Decimal(1).scaleb(-minor_unit_digits(contract.currency))
    shares = (amount * part / whole).quantize(unit, ROUND_HALF_UP), (quantity * part / whole).quantize(_UNIT)
    return shares if part else (_NOTHING, _NOTHING)


def _month(
    floors: tuple[Decimal, Decimal],
    rows: Iterable[RevenueTransaction],
    quantities: dict[date, Decimal],
    *,
    month_on: date,
) -> MonthOfMinimum:
    own = [row for row in rows if row.service_on == month_on]
    used = _sum(row for row in own if row.kind in USED)
    used_quantity = quantities.get(month_on, _NOTHING)
    true_ups = [row for row in own if row.kind == TRUE_UP]
    return MonthOfMinimum(
        month_on=month_on,
        floor=floors[0],
        floor_quantity=floors[1],
        used=used,
        used_quantity=used_quantity,
        shortfall=max(floors[0] - used, _NOTHING),
        shortfall_quantity=max(floors[1] - used_quantity, _NOTHING),
        true_up=_sum(true_ups),
        posted=_sum(row for row in true_ups if row.is_posted),
    )


def _sum(rows: Iterable[RevenueTransaction]) -> Decimal:
    return sum((row.amount for row in rows), _NOTHING)
