"""Is a price plan one that can be rated, and does it surprise?

Owns the rules of one usage group on its own (tiers, prices, package size) and the records of a
refusal and of a warning. It does not own rating, nor the rules that need a contract.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import pairwise

from ratable.terms import Tier, UsageGroup

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)


@dataclass(frozen=True, slots=True)
class Refusal:
    """A term that cannot be.

    `kind` tells what `id` is the id of (usage_group, product_bundle, contract, usage_item,
    prepaid_commit, subscription, milestone), since ids are unique per kind only. With
    `contract` the refusal holds in that contract only.
    """

    id: str
    code: str
    detail: str
    kind: str = "usage_group"
    contract: str | None = None


@dataclass(frozen=True, slots=True)
class PriceWarning:
    """A term that can be, but that the people who agreed it may not expect."""

    id: str
    code: str
    detail: str


def check_price_plan(group: UsageGroup) -> tuple[list[Refusal], list[PriceWarning]]:
    """Tell what makes a price plan impossible, and what makes it surprising.

    Warnings are only looked for in a plan without refusals. A plan whose marginal price only
    falls (graduated) is no surprise; one whose whole quantity is repriced at a bound may be.

    Refuses:
        tiers_must_have_one_open_end, tiers_must_ascend, tiers_must_not_leave_a_gap,
        tiers_must_not_overlap, tier_must_have_a_price, package_must_have_a_size,
        amount_must_be_positive

    Example:
        volume tiers 0.08 up to 10000 and 0.05 above: 10000 units cost 800.00 and 10001 units
        cost 500.05, so the second tier gets the warning price_falls_at_tier.
    """
    refusals = [*_bounds(group), *_prices(group), *_package(group)]
    warnings = [] if refusals else [*_unreachable_tiers(group), *_cliffs(group)]
    return refusals, warnings


def tiers_with_lower_bounds(group: UsageGroup) -> Iterator[tuple[Decimal, Tier]]:
    """Each tier with its exclusive lower bound: the upper bound of the tier before, 0 at first."""
    lower = ZERO
    for tier in group.tiers:
        yield lower, tier
        lower = lower if tier.upper_quantity is None else tier.upper_quantity


def _bounds(group: UsageGroup) -> Iterator[Refusal]:
    is_open = [tier.upper_quantity is None for tier in group.tiers]
    if not is_open or not is_open[-1] or any(is_open[:-1]):
        yield Refusal(group.id, "tiers_must_have_one_open_end", "only the last tier has no to_quantity")
        return
    for lower, tier in tiers_with_lower_bounds(group):
        yield from _upper_bound(group, tier, lower)
        yield from _lower_bound(group, tier, lower)


def _upper_bound(group: UsageGroup, tier: Tier, lower: Decimal) -> Iterator[Refusal]:
    """The first tier may end at 0, if only for a quantity of 0."""
    upper = tier.upper_quantity
    if upper is not None and (upper < lower or (upper == lower and tier.number > 1)):
        yield Refusal(group.id, "tiers_must_ascend", f"tier {tier.number} ends at {upper}, after {lower}")


def _lower_bound(group: UsageGroup, tier: Tier, lower: Decimal) -> Iterator[Refusal]:
    """Both habits of writing are taken: 0-1000, 1000-2000 and 1-1000, 1001-2000."""
    start = tier.lower_quantity
    if start is not None and start > lower + ONE:
        yield Refusal(group.id, "tiers_must_not_leave_a_gap", f"tier {tier.number} starts at {start}, after {lower}")
    if start is not None and start < lower:
        yield Refusal(group.id, "tiers_must_not_overlap", f"tier {tier.number} starts at {start}, before {lower}")


def _prices(group: UsageGroup) -> Iterator[Refusal]:
    for tier in group.tiers:
        if (tier.price is None) == (tier.percentage is None):
            yield Refusal(group.id, "tier_must_have_a_price", f"tier {tier.number} has not one of price and percentage")
        if min(tier.price or ZERO, tier.percentage or ZERO, tier.flat_fee) < ZERO:
            yield Refusal(group.id, "amount_must_be_positive", f"tier {tier.number} has a price below zero")


def _package(group: UsageGroup) -> Iterator[Refusal]:
    if group.pricing_model == "package" and (group.package_size or ZERO) <= ZERO:
        yield Refusal(group.id, "package_must_have_a_size", f"package_size is {group.package_size}")
    if group.free_units < ZERO:
        yield Refusal(group.id, "amount_must_be_positive", f"free_units is {group.free_units}")


def _unreachable_tiers(group: UsageGroup) -> Iterator[PriceWarning]:
    """A tier that ends within the free units (or at 0) never prices anything."""
    if group.pricing_model == "fixed_fee":
        return
    for tier in group.tiers:
        if tier.upper_quantity is not None and tier.upper_quantity <= group.free_units:
            detail = f"tier {tier.number} ends at {tier.upper_quantity}, within the {group.free_units} free units"
            yield PriceWarning(group.id, "tier_is_unreachable", detail)


def _cliffs(group: UsageGroup) -> Iterator[PriceWarning]:
    """Compare the amount at each bound with the amount just above it, in the next tier."""
    if group.pricing_model in ("graduated_tiered", "fixed_fee"):
        return
    for tier, following in pairwise(group.tiers):
        bound = tier.upper_quantity or ZERO
        at_bound, above = _amount(group, tier, bound), _amount(group, following, bound, just_above=True)
        if above < at_bound:
            detail = f"{bound:f} costs {at_bound:f}, just above it costs {above:f}"
            yield PriceWarning(group.id, "price_falls_at_tier", f"tier {following.number}: {detail}")


def _amount(group: UsageGroup, tier: Tier, quantity: Decimal, *, just_above: bool = False) -> Decimal:
    """What the whole quantity costs in one tier; `just_above` takes the limit from above."""
    unit_price = tier.price if tier.price is not None else (tier.percentage or ZERO) / HUNDRED
    with localcontext() as context:
        context.prec = 100
        units = quantity
        if group.package_size is not None and group.pricing_model == "package":
            units = _packages(group, group.package_size, quantity, just_above=just_above)
        return units * unit_price + tier.flat_fee


def _packages(group: UsageGroup, size: Decimal, quantity: Decimal, *, just_above: bool) -> Decimal:
    billable = quantity - group.free_units
    if billable < ZERO:
        return ZERO
    whole, rest = divmod(billable, size)
    return whole + ONE if rest > ZERO or just_above else whole
