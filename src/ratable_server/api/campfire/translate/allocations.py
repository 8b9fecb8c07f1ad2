"""Bundles on contracts: how the amount of a line is split over the products of its bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from ratable.terms import BundleLine

BUNDLE = "agreed_bundle"  # kept beside a line: what its bundle was when it was agreed


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptBundle:
    """A bundle as it was when a line of it was agreed; later changes of the bundle do not reach it."""

    id: int
    name: str
    further: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """The split of a fixed amount."""

    bundle: KeptBundle
    total: Decimal
    shares: Sequence[Any]


def to_kept_bundle(bundle: Any) -> dict[str, Any]:
    """What is kept of a bundle beside a line."""
    return {
        "id": bundle.id,
        "name": bundle.name or bundle.code,
        "component_types": bundle.further.get("component_types") or {},
        "percentages": {str(line.product_id): line.percentage for line in bundle.lines},
    }


def to_first_lines(bundle: Any) -> tuple[BundleLine, ...]:
    """The split that a bundle gives to what is agreed of it."""
    return tuple(
        BundleLine(product_id=line.product, percentage=line.percentage, standalone_price=line.standalone_price)
        for line in bundle.lines
    )


def kept_bundle(further: Mapping[str, Any], total: Decimal, shares: Sequence[Any]) -> Split | None:
    """The split of a line by the bundle that is kept beside it; None: it is of none."""
    kept = further.get(BUNDLE)
    if not kept:
        return None
    return Split(
        bundle=KeptBundle(id=kept["id"], name=kept["name"], further=kept),
        total=total,
        shares=[replace(share, agreed=_agreed(kept, share.product_id)) for share in shares],
    )


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


def from_allocation(line: Any, revenue: Any, currency: str, *, component: str = "USAGE") -> dict[str, Any]:
    """The same as a resource of its own; `component` is what its products are where nobody said it."""
    told = from_bundle_of_line(line, revenue, currency)
    components = revenue.bundle.further.get("component_types") or {}
    for each, share in zip(told["lines"], revenue.shares, strict=True):
        each["product_id_str"] = share.product
        each["component_type"] = components.get(str(share.product_id), component)
    return {
        **told,
        "license_term_start_date": getattr(line, "starts_on", None) or line.on,
        "created_at": line.created_at,
        "last_modified_at": line.modified_at,
    }


def _agreed(kept: Mapping[str, Any], product_id: int) -> Decimal | None:
    percentage = kept["percentages"].get(str(product_id))
    return None if percentage is None else Decimal(str(percentage))
