"""Pools of units: usage draws units before it is rated; what no pool covers is rated, what is covered earns its price.

Owns how a quantity asks for units, what of it is left to rate, and what drawn units are worth. The drawing itself is
that of money, in millionths of a unit: same order, same corrections of closed months. What is drawn in units is kept
beside what is drawn in money, under kinds and streams of its own.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable import tables
from ratable.money import exact, floor_div, minor, mul_div
from ratable.terms import Rounding

STREAM = "!units/"
KINDS = {"drawdown": "units", "overage": "units_over", "usage": "units_free", "discount": "units_waived"}
_PER_E12 = 10**18  # from quantity times rate, both scaled by 10^12, to millionths


def asked_units(metered: ir.Table, rates: ir.Table, items: ir.Table, *, rounding: Rounding) -> ir.Table:
    """The units that each item's month asks for, rounded once to the millionth, as rated months are."""
    rows = metered.inner_join(rates, "item_id").inner_join(items.select("item_id", "contract_id"), "item_id")
    units = mul_div(rows.quantity_e12, rows.rate_e12, _PER_E12, rounding=rounding).cast("int64")
    return rows.select("contract_id", "item_id", "month_on", "quantity_e12", amount_minor=units).cast(tables.RATED)


def quantities_alone(days: ir.Table) -> ir.Table:
    """Days as pools of units see them: what came priced draws none."""
    return days.mutate(amount_e12=exact(0))


def kept_of_units(draws: ir.Table) -> ir.Table:
    """The rows that are kept of units, as the drawing knows them."""
    rows = draws.filter(draws.kind.isin(list(KINDS.values())))
    return rows.mutate(kind=ibis.cases(*((rows.kind == kept, kind) for kind, kept in KINDS.items()), else_=""))


def to_be_kept(draws: ir.Table, drawn: ir.Table) -> ir.Table:
    """Draws of money, and those of units under kinds of their own."""
    own = drawn.mutate(kind=ibis.cases(*((drawn.kind == kind, kept) for kind, kept in KINDS.items()), else_=""))
    return draws.union(own.select(draws.columns))


def demands_of_units(demanded: ir.Table) -> ir.Table:
    """The demand for units that is kept."""
    rows = demanded.filter(demanded.item_id.startswith(STREAM))
    return rows.mutate(item_id=rows.item_id.substr(len(STREAM)))


def demands_to_be_kept(demanded: ir.Table, of_units: ir.Table) -> ir.Table:
    """Demand for money, and that for units under streams of its own."""
    return demanded.union(of_units.mutate(item_id=STREAM + of_units.item_id).select(demanded.columns))


def demands_of_money(demanded: ir.Table) -> ir.Table:
    """The demand for money that is kept."""
    return demanded.filter(~demanded.item_id.startswith(STREAM))


def draws_of_money(draws: ir.Table, pools: ir.Table) -> ir.Table:
    """What was drawn of money alone, and overage; what pools of units earned is not drawn again."""
    rows = draws.filter(draws.kind.notin(list(KINDS.values())))
    earned = rows.filter(rows.kind == "drawdown").semi_join(pools, "commit_id")
    return rows.filter(rows.kind != "drawdown").union(
        rows.filter(rows.kind == "drawdown").anti_join(earned, "commit_id")
    )


def worthless(commits: ir.Table, pools: ir.Table) -> ir.Table:
    """Commits as money draws on them: a pool of units has none to give, and is where its overage stands."""
    marks = pools.select(pool_id="commit_id")
    rows = commits.left_join(marks, commits.commit_id == marks.pool_id)
    granted = ibis.ifelse(rows.pool_id.isnull(), rows.granted_minor, 0).cast("int64")
    return rows.mutate(granted_minor=granted).select(list(commits.columns))


def without_pools(rows: ir.Table, pools: ir.Table) -> ir.Table:
    """The rows of commits that hold money."""
    return rows.anti_join(pools, "commit_id")


def of_pools(rows: ir.Table, pools: ir.Table) -> ir.Table:
    """The rows of commits that hold units."""
    return rows.semi_join(pools, "commit_id")


def rest_by_month(metered: ir.Table, drawn: ir.Table, rates: ir.Table) -> ir.Table:
    """Metered months with the quantity that is left to rate: what no pool covered, nor had lapsed for."""
    rows = metered.left_join(_left_over(drawn, rates), ["item_id", "month_on"])
    rows = rows.drop("item_id_right", "month_on_right")
    left = ibis.least(rows.quantity_e12, rows.early_e12 + rows.late_e12)
    return rows.mutate(quantity_e12=ibis.coalesce(left, rows.quantity_e12)).select(list(metered.columns))


def rest_by_day(days: ir.Table, drawn: ir.Table, rates: ir.Table) -> ir.Table:
    """Days with what is left to rate: use before any pool began comes first in its month, what a pool lacked comes last."""
    rows = days.left_join(_left_over(drawn, rates), ["item_id", "month_on"]).drop("item_id_right", "month_on_right")
    month = {"group_by": ["item_id", "month_on"]}
    so_far = ibis.window(**month, order_by="used_on", rows=(None, 0))
    rows = rows.mutate(reached=exact(rows.quantity_e12.sum().over(so_far)))
    rows = rows.mutate(whole=exact(rows.quantity_e12.sum().over(ibis.window(**month))))
    nothing = exact(0)
    early = rows.early_e12 - (rows.reached - rows.quantity_e12)
    late = rows.late_e12 - (rows.whole - rows.reached)
    early, late = (ibis.greatest(ibis.least(part, rows.quantity_e12), nothing) for part in (early, late))
    left = ibis.coalesce(ibis.least(early + late, rows.quantity_e12), rows.quantity_e12)
    return rows.mutate(quantity_e12=exact(left)).select(list(days.columns))


def _left_over(drawn: ir.Table, rates: ir.Table) -> ir.Table:
    """Of each month that drew, the quantity before there was a pool and the quantity that a pool did not cover."""
    touched = (
        drawn.filter(drawn.kind.isin(["drawdown", "discount"])).select("item_id", month_on="service_on").distinct()
    )
    parts = drawn.group_by(["item_id", "service_on"]).agg(
        early=ibis.ifelse(drawn.kind == "usage", drawn.gross_minor, 0).sum().cast("int64"),
        late=ibis.ifelse(drawn.kind == "overage", drawn.gross_minor, 0).sum().cast("int64"),
    )
    rows = parts.rename(month_on="service_on").semi_join(touched, ["item_id", "month_on"]).inner_join(rates, "item_id")
    early = mul_div(rows.early, _PER_E12, rows.rate_e12)
    late = mul_div(rows.late, _PER_E12, rows.rate_e12)
    return rows.select("item_id", "month_on", early_e12=early, late_e12=late)


def earned_before(draws: ir.Table, pools: ir.Table) -> ir.Table:
    """What drawn units have earned, as posted."""
    return draws.filter(draws.kind == "drawdown").semi_join(pools, "commit_id")


def all_draws(draws: ir.Table, posted: ir.Table, earned: ir.Table) -> ir.Table:
    """What was drawn in money, and what drawn units earned."""
    return draws.union(posted).union(earned)


def both(rows: ir.Table, more: ir.Table) -> ir.Table:
    """The rows of both."""
    return rows.union(more.select(rows.columns))


def earned_draws(
    drawn: ir.Table, posted: ir.Table, pools: ir.Table, months: ir.Table, *, rounding: Rounding
) -> ir.Table:
    """What drawn units earn in the open months: price times units drawn over units bought, cumulative, less what is posted.

    Each row takes the step of that sum, in the order in which it is booked; so the last unit takes the rest. It has no
    list value: nothing of it was rated.
    """
    taken = drawn.filter(drawn.kind == "drawdown").inner_join(pools, "commit_id")
    taken = taken.cross_join(months.agg(open_on=months.open_on.min()))
    closed = taken.filter(taken.booked_on < taken.open_on)
    before = closed.group_by("commit_id").agg(units_before=closed.net_minor.sum().cast("int64"))
    earned = posted.group_by("commit_id").agg(posted_minor=posted.net_minor.sum().cast("int64"))
    rows = taken.filter(taken.booked_on >= taken.open_on)
    rows = rows.left_join(before, "commit_id").drop("commit_id_right")
    rows = rows.left_join(earned, "commit_id").drop("commit_id_right")
    order = {"group_by": "commit_id", "order_by": ["booked_on", "service_on", "adjusted_on", "item_id"]}
    so_far = rows.net_minor.sum().over(ibis.window(**order, rows=(None, 0))).cast("int64")
    rows = rows.mutate(drawn_to_date=rows.units_before.fill_null(0) + so_far)
    rows = rows.mutate(earned_to_date=minor(rows.price_minor, rows.drawn_to_date, rows.units, rounding=rounding))
    previous = rows.earned_to_date.lag().over(ibis.window(**order))
    step = rows.earned_to_date - ibis.coalesce(previous, rows.posted_minor, 0)
    rows = rows.mutate(gross_minor=ibis.literal(0).cast("int64"), net_minor=step)
    return rows.select(list(tables.DRAWS.names)).cast(tables.DRAWS)


def worth_of_forfeits(forfeits: ir.Table, pools: ir.Table) -> ir.Table:
    """What units that lapsed at a cap had cost, cut to the minor unit: with what is drawn it never exceeds the price."""
    rows = forfeits.inner_join(pools, "commit_id")
    amount = floor_div(rows.price_minor, rows.amount_minor, rows.units).cast("int64")
    return rows.mutate(amount_minor=amount).select(list(tables.FORFEITS.names)).cast(tables.FORFEITS)


def money_balances(
    balances: ir.Table, pools: ir.Table, grants: ir.Table, draws: ir.Table, forfeits: ir.Table, months: ir.Table
) -> ir.Table:
    """Balances with what is left of the price of each pool of units."""
    horizon = months.agg(horizon_on=months.ends_before.max())
    given = grants.semi_join(pools, "commit_id").cross_join(horizon)
    given = given.filter(given.month_on < given.horizon_on).select("commit_id", moved="amount_minor")
    earned = draws.filter(draws.kind == "drawdown").semi_join(pools, "commit_id")
    moves = pools.select("commit_id", moved="price_minor").union(given)
    moves = moves.union(earned.select("commit_id", moved=-earned.net_minor))
    moves = moves.union(forfeits.semi_join(pools, "commit_id").select("commit_id", moved=-forfeits.amount_minor))
    left = moves.group_by("commit_id").agg(balance_minor=moves.moved.sum().cast("int64"))
    return balances.anti_join(pools, "commit_id").union(left)
