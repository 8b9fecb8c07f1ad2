"""2 Rating: metered quantities become amounts by the price plan, one line per touched tier.

Owns the pricing models and the one rounding of a rated month. Does not know of prepaid commits,
bundles or periods that are closed.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from ratable.backends import Sheet, Stored
from ratable.money import SCALE, exact, round_to_sum
from ratable.rating.groups import price_groups
from ratable.rating.prices import is_touched, units, value_e24
from ratable.terms import Rounding

__all__ = ["Optioned", "Rated", "rate"]

SOURCE_TIER = 0  # the line of amounts that came priced


class Optioned(NamedTuple):
    """What `rate` reads more where items have rating options."""

    records: Stored
    options: Stored
    limits: Stored


class Rated(NamedTuple):
    """What `rate` gives."""

    lines: Stored
    months: Stored


def rate(
    sheet: Sheet,
    metered: Stored,
    items: Stored,
    tiers: Stored,
    months: Stored,
    *,
    rounding: Rounding,
    optioned: Optioned | None = None,
) -> Rated:
    """Price each item's month by its tiers; amounts that came priced are taken as they are.

    Tiers count the item's whole quantity of the month; an upper bound belongs to its tier.
    A fixed fee is due for each month in which its item is active, used or not.

    Shapes:
        metered    a row per (item_id, month_on)
        items      a row per item_id
        tiers      rows per (item_id, tier), already with the contract's own prices
        months     the months that are computed
        -> lines   a row per (item_id, month_on, touched tier); tier 0 = priced at source
        -> months  a row per (item_id, month_on): the rounded amount

    Units:
        amount_minor  rounded once per (item_id, month_on), lines by largest remainder of that total

    Conserves:
        the lines of a month sum to its amount, to the last minor unit

    Rejects:
        nothing: what has no price was rejected by `meter`

    Raises:
        NumberOverflowError: quantity times price does not fit 38 digits.

    Source:
        ASC 606-10-32-40 (usage fees belong to the period of use); 606-10-55-18.

    Example:
        12,500 units, graduated to 1,000 at 0.10, to 10,000 at 0.08, above at 0.05: 100 + 720 + 125.
    """
    if optioned is None:
        priced = sheet.run(priced_months, metered, items, tiers, months)
    else:
        grouped = price_groups(
            sheet, optioned.records, optioned.options, items, tiers, optioned.limits, months, rounding=rounding
        )
        priced = sheet.run(priced_with_groups, metered, items, tiers, months, optioned.options, grouped)
    lines = sheet.run(rated_lines, priced, rounding=rounding)
    return Rated(lines, sheet.run(rated, lines))


def priced_months(metered: ir.Table, items: ir.Table, tiers: ir.Table, months: ir.Table) -> ir.Table:
    """Unrounded lines of every month in which something is due."""
    return priced_lines(due_months(metered, items, tiers, months), items, tiers)


def priced_with_groups(
    metered: ir.Table, items: ir.Table, tiers: ir.Table, months: ir.Table, options: ir.Table, grouped: ir.Table
) -> ir.Table:
    """The same where items have rating options: theirs are the lines of groups, and a fee of months without units."""
    due = due_months(metered, items, tiers, months)
    plain = priced_lines(due.anti_join(options, "item_id"), items, tiers)
    beside = priced_lines(due.semi_join(options, "item_id").mutate(quantity_e12=exact(0)), items, tiers)
    at_source = beside.filter(beside.tier == SOURCE_TIER)
    fees = beside.filter(beside.tier != SOURCE_TIER).anti_join(grouped, ["item_id", "month_on"])
    both = grouped.select(plain.columns).union(at_source).union(fees)
    keys = [name for name in plain.columns if name not in ("units_e12", "value_e24")]
    summed = both.group_by(keys).agg(units_e12=exact(both.units_e12.sum()), value_e24=exact(both.value_e24.sum()))
    return plain.union(summed.select(plain.columns))


def due_months(metered: ir.Table, items: ir.Table, tiers: ir.Table, months: ir.Table) -> ir.Table:
    """Metered months, and the months without usage in which a fee is due all the same."""
    with_fee = tiers.filter(tiers.tier == 1).select("item_id", flat_fee_e12=tiers.flat_fee_e12)
    standing = items.inner_join(with_fee, "item_id")
    standing = standing.filter(
        (standing.pricing_model == "fixed_fee") | (standing.zero_usage_flat_fee & (standing.flat_fee_e12 > exact(0)))
    )
    starts_on = ibis.greatest(standing.starts_on, standing.contract_starts_on)
    ends_before = ibis.least(standing.ends_before, standing.contract_ends_before)
    active = standing.select("item_id", starts_on=starts_on, ends_before=ends_before)
    active = (
        active.filter(active.starts_on < active.ends_before)
        .inner_join(
            months.select("month_on", month_ends="ends_before"),
            [active.starts_on < months.ends_before, active.ends_before > months.month_on],
        )
        .select("item_id", "month_on")
    )
    metered = metered.semi_join(months, "month_on")
    used = metered.select("item_id", "month_on")
    idle = active.anti_join(used, ["item_id", "month_on"])
    nothing = idle.mutate(quantity_e12=exact(0), amount_e12=exact(0))
    return metered.select("item_id", "month_on", "quantity_e12", "amount_e12").union(nothing)


def priced_lines(due: ir.Table, items: ir.Table, tiers: ir.Table) -> ir.Table:
    """One line per touched tier and one for amounts priced at source, unrounded."""
    rows = due.inner_join(items, "item_id").select(
        "item_id",
        "month_on",
        "quantity_e12",
        "amount_e12",
        "contract_id",
        "product_id",
        "pricing_model",
        "package_size_e12",
        "free_units_e12",
        "zero_usage_flat_fee",
        "minor_divisor",
    )
    keys = ["contract_id", "item_id", "product_id", "month_on", "minor_divisor"]
    at_source = rows.filter(rows.amount_e12 != exact(0)).select(
        *keys,
        tier=ibis.literal(SOURCE_TIER).cast("int64"),
        units_e12=exact(0),
        value_e24=rows.amount_e12 * exact(SCALE),
    )
    stepped = rows.inner_join(tiers, "item_id")
    in_tier = units(stepped)
    stepped = stepped.mutate(units_e12=in_tier, is_touched=is_touched(stepped, in_tier))
    stepped = stepped.filter(stepped.is_touched)
    by_tier = stepped.select(*keys, "tier", "units_e12", value_e24=value_e24(stepped))
    return by_tier.union(at_source.select(by_tier.columns))


def rated_lines(priced: ir.Table, *, rounding: Rounding) -> ir.Table:
    """Lines in minor units that sum to the month's rounded amount."""
    rows = round_to_sum(
        priced,
        "amount_minor",
        value="value_e24",
        divisor="minor_divisor",
        within=["item_id", "month_on"],
        ties=["tier"],
        rounding=rounding,
    )
    return rows.select(
        "contract_id", "item_id", "product_id", "month_on", "tier", "amount_minor", quantity_e12=rows.units_e12
    )


def rated(lines: ir.Table) -> ir.Table:
    """The amount of each item's month."""
    return lines.group_by(["contract_id", "item_id", "month_on"]).agg(
        quantity_e12=lines.quantity_e12.sum(), amount_minor=lines.amount_minor.sum().cast("int64")
    )
