"""A contract's own prices: `/rr/api/v1/contracts/{id}/tier-price-overrides`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ratable.terms import TierPriceOverride

OURS = ("tier", "contract", "price", "percentage")


def to_override(fields: Mapping[str, Any], product: str, group: Any) -> TierPriceOverride:
    """An own price for a tier of a usage group; the tier is named by its id."""
    number = next(tier.number for tier in group.tiers if tier.id == fields["tier"])
    return TierPriceOverride(
        product_id=product,
        usage_group_id=group.code,
        tier_number=number,
        price=fields.get("price"),
        percentage=fields.get("percentage"),
    )


def from_override(override: Any, deal_name: str, groups: Mapping[int, Any]) -> dict[str, Any]:
    """An own price, with what its tier and usage group are called."""
    group = groups.get(override.usage_group_id)
    tiers = {tier.number: tier for tier in group.tiers} if group is not None else {}
    tier = tiers.get(override.tier_number)
    named = tier.further.get("name") if tier is not None else None
    return {
        "id": override.id,
        "tier": override.tier_id,
        "tier_name": named or f"Tier {override.tier_number}",
        "contract": override.contract_id,
        "deal_name": deal_name,
        "usage_group_id": override.usage_group_id,
        "usage_group_name": (group.further.get("name") if group is not None else None) or override.usage_group,
        "price": override.price,
        "percentage": override.percentage,
        "created_at": override.created_at,
        "last_modified_at": override.modified_at,
    }
