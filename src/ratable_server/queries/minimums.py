"""Monthly minimums: what each month of a contract is worth so far, and what it lacks.

The true-up of a month is computed by the calculation as of the last day of that month; nothing is computed here twice.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from ratable.periods import month_of, months_between, next_month
from ratable_server.actor import Actor
from ratable_server.queries.contract_lines import usage_items
from ratable_server.queries.contracts import Contract
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.revenue import RevenueAsked, RevenueTransaction, revenue_transactions
from ratable_server.queries.usage import UsageAsked, used_months

USED = ("usage", "drawdown", "overage")
TRUE_UP = "minimum"
_NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthOfMinimum:
    """A month: what was used, what it lacks to the minimums, its whole true-up, and what of it is posted."""

    month_on: date
    used: Decimal
    used_quantity: Decimal
    shortfall: Decimal
    shortfall_quantity: Decimal
    true_up: Decimal
    posted: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MinimumPreview:
    """The month that was asked for, and every month of the contract up to it."""

    month: MonthOfMinimum
    months: tuple[MonthOfMinimum, ...]


def minimum_preview(*, actor: Actor, contract: Contract, month_on: date) -> MinimumPreview:
    """What the minimum of a contract comes to if its months are closed as the books stand."""
    ends_on = next_month(month_on) - timedelta(days=1)
    asked = RevenueAsked(contracts=[contract.code], kinds=[*USED, TRUE_UP], limit=EVERYTHING.limit)
    rows = revenue_transactions(actor=actor, on=ends_on, asked=asked).rows
    first = min(month_of(contract.starts_on), month_on)
    quantities = _quantities(actor, contract)
    months = tuple(
        _month(contract, rows, quantities, month_on=each) for each in months_between(first, next_month(month_on))
    )
    return MinimumPreview(month=months[-1], months=months)


def _quantities(actor: Actor, contract: Contract) -> dict[date, Decimal]:
    """Units that were used on the contract's items, by month."""
    items = [item.code for item in usage_items(actor=actor, contract_id=contract.id, asked=EVERYTHING).rows]
    used: dict[date, Decimal] = defaultdict(Decimal)
    for each in used_months(actor=actor, asked=UsageAsked(usage_items=items)) if items else ():
        used[each.month_on] += each.quantity
    return used


def _month(
    contract: Contract, rows: Iterable[RevenueTransaction], quantities: dict[date, Decimal], *, month_on: date
) -> MonthOfMinimum:
    own = [row for row in rows if row.service_on == month_on]
    used = _sum(row for row in own if row.kind in USED)
    lacking = (contract.minimum_monthly_commitment_amount or _NOTHING) - used
    used_quantity = quantities.get(month_on, _NOTHING)
    lacking_quantity = (contract.minimum_monthly_commitment_quantity or _NOTHING) - used_quantity
    true_ups = [row for row in own if row.kind == TRUE_UP]
    return MonthOfMinimum(
        month_on=month_on,
        used=used,
        used_quantity=used_quantity,
        shortfall=max(lacking, _NOTHING),
        shortfall_quantity=max(lacking_quantity, _NOTHING),
        true_up=_sum(true_ups),
        posted=_sum(row for row in true_ups if row.is_posted),
    )


def _sum(rows: Iterable[RevenueTransaction]) -> Decimal:
    return sum((row.amount for row in rows), _NOTHING)
