"""Drawing, of units and of money: by day where the day decides who is covered, and units before money.

Owns which months are drawn by day, and how pools of units stand between the meter and the rating. Introduces the
drawdown to the meter; the drawing itself is `ratable.drawdown`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from ratable import drawdown, tables
from ratable.backends import Sheet, Stored
from ratable.drawdown import Booked, Drawdowns, Pools, rollover, units
from ratable.drawdown import breakage as lapse
from ratable.drawdown.demands import (
    all_months,
    daily_before,
    demands,
    drawing_months,
    edge_months,
    likely_short_months,
    short_months,
)
from ratable.terms import Policy
from ratable.usage import Metered, meter_days

# Up to so many (item, month) are drawn by day at once; above, only the months in which the day matters.
DAILY_MONTHS = 2_000

Days = Callable[[Stored], Stored]


class Used(NamedTuple):
    """What was used, by whom, and by which policy it draws."""

    usage: Stored
    metered: Metered
    items: Stored
    months: Stored
    policy: Policy
    zone: str


class UnitPools(NamedTuple):
    """The tables of pools of units; `pools` in millionths of a unit."""

    priced: Stored
    rates: Stored
    pools: Pools


class UnitsDrawn(NamedTuple):
    """What was drawn in units: of each pool, and the quantities that are left to rate."""

    drawn: Drawdowns
    rest: Stored
    asked: Stored


class Drawn(NamedTuple):
    """What was drawn, in money; `kept_draws` and `kept_demands` hold the units too, for the next run."""

    money: Drawdowns
    kept_draws: Stored
    kept_demands: Stored


def draw_units(sheet: Sheet, used: Used, unit_pools: UnitPools, booked: Booked) -> UnitsDrawn:
    """Consume pools of units with metered quantities, before anything is rated."""
    metered, items = used.metered, used.items
    asked = sheet.run(
        units.asked_units, metered.by_month, unit_pools.rates, items, rounding=used.policy.rounding, into="units_asked"
    )
    own = Booked(
        sheet.run(units.kept_of_units, booked.draws),
        sheet.run(units.demands_of_units, booked.demands),
        sheet.run(units.of_pools, booked.breakage, unit_pools.priced, into="breakage_of_units"),
    )
    adjustments = sheet.bind("no_adjustments", tables.ADJUSTMENTS.to_pyarrow().empty_table(), tables.ADJUSTMENTS)
    # whether anything lapsed is asked, not how much: so the policy of the price does not matter
    by_units = used._replace(policy=replace(used.policy, breakage="on_expiry"))

    def days(stored: Stored) -> Stored:
        return sheet.run(units.quantities_alone, stored)

    found = draw(sheet, by_units, asked, unit_pools.pools, own, adjustments=adjustments, days=days)
    drawn = Drawdowns(*(sheet.run(rollover.kept, part, into=f"units_{name}") for name, part in found._asdict().items()))
    rest = sheet.run(units.rest_by_month, metered.by_month, drawn.draws, unit_pools.rates)
    return UnitsDrawn(drawn, rest, asked)


def draw_down(
    sheet: Sheet,
    used: Used,
    rated: Stored,
    pools: Pools,
    booked: Booked,
    *,
    adjustments: Stored,
    unit_pools: UnitPools | None,
    in_units: UnitsDrawn | None,
) -> Drawn:
    """Consume prepaid balances with rated usage, and let drawn units earn their price."""
    if unit_pools is None or in_units is None:
        money = draw(sheet, used, rated, pools, booked, adjustments=adjustments)
        return Drawn(money, money.draws, money.demands)
    priced = unit_pools.priced
    of_money = Booked(
        sheet.run(units.draws_of_money, booked.draws, priced),
        sheet.run(units.demands_of_money, booked.demands),
        sheet.run(units.without_pools, booked.breakage, priced, into="breakage_of_money"),
    )
    without = pools._replace(
        commits=sheet.run(units.worthless, pools.commits, priced),
        grants=sheet.run(units.without_pools, pools.grants, priced, into="grants_of_money"),
    )

    def days(stored: Stored) -> Stored:
        return sheet.run(units.rest_by_day, stored, in_units.drawn.draws, unit_pools.rates)

    drawn = draw(sheet, used, rated, without, of_money, adjustments=adjustments, days=days)
    return _with_units(sheet, used, drawn, pools=pools, booked=booked, unit_pools=unit_pools, in_units=in_units)


def _with_units(
    sheet: Sheet,
    used: Used,
    drawn: Drawdowns,
    *,
    pools: Pools,
    booked: Booked,
    unit_pools: UnitPools,
    in_units: UnitsDrawn,
) -> Drawn:
    """What money and units came to together, in money."""
    priced, own = unit_pools.priced, in_units.drawn
    posted = sheet.run(units.earned_before, booked.draws, priced)
    earned = sheet.run(units.earned_draws, own.draws, posted, priced, used.months, rounding=used.policy.rounding)
    draws = sheet.run(units.all_draws, drawn.draws, posted, earned)
    added = sheet.run(units.of_pools, pools.grants, priced, into="grants_of_units")
    grants = sheet.run(units.both, drawn.grants, added, into="grants_of_both")
    lost = sheet.run(units.worth_of_forfeits, own.forfeits, priced)
    forfeits = sheet.run(units.both, drawn.forfeits, lost, into="forfeits_of_both")
    balances = sheet.run(units.money_balances, drawn.balances, priced, added, draws, lost, used.months)
    asked_at = sheet.run(rollover.open_knowledge, used.months)
    of_units, of_money = unit_pools.pools, (pools.commits, drawn.grants, drawn.draws, pools.rollovers, asked_at)
    known = sheet.run(
        rollover.forfeits, of_units.commits, own.grants, own.draws, of_units.rollovers, asked_at, into="units_lost"
    )
    known = sheet.run(units.worth_of_forfeits, known, priced, into="units_lost_by_month")
    by_money = sheet.run(rollover.forfeits, *of_money, into="money_lost_by_month")
    lapsed = sheet.run(units.both, by_money, known, into="lost_by_month")
    breakage = sheet.run(
        lapse.booked_lapses,
        draws,
        pools.commits,
        grants,
        used.months,
        pools.estimates,
        booked.breakage,
        lapsed,
        into="lapses_of_both",
        breakage=used.policy.breakage,
        rounding=used.policy.rounding,
    )
    money = Drawdowns(draws, drawn.demands, breakage, drawn.steps, balances, grants, forfeits)
    return Drawn(
        money,
        sheet.run(units.to_be_kept, draws, own.draws),
        sheet.run(units.demands_to_be_kept, drawn.demands, own.demands),
    )


def draw(
    sheet: Sheet,
    used: Used,
    asked: Stored,
    pools: Pools,
    booked: Booked,
    *,
    adjustments: Stored,
    days: Days | None = None,
) -> Drawdowns:
    """Draw down what is asked by month, by day where the day decides who is covered; `days` changes what a day weighs."""

    def by(daily: Stored) -> Drawdowns:
        metered = meter_days(sheet, used.usage, used.metered, daily, zone=used.zone)
        weighed = metered if days is None else days(metered)
        spread = sheet.run(demands, asked, weighed, used.items, used.months)
        return drawdown.draw_down(
            sheet,
            spread,
            pools,
            booked,
            items=used.items,
            months=used.months,
            adjustments=adjustments,
            policy=used.policy,
        )

    drawing = sheet.run(drawing_months, asked, used.items)
    if sheet.count(drawing) <= DAILY_MONTHS:
        return by(drawing)
    edges = sheet.run(edge_months, drawing, used.items, pools.commits, used.months)
    likely = sheet.run(likely_short_months, asked, used.items, pools.commits)
    daily = sheet.run(daily_before, edges, likely, booked.demands)
    while True:  # a month by day can leave another month short; each round adds months, so there is a last one
        drawdowns = by(daily)
        short = sheet.run(short_months, drawing, daily, used.items, drawdowns.steps, pools.commits)
        if sheet.count(short) == 0:
            return drawdowns
        daily = sheet.run(all_months, daily, short, into="daily_months")
