"""Rows of the catalogue, many at once: what a single operation writes and what an import of terms writes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ratable.terms import BundleLine, Product, ProductBundle, Tier, UsageGroup
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.kept import Kept
from ratable_server.store import models
from ratable_server.store.load.offered import Names
from ratable_server.store.scope import rows_of

AT_ONCE = 2_000  # rows of one statement


def insert_products(actor: Actor, products: Sequence[Product], kept: Kept) -> None:
    """Products with their usage groups and tiers."""
    rows = [
        models.Product(
            tenant_id=actor.tenant_id,
            code=each.id,
            name=each.name,
            currency=each.currency or "",
            **kept.columns("product", each.id),
        )
        for each in products
    ]
    made = rows_of(actor, models.Product).bulk_create(rows, batch_size=AT_ONCE)
    insert_groups(
        actor,
        [
            (row.id, place, group)
            for row, product in zip(made, products, strict=True)
            for place, group in enumerate(product.usage_groups)
        ],
        kept,
    )


def insert_groups(actor: Actor, groups: Sequence[tuple[int, int, UsageGroup]], kept: Kept) -> None:
    """Usage groups with their tiers, each with the id of its product and its place there."""
    rows = [
        models.UsageGroup(
            tenant_id=actor.tenant_id,
            product_id=product_id,
            place=place,
            code=group.id,
            pricing_model=group.pricing_model,
            unit_of_measure=group.unit_of_measure or "",
            package_size=group.package_size,
            free_units=group.free_units,
            currency=group.currency or "",
            **option_columns(group),
            **kept.columns("usage_group", group.id),
        )
        for product_id, place, group in groups
    ]
    made = rows_of(actor, models.UsageGroup).bulk_create(rows, batch_size=AT_ONCE)
    insert_tiers(actor, [(row.id, group) for row, (_, _, group) in zip(made, groups, strict=True)], kept)


def insert_tiers(actor: Actor, groups: Iterable[tuple[int, UsageGroup]], kept: Kept) -> None:
    """The tiers of usage groups, each with the id of its group."""
    rows = [
        models.Tier(
            tenant_id=actor.tenant_id,
            usage_group_id=group_id,
            number=tier.number,
            created_at=kept.at,
            **tier_columns(group, tier, kept),
        )
        for group_id, group in groups
        for tier in group.tiers
    ]
    rows_of(actor, models.Tier).bulk_create(rows, batch_size=AT_ONCE)


def insert_bundles(actor: Actor, bundles: Sequence[ProductBundle], kept: Kept, *, products: Mapping[str, int]) -> None:
    """Bundles with their lines; `products` gives the row of each product.

    Refuses:
        code_must_be_known
    """
    rows = [
        models.ProductBundle(
            tenant_id=actor.tenant_id,
            code=each.id,
            name=kept.of("product_bundle", each.id).name,
            **kept.columns("product_bundle", each.id),
        )
        for each in bundles
    ]
    made = rows_of(actor, models.ProductBundle).bulk_create(rows, batch_size=AT_ONCE)
    insert_bundle_lines(actor, [(row.id, bundle) for row, bundle in zip(made, bundles, strict=True)], products)


def insert_bundle_lines(
    actor: Actor, bundles: Iterable[tuple[int, ProductBundle]], products: Mapping[str, int]
) -> None:
    """The lines of bundles, each with the id of its bundle.

    Refuses:
        code_must_be_known
    """
    lines = [
        models.BundleLine(
            tenant_id=actor.tenant_id,
            bundle_id=bundle_id,
            product_id=known(products, line.product_id, field="product"),
            place=place,
            percentage=line.percentage,
            standalone_price=line.standalone_price,
        )
        for bundle_id, bundle in bundles
        for place, line in enumerate(bundle.lines)
    ]
    rows_of(actor, models.BundleLine).bulk_create(lines, batch_size=AT_ONCE)


def named_by(*splits: Sequence[BundleLine]) -> Names:
    """The products that the lines of bundles, or of allocations, name."""
    return Names(products=frozenset(line.product_id for lines in splits for line in lines), bundles=frozenset())


def known(rows: Mapping[str, int], code: str, *, field: str) -> int:
    """The row of a code.

    Refuses:
        code_must_be_known
    """
    if code not in rows:
        raise Refused("code_must_be_known", field=field, detail=code)
    return rows[code]


def option_columns(group: UsageGroup) -> dict[str, Any]:
    """What the row of a usage group says of its rating options; a name that is not there is an empty text."""
    told = asdict(group.options)
    return {name: "" if value is None and name.endswith("_dimension") else value for name, value in told.items()}


def tier_columns(group: UsageGroup, tier: Tier, kept: Kept) -> dict[str, Any]:
    """What the row of a tier says but whose it is and its number."""
    return {
        "lower_quantity": tier.lower_quantity,
        "upper_quantity": tier.upper_quantity,
        "price": tier.price,
        "percentage": tier.percentage,
        "flat_fee": tier.flat_fee,
        "minimum_amount": tier.minimum_amount,
        "maximum_amount": tier.maximum_amount,
        **kept.changes("tier", group.id, str(tier.number)),
    }
