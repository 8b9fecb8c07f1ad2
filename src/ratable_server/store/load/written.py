"""Lines of terms as the books keep them: JSON with decimals and days as text."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from decimal import Decimal
from typing import Any

from ratable.terms import BundleLine, Rollover, SubscriptionLine


def line_of(written: dict[str, str | None]) -> BundleLine:
    """A line of an allocation as it is kept."""
    percentage, price = written["percentage"], written["standalone_price"]
    return BundleLine(
        product_id=written["product_id"] or "",
        percentage=None if percentage is None else Decimal(percentage),
        standalone_price=None if price is None else Decimal(price),
    )


def written_line(line: BundleLine) -> dict[str, str | None]:
    """A line of an allocation to be kept."""
    return {
        "product_id": line.product_id,
        "percentage": None if line.percentage is None else str(line.percentage),
        "standalone_price": None if line.standalone_price is None else str(line.standalone_price),
    }


def subscription_line_of(written: dict[str, str]) -> SubscriptionLine:
    """A line of a subscription as it is kept."""
    return SubscriptionLine(
        starts_on=date.fromisoformat(written["starts_on"]),
        ends_before=date.fromisoformat(written["ends_before"]),
        total_value=Decimal(written["total_value"]),
    )


def written_subscription_line(line: SubscriptionLine) -> dict[str, str]:
    """A line of a subscription to be kept."""
    return {
        "starts_on": line.starts_on.isoformat(),
        "ends_before": line.ends_before.isoformat(),
        "total_value": str(line.total_value),
    }


def rollover_of(written: dict[str, Any]) -> Rollover:
    """A rollover as it is kept."""
    caps = {name: None if written.get(name) is None else Decimal(written[name]) for name in _CAPS}
    return Rollover(**{**written, **caps})


def written_rollover(rollover: Rollover) -> dict[str, Any]:
    """A rollover to be kept."""
    found = asdict(rollover)
    return {**found, **{name: None if found[name] is None else str(found[name]) for name in _CAPS}}


_CAPS = ("cap_amount", "cap_percentage", "cap_units")
