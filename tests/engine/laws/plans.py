"""Random price plans, with rating options where these are asked for, and the terms that such plans allow."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from ratable.terms import (
    Aggregation,
    Contract,
    PricingModel,
    Product,
    RatingGroup,
    RatingOptions,
    Tier,
    UsageGroup,
    UsageItem,
)
from tests.engine.laws.lives import measured

MODELS: tuple[PricingModel, ...] = (
    "unit_based",
    "graduated_tiered",
    "volume_based",
    "package",
    "percentage_based",
    "fixed_fee",
)
RATING_GROUPS: tuple[RatingGroup, ...] = ("month", "day", "record", "upload", "dimension")
AGGREGATIONS: tuple[Aggregation, ...] = ("sum", "sum", "sum", "highest_day", "maximum", "last")


def allowed(contract: Contract, products: tuple[Product, ...]) -> Contract:
    """The contract less what no term may ask of rating options."""
    groups = {group.id: group for product in products for group in product.usage_groups}
    plain = all(item.usage_group_id is None or is_plain(groups[item.usage_group_id]) for item in contract.usage_items)

    def is_drawable(item: UsageItem) -> bool:
        options = groups[item.usage_group_id].options if item.usage_group_id else RatingOptions()
        return options.aggregation == "sum" and not options.is_prerated

    items = tuple(replace(item, draws=item.draws and is_drawable(item)) for item in contract.usage_items)
    quantity = contract.minimum_monthly_commitment_quantity if plain else None
    return replace(contract, usage_items=items, minimum_monthly_commitment_quantity=quantity)


def is_plain(group: UsageGroup) -> bool:
    """Has the plan neither options that look at records nor limits?"""
    limits = [limit for tier in group.tiers for limit in (tier.minimum_amount, tier.maximum_amount)]
    return replace(group.options, overage_price=None) == RatingOptions() and not any(limits)


@st.composite
def groups(draw: st.DrawFn, product: str, features: frozenset[str]) -> tuple[UsageGroup, ...]:
    groups = [draw(measured(draw(_group(f"{product}-{number}")), features)) for number in (1, 2)]
    return tuple(draw(optioned(group)) if "options" in features else group for group in groups)


@st.composite
def optioned(draw: st.DrawFn, group: UsageGroup) -> UsageGroup:
    """The plan with rating options that it may have, or none."""
    model = group.pricing_model
    if model not in ("unit_based", "volume_based", "graduated_tiered") or draw(st.integers(0, 3)) == 0:
        return group
    decimals = draw(st.sampled_from([None, None, 0, 1]))
    fits_all: dict[str, Any] = {"quantity_decimals": decimals}
    if decimals is not None:
        fits_all["quantity_rounding"] = draw(st.sampled_from(["half_up", "half_even", "up", "down"]))
    individual = draw(st.booleans())
    if model == "unit_based" and draw(st.booleans()):
        name = draw(st.sampled_from(["price_dimension", "amount_dimension"]))
        fits_all[name] = "rate"
        options = RatingOptions(rated_individually=individual, **fits_all)
        return replace(group, tiers=(), options=options)
    if draw(st.booleans()):
        fits_all["maximum_amount"] = Decimal(draw(st.sampled_from(["0.5", "20", "33.335"])))
    tiers = group.tiers
    if model == "graduated_tiered" and tiers[:-1] and draw(st.booleans()):
        tiers, fits_all["overage_price"] = tiers[:-1], Decimal("0.65")
    aggregation = draw(st.sampled_from(AGGREGATIONS))
    if aggregation != "sum":
        return replace(group, tiers=tiers, options=RatingOptions(aggregation=aggregation, **fits_all))
    rating_group = draw(st.sampled_from(RATING_GROUPS))
    options = RatingOptions(
        rating_group=rating_group,
        group_dimension="team" if rating_group == "dimension" else None,
        rated_individually=individual,
        **fits_all,
    )
    limited = tuple(tiers if individual else (draw(with_limits(tier)) for tier in tiers))
    return replace(group, tiers=limited, options=options)


@st.composite
def with_limits(draw: st.DrawFn, tier: Tier) -> Tier:
    """The tier with a minimum, a maximum, both or none."""
    least, most = draw(
        st.sampled_from([(None, None), (Decimal(3), None), (None, Decimal(2)), (Decimal(1), Decimal(4))])
    )
    return replace(tier, minimum_amount=least, maximum_amount=most)


@st.composite
def _group(draw: st.DrawFn, id: str) -> UsageGroup:
    model = draw(st.sampled_from(MODELS))
    bounds = sorted(draw(st.sets(st.integers(1, 30), max_size=2)))
    if model in ("fixed_fee", "unit_based", "percentage_based"):
        bounds = []
    uppers = [*(Decimal(bound) for bound in bounds), None]
    is_percent = model == "percentage_based"
    prices = st.sampled_from([Decimal(text) for text in ("0.3", "1", "0.07", "0.125", "0", "2.5")])
    fees = st.sampled_from([Decimal(0), Decimal(0), Decimal(5)]) if model.endswith("_tiered") else st.just(Decimal(0))
    tiers = tuple(
        Tier(
            number=number,
            upper_quantity=upper,
            price=None if is_percent else draw(prices),
            percentage=Decimal("2.9") if is_percent else None,
            flat_fee=draw(fees),
        )
        for number, upper in enumerate(uppers, start=1)
    )
    is_package = model == "package"
    return UsageGroup(
        id=id,
        pricing_model=model,
        tiers=tiers,
        package_size=Decimal(draw(st.integers(1, 10))) if is_package else None,
        free_units=Decimal(draw(st.integers(0, 5))) if is_package else Decimal(0),
    )
