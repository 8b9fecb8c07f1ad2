"""Usage items and streams of prepaid usage as rows: what is sold by use, at which prices, split over which products."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from ratable.money import to_e12
from ratable.option_rows import limit_rows, option_rows
from ratable.periods import FAR
from ratable.terms import PrepaidCommit, UsageGroup, UsageItem
from ratable.terms_tables.frame import Frame
from ratable.terms_tables.shapes import Row, TermsTables, addressed_stream, unaddressed_stream


class Stream(NamedTuple):
    """Prepaid usage of a commit, or of a contract that names none."""

    id: str
    product_id: str | None
    order: int


def add_items(found: TermsTables, of: Frame, streams: list[Stream]) -> None:
    """The items of a contract, with their tiers, options and shares."""
    for item in of.contract.usage_items:
        group = of.catalog.group(item)
        found.items.append(_item(of, item, group))
        if any(draws_units(of, item, commit) for commit in of.contract.prepaid_commits):
            found.unit_rates.append({"item_id": item.id, "rate_e12": to_e12(item.drawdown_rate or Decimal(1))})
        found.tiers.extend(_tiers(of, item, group))
        if group is not None:
            found.rating_options.extend(option_rows(item.id, group))
            found.tier_limits.extend(limit_rows(item.id, group))
        found.shares.extend(_shares(of, item))
    for stream in streams:
        found.items.append(_stream_item(of, stream))
        found.shares.append(_share(stream.id, stream.product_id or "", 1))


def streams_of(of: Frame) -> Iterator[Stream]:
    """The streams of a contract that have usage."""
    for commit in of.contract.prepaid_commits:
        if commit.id in of.amendments.addressed and commit.units is None:
            yield Stream(addressed_stream(commit.id), commit.product_id, 0)
    if of.contract.id in of.amendments.unaddressed:
        yield Stream(unaddressed_stream(of.contract.id), None, 1)


def draws_units(of: Frame, item: UsageItem, commit: PrepaidCommit) -> bool:
    """A pool of units serves items that count in its unit, or are told to draw it."""
    group = of.catalog.group(item)
    if not item.draws or group is None or commit.product_id not in {None, item.product_id}:
        return False
    unit = item.drawdown_unit or group.unit_of_measure
    return commit.units is not None and unit is not None and unit == commit.unit_of_measure


def _item(of: Frame, item: UsageItem, group: UsageGroup | None) -> Row:
    return {
        **_stream_item(of, Stream(item.id, item.product_id, 2)),
        "bundle_id": item.product_bundle_id or "",
        "pricing_model": group.pricing_model if group else "",
        "package_size_e12": to_e12((group.package_size if group else None) or Decimal(0)),
        "free_units_e12": to_e12(group.free_units if group else Decimal(0)),
        "zero_usage_flat_fee": of.policy.zero_usage_flat_fee,
        "draws": item.draws,
        "starts_on": item.starts_on,
        "ends_before": item.ends_before or FAR,
    }


def _stream_item(of: Frame, stream: Stream) -> Row:
    return {
        "item_id": stream.id,
        "contract_id": of.contract.id,
        "product_id": stream.product_id or "",
        "bundle_id": "",
        "pricing_model": "",
        "package_size_e12": 0,
        "free_units_e12": 0,
        "zero_usage_flat_fee": False,
        "draws": True,
        "stream_order": stream.order,
        "starts_on": of.contract.starts_on,
        "ends_before": FAR,
        "contract_starts_on": max(of.contract.starts_on, of.counts_from),
        "contract_ends_before": of.ends_before,
        "currency": of.contract.currency,
        "minor_divisor": of.divisor,
    }


def _tiers(of: Frame, item: UsageItem, group: UsageGroup | None) -> Iterator[Row]:
    if group is not None:
        for row in of.catalog.tiers(group, str(item.product_id), of.contract.tier_price_overrides):
            yield {"item_id": item.id, **row}


def _shares(of: Frame, item: UsageItem) -> Iterator[Row]:
    if item.product_bundle_id is None:
        yield _share(item.id, item.product_id or "", 1)
        return
    lines = of.amendments.allocations.get(item.id) or of.catalog.bundles[item.product_bundle_id].lines
    for line in lines:
        weight = line.percentage if line.percentage is not None else line.standalone_price
        yield _share(item.id, line.product_id, to_e12(weight or Decimal(0)))


def _share(item_id: str, product_id: str, weight_e12: int) -> Row:
    return {"item_id": item_id, "product_id": product_id, "weight_e12": weight_e12}
