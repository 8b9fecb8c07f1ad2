"""4 Allocation: the price of a bundle is split over its products.

Owns the split by percentage or relative standalone selling price. Does not know months that are
closed: a changed split is caught up by recognition, as a difference.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.money import split_exact


def allocate(sheet: Sheet, rated: Stored, draws: Stored, items: Stored, shares: Stored, *, months: Stored) -> Stored:
    """Split what each item has earned over the products that it stands for.

    Shapes:
        rated   a row per (item_id, month_on)
        draws   rows per (item_id, commit_id, kind, service_on, booked_on, adjusted_on)
        shares  a row per (item_id, product_id) with its weight; a single product has one row
        months  the months that are computed; draws of earlier ones are settled
        ->      rows per (item_id, product_id, commit_id, kind, service_on, adjusted_on), whole amounts

    Units:
        amount_minor  int64; one split per item, service month, kind and commit, by largest remainder

    Conserves:
        allocated = earned, to the last minor unit

    Rejects:
        nothing

    Raises:
        NumberOverflowError: amount times weight does not fit 38 digits.

    Source:
        ASC 606-10-32-31 to 32-35 (relative standalone selling prices), 32-40 (variable amounts).

    Example:
        1,000.01 by 33.33, 33.33, 33.34 %: 333.30, 333.30, 333.41.
    """
    return sheet.run(allocated_earnings, rated, draws, items, shares, months, into="allocated")


def allocated_earnings(
    rated: ir.Table, draws: ir.Table, items: ir.Table, shares: ir.Table, months: ir.Table
) -> ir.Table:
    """What is earned, by product: one statement, because a large run need not keep what is between."""
    computed = draws.semi_join(months, draws.service_on == months.month_on)
    return allocated(earned(rated, computed, items), shares)


def earned(rated: ir.Table, draws: ir.Table, items: ir.Table) -> ir.Table:
    """Pay-as-you-go, drawdown and overage of each item and service month, everything known."""
    direct = rated.semi_join(items.filter(~items.draws), "item_id")
    direct = direct.select(
        "contract_id",
        "item_id",
        commit_id=ibis.literal(""),
        kind=ibis.literal("usage"),
        service_on="month_on",
        adjusted_on=ibis.date("0001-01-01"),
        amount_minor="amount_minor",
    )
    keys = ["contract_id", "item_id", "commit_id", "kind", "service_on", "adjusted_on"]
    drawn = draws.filter(draws.kind != "discount")
    drawn = drawn.group_by(keys).agg(amount_minor=drawn.net_minor.sum().cast("int64"))
    return direct.union(drawn.select(direct.columns)).cast(tables.EARNED)


def allocated(earned: ir.Table, shares: ir.Table) -> ir.Table:
    """Earned amounts by product; only what has several products needs a split."""
    members = shares.count().over(ibis.window(group_by="item_id"))
    parts = shares.mutate(members=members)
    names = list(tables.ALLOCATED.names)
    direct = earned.inner_join(parts.filter(parts.members == 1), "item_id").select(names)
    rows = earned.rename(earned_minor="amount_minor").inner_join(parts.filter(parts.members > 1), "item_id")
    within = ["item_id", "commit_id", "kind", "service_on", "adjusted_on"]
    rows = split_exact(
        rows, "amount_minor", total="earned_minor", weight="weight_e12", within=within, ties=["product_id"]
    )
    return direct.union(rows.select(names))
