"""Monthly minimums: what a contract's month lacks to its commitment, by amount and by quantity.

Both describe one floor: the larger shortfall is due, never the sum.
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import ibis.expr.types as ir

from ratable import checks
from ratable.backends import Sheet, Stored
from ratable.money import SCALE, exact, minor, mul_div
from ratable.rating.prices import is_touched, units, value_e24
from ratable.terms import PartialMonth, Policy, Rounding

COUNTED = ibis.schema({"contract_id": "string", "month_on": "date", "learned_on": "date", "counted_minor": "int64"})
WORTH = ibis.schema({"contract_id": "string", "month_on": "date", "shortfall_e24": "decimal(38, 0)"})
TRUE_UPS = ibis.schema({"contract_id": "string", "month_on": "date", "learned_on": "date", "amount_minor": "int64"})


class Shortfalls(NamedTuple):
    """The floors of contracts' months, and what the units short of a minimum quantity are worth."""

    floors: Stored
    worth: Stored | None  # none where no contract has a minimum


def shortfalls(
    sheet: Sheet,
    metered: Stored,
    items: Stored,
    tiers: Stored,
    contracts: Stored,
    months: Stored,
    *,
    partial_month: PartialMonth,
) -> Shortfalls:
    """The floors of each contract's months, and the value of the units short of a minimum quantity."""
    floors = sheet.run(minimum_months, contracts, months, partial_month=partial_month)
    if sheet.is_empty(floors):
        return Shortfalls(floors, None)
    return Shortfalls(floors, sheet.run(quantity_shortfalls, floors, metered, items, tiers))


def true_up(
    sheet: Sheet, short: Shortfalls, rated: Stored, draws: Stored, items: Stored, *, rounding: Rounding
) -> Stored:
    """One true-up per contract and month: max(0, amount shortfall, value of the quantity shortfall).

    What counts is, per contract and month, the net of commits plus overage plus pay-as-you-go.
    """
    if short.worth is None:
        return sheet.bind("true_ups", TRUE_UPS.to_pyarrow().empty_table(), TRUE_UPS)
    fees = sheet.run(counted, rated, draws, items)
    due = sheet.run(true_ups, short.floors, short.worth, fees, rounding=rounding)
    checks.hold(sheet, laws=(sheet.run(checks.minimum_laws, short.floors, fees, due),))
    return due


def amount_true_ups(sheet: Sheet, contracts: Stored, months: Stored, counted: Stored, *, policy: Policy) -> Stored:
    """The same where no unit has a price: what minimum amounts alone come to, of what is told to count."""
    floors = sheet.run(minimum_months, contracts, months, partial_month=policy.minimum_partial_month)
    worth = sheet.bind("no_worth", WORTH.to_pyarrow().empty_table(), WORTH)
    return sheet.run(true_ups, floors, worth, counted, rounding=policy.rounding)


def counted(rated: ir.Table, draws: ir.Table, items: ir.Table) -> ir.Table:
    """What counts toward the floor: net of commits, overage and pay-as-you-go, by contract and month.

    To date by `learned_on`: the month of an adjustment, 0001-01-01 for all else.
    """
    never = ibis.date("0001-01-01")
    direct = rated.semi_join(items.filter(~items.draws), "item_id")
    direct = direct.select("contract_id", "month_on", "amount_minor", learned_on=never)
    learned_on = ibis.ifelse(draws.adjusted_on > never, draws.adjusted_on.truncate("M").cast("date"), never)
    drawn = draws.select("contract_id", month_on="service_on", amount_minor="net_minor", learned_on=learned_on)
    both = direct.union(drawn.select(direct.columns))
    keys = ["contract_id", "month_on"]
    rows = both.group_by([*keys, "learned_on"]).agg(amount_minor=both.amount_minor.sum())
    to_date = rows.amount_minor.sum().over(ibis.window(group_by=keys, order_by="learned_on", rows=(None, 0)))
    return rows.select(*keys, "learned_on", counted_minor=to_date.cast("int64"))


def minimum_months(contracts: ir.Table, months: ir.Table, *, partial_month: PartialMonth) -> ir.Table:
    """Every month that a contract with a minimum touches, with its floors."""
    rows = contracts.filter((contracts.minimum_amount_e12 > exact(0)) | (contracts.minimum_quantity_e12 > exact(0)))
    calendar = months.select("month_on", "days", month_ends="ends_before")
    first_on = ibis.greatest(rows.starts_on, rows.counts_from)
    rows = rows.mutate(first_on=first_on)
    rows = rows.inner_join(calendar, [rows.first_on < calendar.month_ends, rows.ends_before > calendar.month_on])
    if partial_month == "prorated":
        ends = ibis.least(rows.ends_before, rows.month_ends)
        part = ends.delta(ibis.greatest(rows.first_on, rows.month_on), unit="day").cast("int64")
    else:
        part = rows.days
    return rows.select(
        "contract_id",
        "month_on",
        "minor_divisor",
        amount_e24=mul_div(rows.minimum_amount_e12 * exact(SCALE), part, rows.days),
        quantity_e12=mul_div(rows.minimum_quantity_e12, part, rows.days),
    )


def quantity_shortfalls(floors: ir.Table, metered: ir.Table, items: ir.Table, tiers: ir.Table) -> ir.Table:
    """Value of the minimum quantity less value of what was used, never below zero, unrounded.

    Only pay-as-you-go units count. The contract has one usage group, so its first item's tiers price both.
    """
    priced = items.filter(items.pricing_model != "")
    payg = priced.filter(~priced.draws).select("item_id", "contract_id")
    used = metered.inner_join(payg, "item_id")
    used = used.group_by(["contract_id", "month_on"]).agg(used_e12=used.quantity_e12.sum())
    first = priced.group_by("contract_id").agg(item_id=priced.item_id.min())
    rows = floors.filter(floors.quantity_e12 > exact(0)).select("contract_id", "month_on", floor_e12="quantity_e12")
    rows = rows.left_join(used, ["contract_id", "month_on"])
    rows = rows.select("contract_id", "month_on", "floor_e12", used_e12=rows.used_e12.fill_null(exact(0)))
    rows = rows.inner_join(first, "contract_id")
    rows = rows.inner_join(priced.drop("contract_id"), "item_id").inner_join(tiers, "item_id")
    rows = _with_worth(rows, "at_floor", "floor_e12")
    rows = _with_worth(rows, "at_use", "used_e12")
    worth = rows.group_by(["contract_id", "month_on"]).agg(at_floor=rows.at_floor.sum(), at_use=rows.at_use.sum())
    return worth.select("contract_id", "month_on", shortfall_e24=ibis.greatest(worth.at_floor - worth.at_use, exact(0)))


def true_ups(floors: ir.Table, worth: ir.Table, counted: ir.Table, *, rounding: Rounding) -> ir.Table:
    """The larger shortfall, rounded once; an adjustment changes it in the month in which it was learned."""
    keys = ["contract_id", "month_on"]
    rows = floors.left_join(worth, keys).drop("contract_id_right", "month_on_right")
    never = ibis.date("0001-01-01")
    nothing = floors.select(*keys, learned_on=never, counted_minor=ibis.literal(0).cast("int64"))
    nothing = nothing.anti_join(counted.filter(counted.learned_on == never), keys)
    rows = rows.inner_join(counted.union(nothing.select(counted.columns)), keys)
    counted_e24 = exact(rows.counted_minor) * rows.minor_divisor
    due_e24 = ibis.greatest(rows.amount_e24 - counted_e24, rows.shortfall_e24.fill_null(exact(0)), exact(0))
    rows = rows.mutate(due_minor=minor(due_e24, 1, rows.minor_divisor, rounding=rounding))
    before = rows.due_minor.lag().over(ibis.window(group_by=keys, order_by="learned_on")).fill_null(0)
    rows = rows.mutate(amount_minor=(rows.due_minor - before).cast("int64"))
    return rows.filter(rows.amount_minor != 0).select(*keys, "learned_on", "amount_minor")


def _with_worth(rows: ir.Table, into: str, quantity: str) -> ir.Table:
    """Add the value that a tier has of a month's quantity."""
    rows = rows.mutate(quantity_e12=rows[quantity])
    rows = rows.mutate(units_e12=units(rows))
    return rows.mutate(**{into: ibis.ifelse(is_touched(rows, rows.units_e12), value_e24(rows), exact(0))})
