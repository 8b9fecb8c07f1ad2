"""Is a price plan one that can be rated, and does it surprise?

Owns the rules of one usage group on its own (tiers, prices, package size) and the records of a
refusal and of a warning. It does not own rating, nor the rules that need a contract.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from decimal import Decimal, localcontext
from itertools import pairwise
from typing import Literal

from ratable.option_rows import QUANTITY_DECIMALS, has_limits
from ratable.terms import PLAIN, RatingOptions, Tier, UsageGroup

ZERO = Decimal(0)
ONE = Decimal(1)
HUNDRED = Decimal(100)
TIERED_MODELS = ("unit_based", "volume_based", "graduated_tiered")  # those that may have rating options
Basis = Literal["price", "percentage"]
_OPTIONS = tuple(field.name for field in fields(RatingOptions))
_DIMENSION = re.compile(r"[A-Za-z0-9_-]{1,100}")


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
        amount_must_be_positive, option_must_fit_the_pricing_model, options_must_go_together,
        prerated_plan_must_not_have_tiers, tier_maximum_must_not_be_below_minimum,
        quantity_decimals_must_be_at_most_12, dimension_must_have_a_plain_name

    Example:
        volume tiers 0.08 up to 10000 and 0.05 above: 10000 units cost 800.00 and 10001 units
        cost 500.05, so the second tier gets the warning price_falls_at_tier.
    """
    refusals = [*_tiers(group), *_prices(group), *_package(group), *refuse_options(group)]
    warnings = [] if refusals else [*_unreachable_tiers(group), *_cliffs(group)]
    return refusals, warnings


def basis_of(group: UsageGroup, tier: Tier) -> Basis:
    """What a tier of a plan is charged by: tiers that cut a quantity or reprice it may be of units or of money."""
    if group.pricing_model in ("graduated_tiered", "volume_based"):
        return "price" if tier.percentage is None else "percentage"
    return "percentage" if group.pricing_model == "percentage_based" else "price"


def tiers_with_lower_bounds(group: UsageGroup) -> Iterator[tuple[Decimal, Tier]]:
    """Each tier with its exclusive lower bound: the upper bound of the tier before, 0 at first."""
    lower = ZERO
    for tier in group.tiers:
        yield lower, tier
        lower = lower if tier.upper_quantity is None else tier.upper_quantity


def _tiers(group: UsageGroup) -> Iterator[Refusal]:
    """Where records carry their prices there is nothing that a tier could say."""
    if not group.options.is_prerated:
        yield from _bounds(group)
    elif group.tiers:
        yield Refusal(
            group.id, "prerated_plan_must_not_have_tiers", f"it has {len(group.tiers)}, and records carry prices"
        )


def _bounds(group: UsageGroup) -> Iterator[Refusal]:
    is_open = [tier.upper_quantity is None for tier in group.tiers]
    if is_open and group.options.overage_price is not None:
        is_open.append(True)  # the overage is the tier above the last
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


def refuse_options(group: UsageGroup) -> Iterator[Refusal]:
    """The rules of rating options and of limits: which there can be, and which go together."""
    options = group.options
    for name in _unfit_options(group):
        detail = f"{name} of a plan that is {group.pricing_model}"
        yield Refusal(group.id, "option_must_fit_the_pricing_model", detail)
    for detail in _contradictions(group):
        yield Refusal(group.id, "options_must_go_together", detail)
    if options.quantity_decimals is not None and not 0 <= options.quantity_decimals <= QUANTITY_DECIMALS:
        detail = f"quantity_decimals is {options.quantity_decimals}"
        yield Refusal(group.id, "quantity_decimals_must_be_at_most_12", detail)
    for dimension in (options.group_dimension, options.price_dimension, options.amount_dimension):
        if dimension is not None and not _DIMENSION.fullmatch(dimension):
            detail = f"{dimension!r} is not letters, digits and _ - only"
            yield Refusal(group.id, "dimension_must_have_a_plain_name", detail)
    yield from _limits(group)


def _unfit_options(group: UsageGroup) -> Iterator[str]:
    """The options that a pricing model cannot have."""
    options, model = group.options, group.pricing_model
    if model not in TIERED_MODELS:
        without = replace(options, overage_price=None)
        yield from (name for name in _OPTIONS if getattr(without, name) != getattr(PLAIN, name))
        if has_limits(group):
            yield "a limit of a tier"
    if options.overage_price is not None and model != "graduated_tiered":
        yield "overage_price"
    if options.is_prerated and model in TIERED_MODELS and model != "unit_based":
        yield "a price in a dimension"


def _contradictions(group: UsageGroup) -> Iterator[str]:
    """Options that say two things at once, or one that nothing could mean."""
    options = group.options
    if (options.group_dimension is not None) != (options.rating_group == "dimension"):
        yield "group_dimension belongs to rating_group dimension, and that to it"
    if options.quantity_decimals is None and options.quantity_rounding != PLAIN.quantity_rounding:
        yield "quantity_rounding needs quantity_decimals"
    if options.aggregation != "sum" and (options.rating_group != "month" or options.rated_individually):
        yield "an aggregation is of a month and of all its records"
    if options.rated_individually and has_limits(group):
        yield "a limit of a tier is of a group, not of a record"
    if options.is_prerated and (options.rating_group != "month" or options.aggregation != "sum"):
        yield "records that carry their prices are neither grouped nor aggregated"
    if options.is_prerated and (options.maximum_amount is not None or options.overage_price is not None):
        yield "records that carry their prices have no other price and no maximum"
    if options.price_dimension is not None and options.amount_dimension is not None:
        yield "a record carries its unit price or its amount"


def _limits(group: UsageGroup) -> Iterator[Refusal]:
    options = group.options
    if options.maximum_amount is not None and options.maximum_amount <= ZERO:
        yield Refusal(group.id, "amount_must_be_positive", f"maximum_amount is {options.maximum_amount}")
    if options.overage_price is not None and options.overage_price < ZERO:
        yield Refusal(group.id, "amount_must_be_positive", f"overage_price is {options.overage_price}")
    for tier in group.tiers:
        least, most = tier.minimum_amount or ZERO, tier.maximum_amount
        if least < ZERO or (most is not None and most < ZERO):
            yield Refusal(group.id, "amount_must_be_positive", f"tier {tier.number} has a limit below zero")
        if most is not None and most < least:
            detail = f"tier {tier.number} is at least {least} and at most {most}"
            yield Refusal(group.id, "tier_maximum_must_not_be_below_minimum", detail)


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
