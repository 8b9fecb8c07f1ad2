"""Rating options: groups, records priced by themselves, aggregations, prices that records carry, limits.

Owns the lines of a month of an item whose plan has such options; the fee of a month without units is the caller's.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from ratable.terms import RatingOptions, UsageGroup
from tests.engine.oracle.diary import Fact
from tests.engine.oracle.units import ZERO, digits_of, in_minor, largest_remainder, rounded

Sums = dict[int, tuple[Fraction, Fraction]]  # of each tier its units and their value in major units
CARRIED = 0


def has_options(group: UsageGroup) -> bool:
    limited = any(tier.minimum_amount is not None or tier.maximum_amount is not None for tier in group.tiers)
    return limited or group.options != RatingOptions(overage_price=group.options.overage_price)


def sums_by_tier(group: UsageGroup, facts: Sequence[Fact], *, rounding: str, currency: str) -> Sums:
    """What the facts come to by tier, before the month is rounded."""
    options = group.options
    if options.price_dimension or options.amount_dimension:
        parts: Iterable[Sums] = (carried(options, fact) for fact in facts)
    elif options.rated_individually:
        parts = (sums for facts_of in groups_of(options, facts) for sums in one_by_one(group, facts_of))
    else:
        parts = (limited(group, in_tiers(group, ZERO, units, units)) for units in grouped_units(options, facts))
    if options.rated_individually:
        parts = (rounded_alone(sums, rounding, currency) for sums in parts)
    return capped(added(parts), options.maximum_amount)


def groups_of(options: RatingOptions, facts: Sequence[Fact]) -> list[list[Fact]]:
    """The facts of each group in the order of use."""
    found: dict[object, list[Fact]] = defaultdict(list)
    for fact in sorted(facts, key=lambda fact: fact.order):
        key = {
            "month": None,
            "day": fact.day,
            "record": fact.id,
            "upload": fact.upload,
            "dimension": dict(fact.dimensions).get(options.group_dimension or "", ""),
        }[options.rating_group]
        found[key].append(fact)
    return list(found.values())


def grouped_units(options: RatingOptions, facts: Sequence[Fact]) -> list[Fraction]:
    return [in_steps(options, counted(options, own)) for own in groups_of(options, facts)]


def counted(options: RatingOptions, facts: Sequence[Fact]) -> Fraction:
    """What of a group counts."""
    units = [fact.quantity or ZERO for fact in facts]
    if options.aggregation == "maximum":
        return max(units)
    if options.aggregation == "last":
        return units[-1]
    by_day: dict[object, Fraction] = defaultdict(Fraction)
    for fact in facts:
        by_day[fact.day] += fact.quantity or ZERO
    return max(by_day.values()) if options.aggregation == "highest_day" else sum(units, start=ZERO)


def in_steps(options: RatingOptions, units: Fraction) -> Fraction:
    """Rounded to the decimals of the unit of measure."""
    if options.quantity_decimals is None:
        return units
    size = 10**options.quantity_decimals
    if options.quantity_rounding in ("up", "down"):
        whole = ceil(units * size) if options.quantity_rounding == "up" else floor(units * size)
        return Fraction(whole, size)
    return Fraction(rounded(units * size, options.quantity_rounding), size)


def one_by_one(group: UsageGroup, facts: Sequence[Fact]) -> Iterable[Sums]:
    units = [in_steps(group.options, fact.quantity or ZERO) for fact in facts]
    total, before = sum(units, start=ZERO), ZERO
    for own in units:
        yield in_tiers(group, before, before + own, total)
        before += own


def in_tiers(group: UsageGroup, before: Fraction, after: Fraction, total: Fraction) -> Sums:
    """The part of a group from one mark of its counter to another; who touches a tier first has its flat fee."""
    if after == before:
        return {}
    sums: Sums = {}
    lower = ZERO
    for tier in group.tiers:
        upper = None if tier.upper_quantity is None else Fraction(tier.upper_quantity)
        if group.pricing_model == "graduated_tiered":
            first, last = (max(lower, mark if upper is None else min(mark, upper)) for mark in (before, after))
            touched_before = first > lower
        else:
            holds = (total > lower or tier.number == 1) and (upper is None or total <= upper)
            first, last = (before, after) if holds else (ZERO, ZERO)
            touched_before = before > 0
        if last > first:
            fee = ZERO if touched_before else Fraction(tier.flat_fee)
            sums[tier.number] = last - first, (last - first) * Fraction(tier.price or 0) + fee
        lower = lower if upper is None else upper
    return sums


def limited(group: UsageGroup, sums: Sums) -> Sums:
    least = {tier.number: Fraction(tier.minimum_amount or 0) for tier in group.tiers}
    most = {tier.number: Fraction(tier.maximum_amount) for tier in group.tiers if tier.maximum_amount is not None}
    found = {}
    for tier, (units, value) in sums.items():
        at_least = max(value, least[tier])
        found[tier] = units, min(at_least, most.get(tier, at_least))
    return found


def carried(options: RatingOptions, fact: Fact) -> Sums:
    told = dict(fact.dimensions)
    units = in_steps(options, fact.quantity or ZERO)
    if options.price_dimension:
        return {CARRIED: (units, units * Fraction(told[options.price_dimension]))}
    return {CARRIED: (units, Fraction(told[options.amount_dimension or ""]))}


def rounded_alone(sums: Sums, rounding: str, currency: str) -> Sums:
    """One record in whole minor units, its tiers by largest remainder."""
    tiers = sorted(sums)
    exact = [in_minor(sums[tier][1], currency) for tier in tiers]
    if not tiers:
        return {}
    shares = largest_remainder(rounded(sum(exact, start=ZERO), rounding), exact)
    size = 10 ** digits_of(currency)
    return {tier: (sums[tier][0], Fraction(share, size)) for tier, share in zip(tiers, shares, strict=True)}


def added(parts: Iterable[Sums]) -> Sums:
    total: Sums = {}
    for sums in parts:
        for tier, (units, value) in sums.items():
            before = total.get(tier, (ZERO, ZERO))
            total[tier] = before[0] + units, before[1] + value
    return total


def capped(sums: Sums, maximum: Decimal | None) -> Sums:
    """No more than the maximum: lower tiers come first."""
    if maximum is None:
        return sums
    left, found = Fraction(maximum), {}
    for tier in sorted(sums):
        units, value = sums[tier]
        found[tier] = units, min(value, left)
        left -= found[tier][1]
    return found
