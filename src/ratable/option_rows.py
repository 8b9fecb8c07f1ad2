"""Rating options as tables: what the stages read of a price plan that looks at more than a month's quantity.

Owns the translation of `terms.RatingOptions` and of the limits of tiers into rows of `tables`. A plan without either
has no row, which is how a run sees that there is nothing to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ratable.money import to_e12
from ratable.terms import PLAIN, ZERO, RatingOptions, Tier, UsageGroup

Row = dict[str, object]
QUANTITY_DECIMALS = 12  # as many as are kept


def looks_at_records(options: RatingOptions) -> bool:
    """Must records be looked at one by one, or grouped otherwise than by month?"""
    return replace(options, overage_price=None) != PLAIN


def priced_tiers(group: UsageGroup) -> tuple[Tier, ...]:
    """The tiers of a plan; units above the last one, at the overage price, are one more."""
    price = group.options.overage_price
    if price is None:
        return group.tiers
    return (*group.tiers, Tier(number=len(group.tiers) + 1, price=price))


def has_limits(group: UsageGroup) -> bool:
    """Has the amount of a tier a minimum or a maximum?"""
    return any(tier.minimum_amount is not None or tier.maximum_amount is not None for tier in group.tiers)


def option_rows(item_id: str, group: UsageGroup) -> Iterator[Row]:
    """The row of `tables.RATING_OPTIONS` of an item, if its plan needs one."""
    options = group.options
    if not looks_at_records(options) and not has_limits(group):
        return
    decimals = options.quantity_decimals
    yield {
        "item_id": item_id,
        "rating_group": options.rating_group,
        "group_dimension": options.group_dimension or "",
        "is_individual": options.rated_individually,
        "aggregation": options.aggregation,
        "price_dimension": options.price_dimension or "",
        "amount_dimension": options.amount_dimension or "",
        "quantity_step_e12": 0 if decimals is None else 10 ** (QUANTITY_DECIMALS - decimals),
        "quantity_rounding": options.quantity_rounding,
        "maximum_e12": to_e12(options.maximum_amount or ZERO),
    }


def limit_rows(item_id: str, group: UsageGroup) -> Iterator[Row]:
    """The rows of `tables.TIER_LIMITS` of an item."""
    for tier in group.tiers:
        least, most = tier.minimum_amount, tier.maximum_amount
        if least is not None or most is not None:
            yield {
                "item_id": item_id,
                "tier": tier.number,
                "minimum_e12": to_e12(least or ZERO),
                "maximum_e12": None if most is None else to_e12(most),
            }
