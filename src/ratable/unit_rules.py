"""Which pools of units cannot be, and which items cannot draw on them."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, localcontext

from ratable.commit_lives import UNIT_DIGITS
from ratable.option_rows import looks_at_records
from ratable.pools_of_units import MOST_UNITS
from ratable.price_plans import Refusal
from ratable.terms import ZERO, Contract, PrepaidCommit, UsageGroup, UsageItem

_EXACT_DIGITS = 100
_RATE_DIGITS = 12
_NOT_BY_UNITS = ("fixed_fee", "percentage_based")


def check_unit_pool(contract: Contract, commit: PrepaidCommit) -> Iterator[Refusal]:
    """Each rule that a commit in units breaks."""
    kind = "prepaid_commit"
    if (commit.units is None) != (commit.unit_of_measure is None):
        yield Refusal(commit.id, "units_must_have_a_measure", "units and unit_of_measure go together", kind)
    if commit.units is None:
        return
    if not fits_units(commit.units) or commit.units <= ZERO:
        yield Refusal(commit.id, "units_must_be_kept_exactly", f"units are {commit.units}", kind)
    if commit.discount_percentage or commit.rate is not None:
        detail = "its price is total_value for all its units"
        yield Refusal(commit.id, "pool_of_units_has_no_discount", detail, kind)
    if contract.opening is None:
        return
    is_named = any(balance.prepaid_commit_id == commit.id for balance in contract.opening.balances)
    if is_named or commit.starts_on <= contract.opening.as_of:
        detail = f"no balance of {commit.id} says how many units are left"
        yield Refusal(contract.id, "opening_must_tell_what_a_commit_has_left", detail, "contract")


def fits_units(units: Decimal) -> bool:
    """Can so many units be counted in whole millionths?"""
    return abs(units) <= MOST_UNITS and _has_at_most(units, UNIT_DIGITS)


def check_drawn_units(contract: Contract, item: UsageItem, group: UsageGroup | None) -> Iterator[Refusal]:
    """An item that draws units has a price plan by units, for what no pool covers."""
    is_told = item.drawdown_rate is not None or item.drawdown_unit is not None
    rate = item.drawdown_rate
    if rate is not None and (rate <= ZERO or not _has_at_most(rate, _RATE_DIGITS)):
        yield Refusal(item.id, "units_must_be_kept_exactly", f"drawdown_rate is {rate}", "usage_item")
    unit = item.drawdown_unit or (group.unit_of_measure if group else None)
    pools = {commit.unit_of_measure for commit in contract.prepaid_commits if commit.units is not None}
    if not is_told and not (item.draws and unit in pools):
        return
    is_by_units = group is not None and group.pricing_model not in _NOT_BY_UNITS
    if group is None or not item.draws or not is_by_units or looks_at_records(group.options):
        detail = f"{item.id} draws {unit} and has no plain price by units, or does not draw"
        yield Refusal(item.id, "item_must_have_units_to_draw", detail, "usage_item")


def _has_at_most(number: Decimal, digits: int) -> bool:
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        moved = number.scaleb(digits)
        return moved == moved.to_integral_value()
