"""Bundles on contracts: how the amount of a line is split over the products of its bundle."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from ratable.terms import BundleLine


def to_lines(fields: Mapping[str, Any], codes: Mapping[int, str]) -> tuple[BundleLine, ...]:
    """The amounts of an allocation as the proportions of a split: of the same total they give the same amounts."""
    return tuple(
        BundleLine(product_id=codes[line["product"]], standalone_price=line["amount"]) for line in fields["lines"]
    )


def is_whole(fields: Mapping[str, Any], total: Decimal) -> bool:
    """Do the amounts come to what there is to split?"""
    return sum((line["amount"] for line in fields["lines"]), Decimal(0)) == total


def from_bundle_of_line(line: Any, revenue: Any, currency: str) -> dict[str, Any]:
    """A bundle on a contract as its line tells it; it has the id of the line."""
    bundle = revenue.bundle
    return {
        "id": line.id,
        "source_bundle": bundle.id,
        "source_bundle_name": bundle.name or bundle.code,
        "total_amount": revenue.total,
        "currency": currency,
        "lines": [
            {
                "id": place,
                "product": share.product_id,
                "product_name": share.product_name,
                "amount": share.amount,
                "percentage": f"{share.percentage:.2f}",
                "original_percentage": share.agreed,
            }
            for place, share in enumerate(revenue.shares, 1)
        ],
    }


def from_allocation(line: Any, revenue: Any, currency: str) -> dict[str, Any]:
    """The same as a resource of its own."""
    told = from_bundle_of_line(line, revenue, currency)
    components = revenue.bundle.further.get("component_types") or {}
    for each, share in zip(told["lines"], revenue.shares, strict=True):
        each["product_id_str"] = share.product
        each["component_type"] = components.get(str(share.product_id), "USAGE")
    return {
        **told,
        "license_term_start_date": line.starts_on,
        "created_at": line.created_at,
        "last_modified_at": line.modified_at,
    }
