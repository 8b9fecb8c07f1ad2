"""Rating: the quantity of an item's month becomes an amount, line by line of its tiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from ratable.terms import Policy, Tier, UsageGroup
from tests.engine.oracle.diary import Fact
from tests.engine.oracle.options import has_options, sums_by_tier
from tests.engine.oracle.units import ZERO, in_minor, largest_remainder, rounded

PRICED_AT_SOURCE = 0


@dataclass(frozen=True)
class Line:
    """Units in a tier and their exact value in major units; tier 0 holds what was priced at source."""

    tier: int
    quantity: Fraction
    value: Fraction


@dataclass(frozen=True)
class Rated:
    """An item's month: rounded once, its lines split by largest remainder (minor units)."""

    lines: tuple[Line, ...]
    amounts: tuple[int, ...]

    @property
    def amount(self) -> int:
        return sum(self.amounts)


def unit_price(group: UsageGroup, tier: Tier) -> Fraction:
    percent = None if tier.percentage is None else Fraction(tier.percentage) / 100
    price = None if tier.price is None else Fraction(tier.price)
    candidates = (percent, price) if group.pricing_model == "percentage_based" else (price, percent)
    return next((value for value in candidates if value is not None), ZERO)


def tier_holding(group: UsageGroup, quantity: Fraction) -> Tier:
    for tier in group.tiers:
        if tier.upper_quantity is None or quantity <= tier.upper_quantity:
            return tier
    return group.tiers[-1]


def price_lines(group: UsageGroup, quantity: Fraction, policy: Policy) -> list[Line]:
    """The lines of an active month in which `quantity` was used."""
    model = group.pricing_model
    tier = tier_holding(group, quantity)
    if model == "fixed_fee":
        return [Line(tier.number, quantity, unit_price(group, tier))]
    if quantity == 0:
        first = group.tiers[0]
        due = policy.zero_usage_flat_fee and model != "package" and first.flat_fee
        return [Line(first.number, ZERO, Fraction(first.flat_fee))] if due else []
    if model == "graduated_tiered":
        return graduated_lines(group, quantity)
    if model == "package":
        started = ceil(max(ZERO, quantity - Fraction(group.free_units)) / Fraction(group.package_size or 1))
        return [Line(tier.number, quantity, started * unit_price(group, tier))]
    return [Line(tier.number, quantity, quantity * unit_price(group, tier) + Fraction(tier.flat_fee))]


def graduated_lines(group: UsageGroup, quantity: Fraction) -> list[Line]:
    lines = []
    below = ZERO
    for tier in group.tiers:
        top = quantity if tier.upper_quantity is None else min(quantity, Fraction(tier.upper_quantity))
        units = top - below
        if units > 0:
            lines.append(Line(tier.number, units, units * unit_price(group, tier) + Fraction(tier.flat_fee)))
            below = top
    return lines


def list_value(group: UsageGroup, quantity: Fraction, policy: Policy) -> Fraction:
    return sum((line.value for line in price_lines(group, quantity, policy)), start=ZERO)


def optioned_lines(group: UsageGroup, facts: Sequence[Fact], policy: Policy, *, currency: str) -> list[Line]:
    """The lines of a plan that looks at more than a month's quantity; without units there may be a fee."""
    sums = sums_by_tier(group, facts, rounding=policy.rounding, currency=currency)
    lines = [Line(tier, units, value) for tier, (units, value) in sorted(sums.items())]
    return lines or (price_lines(group, ZERO, policy) if group.tiers else [])


def rate_month(
    group: UsageGroup | None,
    facts: Sequence[Fact],
    policy: Policy,
    *,
    active: bool,
    currency: str,
    left: Fraction | None = None,
) -> Rated:
    """All that an item's month is worth; facts with an amount were priced at source.

    `left` is the quantity that pools of units have left to rate, where they bore any.
    """
    priced_here = [fact.quantity or ZERO for fact in facts if fact.amount is None] if left is None else [left]
    priced_there = [fact for fact in facts if fact.amount is not None]
    lines: list[Line] = []
    if group is not None and active and has_options(group):
        lines += optioned_lines(group, [fact for fact in facts if fact.amount is None], policy, currency=currency)
    elif group is not None and active:
        lines += price_lines(group, sum(priced_here, start=ZERO), policy)
    if priced_there:
        carried = [line for line in lines if line.tier == PRICED_AT_SOURCE]
        lines = [line for line in lines if line.tier != PRICED_AT_SOURCE]
        units = sum((fact.quantity or ZERO for fact in priced_there), start=ZERO)
        value = sum((fact.amount or ZERO for fact in priced_there), start=ZERO)
        units, value = units + sum(line.quantity for line in carried), value + sum(line.value for line in carried)
        lines.append(Line(PRICED_AT_SOURCE, units, value))
    lines.sort(key=lambda line: line.tier)
    exact = [in_minor(line.value, currency) for line in lines]
    total = rounded(sum(exact, start=ZERO), policy.rounding)
    return Rated(tuple(lines), tuple(largest_remainder(total, exact)))
