"""Prices that are told now, of plans and of contracts: each in the measure that its plan is charged by.

A plan in percent has percentages, one of units prices. What the books have from before is computed as it was told: these
are rules of telling, and none of the terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ratable.price_plans import Refusal, basis_of
from ratable.terms import Contract, Product, Terms, Tier, TierPriceOverride, UsageGroup
from ratable_server.errors import Refused


def refuse_other_prices(groups: Iterable[UsageGroup], *, less: UsageGroup | None = None) -> None:
    """Go on, unless a tier has a price where its plan has percentages, or the other way round.

    A tier that says the same as that of its number in the plan before, `less`, may: it is told again, and not anew.

    Refuses:
        price_must_fit_the_pricing_model, by the one that cannot be: `price` or `percentage`
    """
    there = {_priced(less, tier) for tier in less.tiers} if less is not None else set()
    for group in groups:
        for tier in group.tiers:
            if _priced(group, tier) not in there:
                _refuse_other(group, tier, tier)


def refuse_other_own_prices(contract: Contract, products: Sequence[Product], *, less: Contract | None = None) -> None:
    """The same for a contract's own prices, but for those that it has already: `less`.

    Refuses:
        price_must_fit_the_pricing_model, by the one that cannot be
    """
    there = less.tier_price_overrides if less is not None else ()
    told = [own for own in contract.tier_price_overrides if own not in there]
    groups = {(product.id, group.id): group for product in products for group in product.usage_groups} if told else {}
    for own in told:
        group = groups[own.product_id, own.usage_group_id]
        tier = next(tier for tier in group.tiers if tier.number == own.tier_number)
        _refuse_other(group, tier, own)


def refuse_left_prices(contract: Contract, product: str, *, group: UsageGroup, before: UsageGroup) -> None:
    """Go on, unless a plan of a product is told in another measure, and a contract keeps its own price in that before.

    Refuses:
        price_must_fit_the_pricing_model, by the one that would stay
    """
    was = {tier.number: basis_of(before, tier) for tier in before.tiers}
    now = {tier.number: tier for tier in group.tiers}
    for own in contract.tier_price_overrides:
        tier = now.get(own.tier_number)
        is_of_it = (own.product_id, own.usage_group_id) == (product, group.id)
        if is_of_it and tier is not None and basis_of(group, tier) != was.get(tier.number):
            _refuse_other(group, tier, own)


def unfit_plans(terms: Terms) -> Iterator[Refusal]:
    """Each price plan of the terms that `refuse_other_prices` refuses."""
    for product in terms.products:
        for group in product.usage_groups:
            try:
                refuse_other_prices([group])
            except Refused as refused:
                yield Refusal(group.id, refused.code, refused.detail)


def unfit_own_prices(terms: Terms) -> Iterator[Refusal]:
    """Each contract of the terms that `refuse_other_own_prices` refuses."""
    for contract in terms.contracts:
        try:
            refuse_other_own_prices(contract, terms.products)
        except Refused as refused:
            yield Refusal(contract.id, refused.code, refused.detail, "contract")


def _priced(group: UsageGroup, tier: Tier) -> tuple[object, ...]:
    return group.pricing_model, tier.number, tier.price, tier.percentage


def _refuse_other(group: UsageGroup, tier: Tier, told: Tier | TierPriceOverride) -> None:
    basis = basis_of(group, tier)
    other = "percentage" if basis == "price" else "price"
    if getattr(told, other) is not None:
        detail = f"tier {tier.number} of {group.id}, which is {group.pricing_model}, has a {basis}"
        raise Refused("price_must_fit_the_pricing_model", field=other, detail=detail)
