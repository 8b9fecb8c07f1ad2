"""Product bundles: templates of the published API, bundles of ours.

Their parts are percentages. Those of a bundle by standalone prices, which other doors can tell, are told to two decimals.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ratable.money import split_minor, to_e12
from ratable.terms import BundleLine, ProductBundle

OURS = ("bundle_name", "lines")
COMPONENTS = "component_types"  # kept beside a bundle, by the code of the product
_HUNDREDTHS = 10_000  # of a percent


def to_bundle(
    fields: Mapping[str, Any], code: str, products: Mapping[int, str], *, was: Any | None = None
) -> ProductBundle:
    """A bundle; `products` gives our ids for theirs. One that says the shares that it `was` told with keeps its prices."""
    prices = {} if was is None else {line.product_id: line.standalone_price for line in was.lines}
    if any(prices.values()) and _said_shares(fields) == dict(zip(prices, shares_told(was), strict=True)):
        return ProductBundle(
            id=code,
            lines=tuple(
                BundleLine(product_id=products[line["product"]], standalone_price=prices[line["product"]])
                for line in fields["lines"]
            ),
        )
    return ProductBundle(
        id=code,
        lines=tuple(
            BundleLine(product_id=products[line["product"]], percentage=line["percentage_allocation"])
            for line in fields["lines"]
        ),
    )


def shares_told(bundle: Any) -> list[Decimal]:
    """The percentages of the lines of a bundle, in their order; of standalone prices they are rounded and sum to 100."""
    prices = [line.standalone_price for line in bundle.lines]
    if not any(prices):
        return [line.percentage for line in bundle.lines]
    return [Decimal(each).scaleb(-2) for each in split_minor(_HUNDREDTHS, [to_e12(price) for price in prices])]


def _said_shares(fields: Mapping[str, Any]) -> dict[int, Decimal] | None:
    """The share of each product; None: one is told twice."""
    shares = {line["product"]: line["percentage_allocation"] for line in fields["lines"]}
    return shares if len(shares) == len(fields["lines"]) else None


def components_of(fields: Mapping[str, Any]) -> dict[str, str]:
    """The component types of lines, by their product; kept beside the bundle."""
    return {str(line["product"]): line["component_type"] for line in fields["lines"] if line.get("component_type")}


def from_bundle(bundle: Any) -> dict[str, Any]:
    """A bundle with its lines; the id of a line is its place."""
    components = bundle.further.get(COMPONENTS) or {}
    return {
        "id": bundle.id,
        "bundle_name": bundle.name or bundle.code,
        "lines": [
            {
                "id": place,
                "product": line.product_id,
                "product_name": line.product_name,
                "product_id_str": line.product,
                "percentage_allocation": share,
                "component_type": components.get(str(line.product_id)),
            }
            for place, (line, share) in enumerate(zip(bundle.lines, shares_told(bundle), strict=True), 1)
        ],
        "created_at": bundle.created_at,
        "last_modified_at": bundle.modified_at,
        "is_deleted": bundle.deleted_at is not None,
        "deleted_at": bundle.deleted_at,
    }
