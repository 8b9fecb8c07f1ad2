"""Pools of units as rows: what a prepaid commit holds where it was sold as a number of units.

Owns how units are counted: in millionths, whole and exact.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from decimal import Decimal, localcontext

from ratable.commit_lives import UNIT_DIGITS
from ratable.errors import InexactNumberError
from ratable.money import to_minor
from ratable.terms import PrepaidCommit, Rounding

_EXACT_DIGITS = 100
MOST_UNITS = Decimal(10) ** 12


def to_millionths(units: Decimal) -> int:
    """Units as a whole number of millionths."""
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        moved = units.scaleb(UNIT_DIGITS)
        if moved != moved.to_integral_value():
            raise InexactNumberError(f"{units} has more than {UNIT_DIGITS} decimal places")
        return int(moved)


def from_millionths(units: int) -> Decimal:
    """Millionths as units."""
    with localcontext() as context:
        context.prec = _EXACT_DIGITS
        return Decimal(units).scaleb(-UNIT_DIGITS)


def unit_pool(commit: PrepaidCommit, currency: str) -> dict[str, object]:
    """A row of `tables.UNIT_POOLS`."""
    return {
        "commit_id": commit.id,
        "price_minor": to_minor(commit.total_value, currency),
        "units": to_millionths(commit.units or Decimal(0)),
    }


def priced_grants(
    pools: Iterable[dict[str, object]], added: Iterable[dict[str, object]], *, rounding: Rounding
) -> Iterator[dict[str, object]]:
    """What units that were added cost: each as much as the first, the price of all of them rounded."""
    priced = {pool["commit_id"]: (int(str(pool["price_minor"])), int(str(pool["units"]))) for pool in pools}
    so_far: dict[object, int] = defaultdict(int)
    for row in added:
        price_minor, units = priced[row["commit_id"]]
        before = so_far[row["commit_id"]]
        so_far[row["commit_id"]] = after = before + int(str(row["amount_minor"]))
        costs = [_worth(price_minor, added, units, rounding=rounding) for added in (before, after)]
        yield {**row, "amount_minor": costs[1] - costs[0]}


def _worth(price_minor: int, added: int, units: int, *, rounding: Rounding) -> int:
    """What the pool costs with what was added."""
    whole, rest = divmod(price_minor * (units + added), units)
    is_half = 2 * rest == units
    rounds_up = 2 * rest > units or (is_half and (rounding == "half_up" or whole % 2 == 1))
    return whole + rounds_up
