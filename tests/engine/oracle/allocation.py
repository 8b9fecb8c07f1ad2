"""Allocation: an amount of a bundle item over the bundle's products, by largest remainder."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from ratable.terms import BundleLine
from tests.engine.oracle.units import ZERO, largest_remainder


def allocate(amount: int, lines: Sequence[BundleLine]) -> dict[str | None, int]:
    """Shares by product; ties by product id."""
    in_order = sorted(lines, key=lambda line: line.product_id)
    shares = largest_remainder(amount, [weight(line) for line in in_order])
    result: dict[str | None, int] = {}
    for line, share in zip(in_order, shares, strict=True):
        result[line.product_id] = result.get(line.product_id, 0) + share
    return result


def weight(line: BundleLine) -> Fraction:
    return Fraction(line.percentage if line.percentage is not None else line.standalone_price or 0)


def refusal(lines: Sequence[BundleLine]) -> str | None:
    """The code under which new shares of a bundle are refused, if any."""
    percentages = [Fraction(line.percentage) for line in lines if line.percentage is not None]
    if percentages and len(percentages) < len(lines):
        return "bundle_must_use_one_basis"
    if any(weight(line) < 0 for line in lines):
        return "percentage_must_be_between_0_and_100"
    if percentages and sum(percentages, start=ZERO) != 100:
        return "allocation_must_sum_to_total"
    if sum((weight(line) for line in lines), start=ZERO) == 0:
        return "allocation_must_sum_to_total"
    return None
