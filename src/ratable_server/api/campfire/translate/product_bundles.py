"""Product bundles: templates of the published API, bundles of ours. Their parts are percentages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ratable.terms import BundleLine, ProductBundle

OURS = ("bundle_name", "lines")
COMPONENTS = "component_types"  # kept beside a bundle, by the code of the product


def to_bundle(fields: Mapping[str, Any], code: str, products: Mapping[int, str]) -> ProductBundle:
    """A bundle; `products` gives our ids for theirs."""
    return ProductBundle(
        id=code,
        lines=tuple(
            BundleLine(product_id=products[line["product"]], percentage=line["percentage_allocation"])
            for line in fields["lines"]
        ),
    )


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
                "percentage_allocation": line.percentage,
                "component_type": components.get(str(line.product_id)),
            }
            for place, line in enumerate(bundle.lines, 1)
        ],
        "created_at": bundle.created_at,
        "last_modified_at": bundle.modified_at,
        "is_deleted": bundle.deleted_at is not None,
        "deleted_at": bundle.deleted_at,
    }
