"""What invoices bill that name the revenue they are of."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Bill(NamedTuple):
    """What an invoice bills, in minor units, and the ids of the revenue that it names."""

    named: tuple[int, ...]
    amount_minor: int


def take_named(bills: Iterable[Bill], open_minor: dict[int, int]) -> int:
    """Take what invoices bill from what is open of each revenue, by its id; gives what they bill above that.

    The more revenue an invoice names, the more it can be of: those that name less take first. One that names none of
    these takes nothing, and counts for nothing.
    """
    own = [bill for bill in bills if not open_minor.keys().isdisjoint(bill.named)]
    return sum(_above(bill, open_minor) for bill in sorted(own, key=lambda each: len(each.named)))


def _above(bill: Bill, open_minor: dict[int, int]) -> int:
    """Take what lowers the revenue first, then in its order; gives what is over."""
    left = bill.amount_minor
    for id in sorted((id for id in bill.named if id in open_minor), key=lambda each: open_minor[each] >= 0):
        part = open_minor[id] if open_minor[id] < 0 else min(open_minor[id], max(left, 0))
        open_minor[id] -= part
        left -= part
    return max(left, 0)
