"""Reads what is sold: products with their price plans, and bundles of products.

Owns the shape of `products`, `product_bundles` and of bundle lines. Whether a price plan can be
rated is judged later (`ratable.price_plans`).
"""

from __future__ import annotations

from typing import get_args

from ratable import scalars
from ratable.cases.fields import Fields
from ratable.cases.names import Names
from ratable.cases.nodes import Mapping
from ratable.terms import (
    PLAIN,
    ZERO,
    Aggregation,
    BundleLine,
    PricingModel,
    Product,
    ProductBundle,
    QuantityRounding,
    RatingGroup,
    RatingOptions,
    Tier,
    UsageGroup,
)

PRICING_MODELS: tuple[PricingModel, ...] = get_args(PricingModel)
RATING_GROUPS: tuple[RatingGroup, ...] = get_args(RatingGroup)
AGGREGATIONS: tuple[Aggregation, ...] = get_args(Aggregation)
QUANTITY_ROUNDINGS: tuple[QuantityRounding, ...] = get_args(QuantityRounding)
_OPTIONS = (
    "rating_group group_dimension rated_individually aggregation price_dimension amount_dimension "
    "quantity_decimals quantity_rounding overage_price maximum_amount"
)


def read_product(node: Mapping, names: Names) -> Product:
    fields = Fields(node, required="id name", optional="currency usage_groups")
    product = names.define("product", fields)
    groups = fields.mappings("usage_groups")
    return Product(
        id=product,
        name=fields.text("name"),
        usage_groups=tuple(_usage_group(group, product, names) for group in groups),
        currency=fields.maybe("currency", scalars.currency_of),
    )


def read_bundle(node: Mapping, names: Names) -> ProductBundle:
    fields = Fields(node, required="id lines")
    bundle = names.define("product_bundle", fields)
    return ProductBundle(id=bundle, lines=read_bundle_lines(fields, names))


def read_bundle_lines(fields: Fields, names: Names | None = None, *, key: str = "lines") -> tuple[BundleLine, ...]:
    """The lines of a bundle or of an allocation, under `key`; each names its product once.

    With `names` the products must be known; without (in events) the player judges them.
    """
    lines: dict[str, BundleLine] = {}
    for node in fields.mappings(key):
        line = Fields(node, required="product", optional="percentage standalone_price")
        product = names.known("product", line, "product") if names else line.text("product")
        if product in lines:
            raise line.malformed("product", f"{product!r} is already a line")
        lines[product] = BundleLine(
            product_id=product,
            percentage=line.maybe_number("percentage"),
            standalone_price=line.maybe_number("standalone_price"),
        )
    return tuple(lines.values())


def _usage_group(node: Mapping, product: str, names: Names) -> UsageGroup:
    optional = f"unit_of_measure package_size free_units currency tiers {_OPTIONS}"
    fields = Fields(node, required="id pricing_model", optional=optional)
    group = names.define("usage_group", fields, owner=product)
    model = fields.choice("pricing_model", PRICING_MODELS)
    for key in ("package_size", "free_units"):
        if fields.has(key) and model != "package":
            raise fields.malformed(key, f"belongs to pricing_model package, not {model}")
    options = _options(fields)
    if not fields.has("tiers") and not options.is_prerated:
        raise fields.malformed("tiers", "the key is required and missing")
    return UsageGroup(
        id=group,
        pricing_model=model,
        tiers=tuple(_tier(number, tier) for number, tier in enumerate(fields.mappings("tiers"), start=1)),
        unit_of_measure=fields.maybe_text("unit_of_measure"),
        package_size=fields.maybe_number("package_size"),
        free_units=fields.number("free_units", ZERO),
        currency=fields.maybe("currency", scalars.currency_of),
        options=options,
    )


def _options(fields: Fields) -> RatingOptions:
    return RatingOptions(
        rating_group=fields.choice("rating_group", RATING_GROUPS, PLAIN.rating_group),
        group_dimension=fields.maybe_text("group_dimension"),
        rated_individually=fields.truth("rated_individually", default=False),
        aggregation=fields.choice("aggregation", AGGREGATIONS, PLAIN.aggregation),
        price_dimension=fields.maybe_text("price_dimension"),
        amount_dimension=fields.maybe_text("amount_dimension"),
        quantity_decimals=fields.maybe("quantity_decimals", scalars.whole_of),
        quantity_rounding=fields.choice("quantity_rounding", QUANTITY_ROUNDINGS, PLAIN.quantity_rounding),
        overage_price=fields.maybe_number("overage_price"),
        maximum_amount=fields.maybe_number("maximum_amount"),
    )


def _tier(number: int, node: Mapping) -> Tier:
    fields = Fields(node, optional="from_quantity to_quantity price percentage flat_fee minimum_amount maximum_amount")
    return Tier(
        number=number,
        lower_quantity=fields.maybe_number("from_quantity"),
        upper_quantity=fields.maybe_number("to_quantity"),
        price=fields.maybe_number("price"),
        percentage=fields.maybe_number("percentage"),
        flat_fee=fields.number("flat_fee", ZERO),
        minimum_amount=fields.maybe_number("minimum_amount"),
        maximum_amount=fields.maybe_number("maximum_amount"),
    )
