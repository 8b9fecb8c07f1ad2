"""Products with their price plans, and bundles, as the records of `ratable.terms`.

Deleted ones are here too: nothing refers to them, unless it was agreed at the very moment in which they went, by a version that
let it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import fields
from typing import Any

from django.db.models import QuerySet

from ratable.terms import BundleLine, Product, ProductBundle, RatingOptions, Tier, UsageGroup
from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.scope import rows_of

OPTIONS = tuple(field.name for field in fields(RatingOptions))


def load_products(actor: Actor, ids: Collection[int] | None = None) -> tuple[Product, ...]:
    """The products in the order in which they were made; `ids` are row ids, None: all."""
    products = _only(rows_of(actor, models.Product, with_deleted=True), "id", ids)
    groups = _groups(actor, ids)
    return tuple(
        Product(id=code, name=name, usage_groups=tuple(groups.get(row_id, ())), currency=currency or None)
        for row_id, code, name, currency in products.order_by("id").values_list("id", "code", "name", "currency")
    )


def load_bundles(actor: Actor, ids: Collection[int] | None = None) -> tuple[ProductBundle, ...]:
    """The bundles in the order in which they were made; `ids` are row ids, None: all."""
    lines: dict[int, list[BundleLine]] = defaultdict(list)
    columns = ("bundle_id", "product__code", "percentage", "standalone_price")
    found = _only(rows_of(actor, models.BundleLine), "bundle_id", ids).order_by("bundle_id", "place")
    for bundle_id, product_id, percentage, standalone_price in found.values_list(*columns):
        line = BundleLine(product_id=product_id, percentage=percentage, standalone_price=standalone_price)
        lines[bundle_id].append(line)
    bundles = (
        _only(rows_of(actor, models.ProductBundle, with_deleted=True), "id", ids)
        .order_by("id")
        .values_list("id", "code")
    )
    return tuple(ProductBundle(id=code, lines=tuple(lines.get(row_id, ()))) for row_id, code in bundles)


def _groups(actor: Actor, products: Collection[int] | None) -> dict[int, list[UsageGroup]]:
    """Usage groups by the id of their product."""
    tiers = _tiers(actor, products)
    columns = (
        "id", "product_id", "code", "pricing_model", "unit_of_measure", "package_size", "free_units", "currency",
    )  # fmt: skip
    groups: dict[int, list[UsageGroup]] = defaultdict(list)
    found = _only(rows_of(actor, models.UsageGroup, with_deleted=True), "product_id", products).order_by(
        "product_id", "place", "id"
    )
    for row_id, product_id, code, pricing_model, unit, package_size, free_units, currency, *told in found.values_list(
        *columns, *OPTIONS
    ):
        group = UsageGroup(
            id=code,
            pricing_model=pricing_model,
            tiers=tuple(tiers.get(row_id, ())),
            unit_of_measure=unit or None,
            package_size=package_size,
            free_units=free_units,
            currency=currency or None,
            options=options_of(told),
        )
        groups[product_id].append(group)
    return groups


def options_of(told: Sequence[Any]) -> RatingOptions:
    """Rating options by the values of their columns, in the order of `OPTIONS`."""
    values: dict[str, Any] = {name: value for name, value in zip(OPTIONS, told, strict=True) if value != ""}
    return RatingOptions(**values)


def _tiers(actor: Actor, products: Collection[int] | None) -> dict[int, list[Tier]]:
    """Tiers by the id of their usage group."""
    tiers: dict[int, list[Tier]] = defaultdict(list)
    columns = (
        "usage_group_id", "number", "lower_quantity", "upper_quantity", "price", "percentage", "flat_fee",
        "minimum_amount", "maximum_amount",
    )  # fmt: skip
    found = _only(rows_of(actor, models.Tier), "usage_group__product_id", products)
    for group_id, number, lower, upper, price, percentage, flat_fee, least, most in found.order_by(
        "usage_group_id", "number"
    ).values_list(*columns):
        tier = Tier(
            number=number,
            lower_quantity=lower,
            upper_quantity=upper,
            price=price,
            percentage=percentage,
            flat_fee=flat_fee,
            minimum_amount=least,
            maximum_amount=most,
        )
        tiers[group_id].append(tier)
    return tiers


def _only(rows: QuerySet[Any], column: str, ids: Collection[int] | None) -> QuerySet[Any]:
    return rows if ids is None else rows.filter(**{f"{column}__in": ids})
