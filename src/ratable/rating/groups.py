"""Rating options: what counts in a month other than its sum, and who is priced by itself.

Owns rating groups, aggregations, rounding of quantities, records priced one by one, prices that records carry and
limits of amounts. It only knows the items that have such options; what it gives are lines as `rating` makes them of
a month's quantity, so that nothing after it knows the difference.

A portion is what is priced at once: a group, or with `is_individual` a record of it, which then goes from
`before_e12` to `after_e12` on the counter of its group of `total_e12`.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.backends import Sheet, Stored
from ratable.money import SCALE, exact, floor_div, json_text, mul_div, round_to_sum, scaled, started
from ratable.rating.prices import filled, holds
from ratable.terms import Rounding

CARRIED_TIER = 0  # the line of records that carry their prices, as of amounts that came priced
KEYS = ["contract_id", "item_id", "product_id", "month_on", "minor_divisor"]
_PORTION = ["item_id", "month_on", "portion", "is_individual", "before_e12", "after_e12", "total_e12"]
_MONTH = ["item_id", "month_on"]


def price_groups(
    sheet: Sheet,
    records: Stored,
    options: Stored,
    items: Stored,
    tiers: Stored,
    limits: Stored,
    months: Stored,
    *,
    rounding: Rounding,
) -> Stored:
    """Unrounded lines by item, month and tier, of items that have rating options.

    What is priced by itself is rounded by itself, to minor units; a month's amount is then the sum of such.

    Shapes:
        records  an accepted record with a quantity per row
        options  a row per item_id
        -> a row per (item_id, month_on, touched tier); tier 0 = records that carried their prices

    Example:
        8 and 5 units of one day, volume 1.00 to 10 and 0.90 above, rated individually: 7.20 and 4.50.
    """
    portions = sheet.run(rated_portions, records, options, months)
    by_tier = sheet.run(tier_lines, portions, items, tiers, limits)
    carried = sheet.run(carried_lines, records, options, items, months)
    whole = sheet.run(rounded_by_itself, by_tier, carried, rounding=rounding)
    return sheet.run(limited_lines, whole, options)


def rated_portions(records: ir.Table, options: ir.Table, months: ir.Table) -> ir.Table:
    """What is priced at once, with its rounded quantity and its place on the counter of its group."""
    rows = records.semi_join(months, "month_on").inner_join(options, "item_id")
    rows = rows.filter((rows.price_dimension == "") & (rows.amount_dimension == ""))
    rows = rows.mutate(group_key=_group_key(rows))
    return _groups(rows.filter(~rows.is_individual)).union(_records(rows.filter(rows.is_individual)))


def _group_key(rows: ir.Table) -> ir.Value:
    """Requests that the books took together for speed are uploads of their own all the same."""
    alone, row = rows.came_alone.fill_null(False), "/" + rows.row.cast("string")
    return ibis.cases(
        (rows.rating_group == "day", rows.used_on.cast("string")),
        (rows.rating_group == "record", rows.usage_id),
        (rows.rating_group == "upload", rows.batch.cast("string") + ibis.ifelse(alone, row, "")),
        (rows.rating_group == "dimension", json_text(rows.dimensions, rows.group_dimension).fill_null("")),
        else_="",
    )


def _groups(rows: ir.Table) -> ir.Table:
    """A portion per group: its sum, or what the aggregation takes instead."""
    keys = [*_MONTH, "group_key"]
    latest = ibis.row_number().over(ibis.window(group_by=keys, order_by=[key.desc() for key in _in_order(rows)]))
    rows = rows.mutate(is_last=latest == 0)
    of_options = {name: rows[name].max() for name in ("aggregation", "quantity_step_e12", "quantity_rounding")}
    days = rows.group_by([*keys, "used_on"]).agg(
        sum_e12=rows.quantity_e12.sum(),
        most_e12=rows.quantity_e12.max(),
        last_e12=ibis.ifelse(rows.is_last, rows.quantity_e12, None).max(),
        **of_options,
    )
    groups = days.group_by(keys).agg(
        sum_e12=days.sum_e12.sum(),
        day_e12=days.sum_e12.max(),
        most_e12=days.most_e12.max(),
        last_e12=days.last_e12.max(),
        **{name: days[name].max() for name in of_options},
    )
    counted = ibis.cases(
        (groups.aggregation == "highest_day", groups.day_e12),
        (groups.aggregation == "maximum", groups.most_e12),
        (groups.aggregation == "last", groups.last_e12),
        else_=groups.sum_e12,
    )
    groups = groups.mutate(total_e12=_rounded_quantity(groups, exact(counted)))
    return groups.mutate(
        portion=groups.group_key, is_individual=False, before_e12=exact(0), after_e12=groups.total_e12
    ).select(_PORTION)


def _records(rows: ir.Table) -> ir.Table:
    """A portion per record, in the order of use: each goes on where the one before left the counter of the group."""
    rows = rows.mutate(units_e12=_rounded_quantity(rows, rows.quantity_e12))
    keys = [*_MONTH, "group_key"]
    so_far = ibis.window(group_by=keys, order_by=_in_order(rows), rows=(None, 0))
    rows = rows.mutate(
        portion=rows.usage_id,
        after_e12=exact(rows.units_e12.sum().over(so_far)),
        total_e12=exact(rows.units_e12.sum().over(ibis.window(group_by=keys))),
    )
    return rows.mutate(before_e12=rows.after_e12 - rows.units_e12).select(_PORTION)


def _in_order(rows: ir.Table) -> list[ir.Value]:
    """The order of use, records without a time of day first; then the order in which the books learned them."""
    return [rows.used_on, rows.used_at.notnull(), rows.used_at, rows.batch, rows.row]


def _rounded_quantity(rows: ir.Table, quantity_e12: ir.Value) -> ir.Value:
    """The quantity in whole steps of the unit of measure; as it is where there is no step."""
    step = ibis.greatest(rows.quantity_step_e12, exact(1))
    steps = ibis.cases(
        (rows.quantity_rounding == "up", started(quantity_e12, step)),
        (rows.quantity_rounding == "down", floor_div(quantity_e12, 1, step)),
        (rows.quantity_rounding == "half_even", mul_div(quantity_e12, 1, step, rounding="half_even")),
        else_=mul_div(quantity_e12, 1, step),
    )
    return steps * step


def tier_lines(portions: ir.Table, items: ir.Table, tiers: ir.Table, limits: ir.Table) -> ir.Table:
    """The tiers that each portion touches; a tier's flat fee is of the portion that touches it first."""
    own = items.select("item_id", "contract_id", "product_id", "pricing_model", "minor_divisor")
    rows = portions.inner_join(own, "item_id").inner_join(tiers, "item_id")
    before, after = filled(rows, rows.before_e12), filled(rows, rows.after_e12)
    is_graduated = rows.pricing_model == "graduated_tiered"
    is_reached = is_graduated | holds(rows, rows.total_e12)
    rows = rows.mutate(
        units_before_e12=ibis.ifelse(is_graduated, before, rows.before_e12),
        units_e12=ibis.ifelse(is_graduated, after - before, rows.after_e12 - rows.before_e12),
    )
    rows = rows.filter(is_reached & (rows.units_e12 > exact(0)))
    fee_e12 = ibis.ifelse(rows.units_before_e12 == exact(0), rows.flat_fee_e12, exact(0))
    rows = rows.mutate(value_e24=rows.units_e12 * rows.unit_price_e12 + fee_e12 * exact(SCALE))
    of_tier = limits.select("item_id", "tier", least_e12="minimum_e12", most_e12="maximum_e12")
    rows = rows.left_join(of_tier, ["item_id", "tier"]).drop("item_id_right", "tier_right")
    least = rows.least_e12.fill_null(exact(0)) * exact(SCALE)
    above = ibis.greatest(rows.value_e24, least)
    most = ibis.coalesce(rows.most_e12 * exact(SCALE), above)
    return rows.select(*KEYS, "portion", "is_individual", "tier", "units_e12", value_e24=ibis.least(above, most))


def carried_lines(records: ir.Table, options: ir.Table, items: ir.Table, months: ir.Table) -> ir.Table:
    """Records that carry their unit price or their amount; `meter` has seen that it is a number."""
    rows = records.semi_join(months, "month_on").inner_join(options, "item_id")
    rows = rows.filter((rows.price_dimension != "") | (rows.amount_dimension != ""))
    rows = rows.inner_join(items.select("item_id", "contract_id", "product_id", "minor_divisor"), "item_id")
    is_price = rows.price_dimension != ""
    named = ibis.ifelse(is_price, rows.price_dimension, rows.amount_dimension)
    rows = rows.mutate(
        units_e12=_rounded_quantity(rows, rows.quantity_e12),
        carried_e12=scaled(json_text(rows.dimensions, named).cast("decimal(38, 12)")),
    )
    value_e24 = rows.carried_e12 * ibis.ifelse(is_price, rows.units_e12, exact(SCALE))
    tier = ibis.literal(CARRIED_TIER).cast("int64")
    return rows.select(*KEYS, "is_individual", "units_e12", portion="usage_id", tier=tier, value_e24=value_e24)


def rounded_by_itself(by_tier: ir.Table, carried: ir.Table, *, rounding: Rounding) -> ir.Table:
    """The lines summed by tier, those of records that are rated individually as they are rounded there."""
    rows = by_tier.union(carried.select(by_tier.columns))
    alone = round_to_sum(
        rows.filter(rows.is_individual),
        "amount_minor",
        value="value_e24",
        divisor="minor_divisor",
        within=[*_MONTH, "portion"],
        ties=["tier"],
        rounding=rounding,
    )
    alone = alone.mutate(value_e24=exact(alone.amount_minor) * alone.minor_divisor)
    both = rows.filter(~rows.is_individual).union(alone.select(rows.columns))
    return both.group_by([*KEYS, "tier"]).agg(
        units_e12=exact(both.units_e12.sum()), value_e24=exact(both.value_e24.sum())
    )


def limited_lines(lines: ir.Table, options: ir.Table) -> ir.Table:
    """The lines within the maximum of their month: what is above it is taken from the highest tiers first."""
    rows = lines.inner_join(options.select("item_id", "maximum_e12"), "item_id")
    lower = ibis.window(group_by=_MONTH, order_by="tier", rows=(None, 0))
    rows = rows.mutate(below_e24=exact(rows.value_e24.sum().over(lower)) - rows.value_e24)
    left = ibis.greatest(rows.maximum_e12 * exact(SCALE) - rows.below_e24, exact(0))
    within = ibis.ifelse(rows.maximum_e12 > exact(0), ibis.least(rows.value_e24, left), rows.value_e24)
    return rows.select(*KEYS, "tier", "units_e12", value_e24=within)
