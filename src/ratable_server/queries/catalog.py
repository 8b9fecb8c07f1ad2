"""The catalogue: products with their price plans, and bundles, as they were told.

Each list takes the same few statements however long it is.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from ratable.terms import PricingModel, RatingOptions
from ratable_server.actor import Actor
from ratable_server.queries.listing import FIRST_PAGE, Asked, Found, Told, asked_rows, fields_of, page_of, told_of
from ratable_server.store import models
from ratable_server.store.load.catalog import OPTIONS, options_of
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier(Told):
    """A price step; `upper_quantity` is inclusive, None in the last."""

    number: int
    lower_quantity: Decimal | None
    upper_quantity: Decimal | None
    price: Decimal | None
    percentage: Decimal | None
    flat_fee: Decimal
    minimum_amount: Decimal | None
    maximum_amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageGroup(Told):
    """A price plan with its tiers, in their order."""

    code: str
    product_id: int
    pricing_model: PricingModel
    unit_of_measure: str | None
    package_size: Decimal | None
    free_units: Decimal
    currency: str | None
    options: RatingOptions
    tiers: tuple[Tier, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Product(Told):
    """Something sold, with its price plans in the order in which they came."""

    code: str
    name: str
    currency: str | None
    usage_groups: tuple[UsageGroup, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleLine:
    """The share of a product in a bundle: a percentage or a standalone price."""

    product_id: int
    product: str
    product_name: str
    percentage: Decimal | None
    standalone_price: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductBundle(Told):
    """Products sold for one price, in the order in which they were told."""

    code: str
    name: str
    lines: tuple[BundleLine, ...]


def products(*, actor: Actor, asked: Asked = FIRST_PAGE) -> Found[Product]:
    """Products, with all that is on them."""
    with books_of(actor):
        rows = asked_rows(rows_of(actor, models.Product, with_deleted=True), asked)
        return page_of(rows, asked, lambda page: _products(actor, page))


def usage_groups(*, actor: Actor, asked: Asked = FIRST_PAGE) -> Found[UsageGroup]:
    """Price plans of all products, each with its tiers; codes are unique within a product only."""
    with books_of(actor):
        rows = asked_rows(rows_of(actor, models.UsageGroup, with_deleted=True), asked)
        return page_of(rows, asked, lambda page: _groups(actor, page))


def usage_group_of_tier(*, actor: Actor, tier_id: int) -> UsageGroup | None:
    """The price plan that has a tier; None: there is no such tier."""
    with books_of(actor):
        tier = rows_of(actor, models.Tier).filter(id=tier_id).first()
    return None if tier is None else usage_groups(actor=actor, asked=Asked(ids=[tier.usage_group_id])).first


def product_bundles(*, actor: Actor, asked: Asked = FIRST_PAGE) -> Found[ProductBundle]:
    """Bundles with their lines."""
    with books_of(actor):
        rows = asked_rows(rows_of(actor, models.ProductBundle, with_deleted=True), asked)
        return page_of(rows, asked, lambda page: _bundles(actor, page))


def _products(actor: Actor, page: Sequence[models.Product]) -> list[Product]:
    rows = rows_of(actor, models.UsageGroup).filter(product_id__in=[row.id for row in page])
    groups: dict[int, list[UsageGroup]] = defaultdict(list)
    for group in _groups(actor, list(rows.order_by("product_id", "place", "id"))):
        groups[group.product_id].append(group)
    return [
        Product(**told_of(row), **fields_of(row, "code", "name", "currency"), usage_groups=tuple(groups[row.id]))
        for row in page
    ]


def _groups(actor: Actor, page: Sequence[models.UsageGroup]) -> list[UsageGroup]:
    tiers: dict[int, list[Tier]] = defaultdict(list)
    rows = rows_of(actor, models.Tier).filter(usage_group_id__in=[row.id for row in page])
    names = (
        "number", "lower_quantity", "upper_quantity", "price", "percentage", "flat_fee", "minimum_amount",
        "maximum_amount",
    )  # fmt: skip
    for row in rows.order_by("usage_group_id", "number"):
        tiers[row.usage_group_id].append(Tier(**told_of(row), **fields_of(row, *names)))
    own = ("code", "product_id", "pricing_model", "unit_of_measure", "package_size", "free_units", "currency")
    return [
        UsageGroup(
            **told_of(row),
            **fields_of(row, *own),
            options=options_of([getattr(row, name) for name in OPTIONS]),
            tiers=tuple(tiers[row.id]),
        )
        for row in page
    ]


def _bundles(actor: Actor, page: Sequence[models.ProductBundle]) -> list[ProductBundle]:
    lines: dict[int, list[BundleLine]] = defaultdict(list)
    rows = rows_of(actor, models.BundleLine).filter(bundle_id__in=[row.id for row in page]).select_related("product")
    for row in rows.order_by("bundle_id", "place"):
        share = fields_of(row, "product_id", "percentage", "standalone_price")
        line = BundleLine(**share, product=row.product.code, product_name=row.product.name)
        lines[row.bundle_id].append(line)
    return [ProductBundle(**told_of(row), code=row.code, name=row.name, lines=tuple(lines[row.id])) for row in page]
