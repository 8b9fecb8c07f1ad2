"""Products, usage groups and tiers: `POST /rr/api/v1/product` and what it gives back.

Their `product_id` is our id where it can be one; the rest of a product is kept as it was sent. A usage group's name is
its id, where it can be one.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from ratable.price_plans import tiers_with_lower_bounds
from ratable.terms import Product, RatingOptions, Tier, UsageGroup
from ratable_server.api.campfire.translate.words import Names
from ratable_server.operations.catalog_changes import ProductHead
from ratable_server.operations.kept import Beside

OURS = ("product_name", "currency", "usage_groups")
_PRODUCTS = uuid.UUID("5d5bb7c4-24f4-4d61-9f2a-4be7d5d0a0c1")  # the space of `product_uuid`
_OPTIONS = tuple(field.name for field in fields(RatingOptions))
_ACCOUNTS = ("invoice_account", "revenue_account", "ar_account", "bad_debt_account", "invoice_unbilled_account")


def to_product(fields: Mapping[str, Any], code: str) -> Product:
    """A new product; one without a name is called by its id."""
    return Product(
        id=code,
        name=fields.get("product_name") or code,
        currency=fields.get("currency") or None,
        usage_groups=tuple(
            to_usage_group(group, code_of_group(group, place))
            for place, group in enumerate(fields.get("usage_groups") or (), 1)
        ),
    )


def named_groups(groups: Sequence[Mapping[str, Any]], there: Sequence[Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Usage groups with their ids of ours: those that are there by their id or their name, new ones by their name.

    Raises:
        KeyError: an id that no usage group of the product has.
    """
    by_id = {group.id: group.code for group in there}
    return [
        (by_id[group["id"]] if group.get("id") is not None else code_of_group(group, len(there) + place), group)
        for place, group in enumerate(groups, 1)
    ]


def code_of_group(group: Mapping[str, Any], place: int) -> str:
    """The id of a new usage group within its product."""
    return group.get("name") or f"group-{place}"


def to_usage_group(group: Mapping[str, Any], code: str) -> UsageGroup:
    """A price plan; a plan without a model has one price per unit."""
    return UsageGroup(
        id=code,
        pricing_model=group.get("pricing_model") or "unit_based",
        tiers=tuple(_to_tier(tier, number) for number, tier in enumerate(group.get("tiers") or (), 1)),
        unit_of_measure=group.get("unit_of_measure") or None,
        package_size=group.get("package_size"),
        free_units=group.get("free_units") or Decimal(0),
        options=_to_options(group),
    )


def _to_options(group: Mapping[str, Any]) -> RatingOptions:
    """What is said of rating options; null and an empty text say nothing."""
    told = {name: group[name] for name in _OPTIONS if group.get(name) not in (None, "")}
    return RatingOptions(**told)


def beside_of_groups(groups: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[tuple[str, ...], Beside]:
    """What groups and tiers are called, by the ids of the groups."""
    beside: dict[tuple[str, ...], Beside] = {}
    for code, group in groups:
        beside["usage_group", code] = Beside(further={"name": group.get("name")})
        for number, tier in enumerate(group.get("tiers") or (), 1):
            beside["tier", code, str(number)] = Beside(further={"name": tier.get("name")})
    return beside


def to_head(fields: Mapping[str, Any], was: Any, *, is_partial: bool) -> ProductHead:
    """What a product says after a change."""
    name = fields.get("product_name", was.name if is_partial else None) or was.code
    currency = fields.get("currency", was.currency if is_partial else None)
    return ProductHead(name=name, currency=currency or None)


def from_product(product: Any, names: Names, tenant: int) -> dict[str, Any]:
    """A product with its usage groups."""
    groups = [from_usage_group(group) for group in product.usage_groups]
    return {
        "id": product.id,
        "is_deleted": product.deleted_at is not None,
        "deleted_at": product.deleted_at,
        **names.of_fields(product.further, "department", *_ACCOUNTS),
        "tags": names.tags(product.further),
        "last_modified_at": product.modified_at,
        "product_uuid": str(uuid.uuid5(_PRODUCTS, f"{tenant}/{product.code}")),
        "display_name": product.name,
        "usage_group_count": len(groups),
        "usage_groups": groups,
        "product_id": product.further.get("product_id", product.code),
        "product_name": product.name,
        "currency": product.currency,
        "created_at": product.created_at,
        "customer": tenant,
    }


def from_usage_group(group: Any) -> dict[str, Any]:
    """A price plan with its tiers."""
    return {
        "id": group.id,
        "name": group.further.get("name") or group.code,
        "pricing_model": group.pricing_model,
        "unit_of_measure": group.unit_of_measure,
        "tier_count": len(group.tiers),
        "tiers": [_from_tier(group, tier, lower) for lower, tier in tiers_with_lower_bounds(group)],
        "package_size": group.package_size,
        "free_units": group.free_units,
        **asdict(group.options),
    }


def _to_tier(tier: Mapping[str, Any], number: int) -> Tier:
    return Tier(
        number=number,
        lower_quantity=tier.get("from_quantity"),
        upper_quantity=tier.get("to_quantity"),
        price=tier.get("price"),
        percentage=tier.get("percentage"),
        flat_fee=tier.get("flat_fee") or Decimal(0),
        minimum_amount=tier.get("minimum_amount"),
        maximum_amount=tier.get("maximum_amount"),
    )


def _from_tier(group: Any, tier: Any, lower: Decimal) -> dict[str, Any]:
    """A tier; one that was told without a start starts where the one before ends, at `lower`."""
    return {
        "id": tier.id,
        "name": tier.further.get("name") or f"Tier {tier.number}",
        "pricing_type": group.pricing_model,
        "from_quantity": lower if tier.lower_quantity is None else tier.lower_quantity,
        "to_quantity": tier.upper_quantity,
        "price": tier.price,
        "percentage": tier.percentage,
        "flat_fee": tier.flat_fee,
        "minimum_amount": tier.minimum_amount,
        "maximum_amount": tier.maximum_amount,
    }
