"""The whole calculation on one page: usage, rating, drawdown, allocation, recognition, ledger.

Owns the order of the flow and introduces the stages to each other; no stage knows another.
"""

from __future__ import annotations

from typing import NamedTuple

from ratable import checks, tables
from ratable.allocation import allocate
from ratable.backends import Sheet, Stored
from ratable.drawdown import Booked, Drawdowns, Pools
from ratable.drawing import UnitPools, UnitsDrawn, Used, draw_down, draw_units
from ratable.ledger import Journal, journalize
from ratable.rating import Optioned, Rated, rate
from ratable.rating.minimums import shortfalls, true_up
from ratable.recognition import recognize
from ratable.terms import Policy
from ratable.usage import Metered, meter, meter_records


class Inputs(NamedTuple):
    """Everything that a run reads: what was agreed, the facts, and what is posted."""

    months: Stored
    contracts: Stored
    items: Stored
    tiers: Stored
    rating_options: Stored
    tier_limits: Stored
    shares: Stored
    schedules: Stored
    sources: Stored
    pools: Pools
    unit_pools: Stored
    unit_rates: Stored
    unit_commits: Stored
    unit_eligible: Stored
    unit_grants: Stored
    unit_rollovers: Stored
    usage: Stored
    voids: Stored
    adjustments: Stored
    documents: Stored
    waiting: Stored
    posted_drawdown: Booked
    posted_revenue: Stored


class Outcome(NamedTuple):
    """Everything that a run gives, in the order of the flow."""

    metered: Metered
    rated: Rated
    drawdowns: Drawdowns
    allocated: Stored
    revenue: Stored
    journal: Journal
    kept_draws: Stored  # and those of units, for the next run
    kept_demands: Stored
    in_units: UnitsDrawn | None


def run_period(sheet: Sheet, inputs: Inputs, *, policy: Policy, zone: str = "UTC") -> Outcome:
    """Calculate every month of `inputs.months`: the whole of each, and the difference to what is posted.

    Months before them are settled: of those only sums are read, as `posted_drawdown`, `posted_revenue` and
    `documents` have them. Nothing is changed anywhere: the outcome is a draft until somebody keeps it. `revenue` and
    `journal` hold posted and new rows together; new rows are those booked in an open month.
    """
    items, months = inputs.items, inputs.months
    options = None if sheet.is_empty(inputs.rating_options) else inputs.rating_options
    metered = meter(sheet, inputs.usage, inputs.voids, items, options, zone=zone, late_usage=policy.late_usage)
    optioned = _optioned(sheet, inputs, metered, options, zone=zone)
    used = Used(inputs.usage, metered, items, months, policy, zone)
    unit_pools = None if sheet.is_empty(inputs.unit_pools) else _unit_pools(sheet, inputs)
    in_units = draw_units(sheet, used, unit_pools, inputs.posted_drawdown) if unit_pools else None
    left = in_units.rest if in_units else metered.by_month
    rated = rate(sheet, left, items, inputs.tiers, months, rounding=policy.rounding, optioned=optioned)
    drawn = draw_down(
        sheet,
        used,
        rated.months,
        inputs.pools,
        inputs.posted_drawdown,
        adjustments=inputs.adjustments,
        unit_pools=unit_pools,
        in_units=in_units,
    )
    drawdowns = drawn.money
    short = shortfalls(
        sheet,
        metered.by_month,
        items,
        inputs.tiers,
        inputs.contracts,
        months,
        partial_month=policy.minimum_partial_month,
    )
    true_ups = true_up(sheet, short, rated.months, drawdowns.draws, items, rounding=policy.rounding)
    allocated = allocate(sheet, rated.months, drawdowns.draws, items, inputs.shares, months=months)
    calendar = (months, inputs.contracts, inputs.pools.commits, items)
    revenue = recognize(
        sheet,
        allocated,
        true_ups,
        drawdowns.breakage,
        inputs.schedules,
        inputs.posted_revenue,
        calendar=calendar,
        rounding=policy.rounding,
    )
    journal = journalize(
        sheet,
        revenue,
        inputs.documents,
        inputs.waiting,
        inputs.contracts,
        inputs.sources,
        commits=inputs.pools.commits,
        months=months,
    )
    kept = (drawn.kept_draws, drawn.kept_demands)
    outcome = Outcome(metered, rated, drawdowns, allocated, revenue, journal, *kept, in_units)
    _check(sheet, outcome, inputs)
    return outcome


def _unit_pools(sheet: Sheet, inputs: Inputs) -> UnitPools:
    """Pools of units, drawn as pools of money are; nobody addresses usage to them, and no estimate is of units."""
    nobody = sheet.bind("units_circular", tables.CIRCULAR.to_pyarrow().empty_table(), tables.CIRCULAR)
    nothing = sheet.bind("units_estimates", tables.ESTIMATES.to_pyarrow().empty_table(), tables.ESTIMATES)
    pools = Pools(inputs.unit_commits, inputs.unit_eligible, nobody, inputs.unit_grants, nothing, inputs.unit_rollovers)
    return UnitPools(inputs.unit_pools, inputs.unit_rates, pools)


def _optioned(sheet: Sheet, inputs: Inputs, metered: Metered, options: Stored | None, *, zone: str) -> Optioned | None:
    """The records of items with rating options; where no item has any, nothing is looked for."""
    if options is None:
        return None
    records = meter_records(sheet, inputs.usage, metered, options, zone=zone)
    return Optioned(records, options, inputs.tier_limits)


def _check(sheet: Sheet, outcome: Outcome, inputs: Inputs) -> None:
    metered, drawdowns, rated = outcome.metered, outcome.drawdowns, outcome.rated
    taken = sheet.run(checks.usage_laws, inputs.usage, metered.by_month, metered.examined)
    flow = sheet.run(
        checks.flow_laws,
        rated.months,
        rated.lines,
        drawdowns.draws,
        outcome.allocated,
        inputs.items,
        outcome.revenue,
        inputs.months,
    )
    ledger = sheet.run(checks.ledger_laws, outcome.revenue, outcome.journal.journal, drawdowns.balances)
    pools = inputs.pools
    drawn = sheet.run(
        checks.drawdown_laws,
        pools.commits,
        drawdowns.grants,
        drawdowns.draws,
        drawdowns.balances,
        drawdowns.forfeits,
        outcome.revenue,
        inputs.months,
    )
    sources = sheet.run(checks.source_laws, outcome.journal.journal)
    terms = sheet.run(checks.terms_laws, rated.lines, inputs.items, outcome.allocated, inputs.shares, inputs.schedules)
    laws = (taken, flow, drawn, ledger, sources, terms)
    checks.hold(sheet, laws=laws if outcome.in_units is None else (*laws, _unit_laws(sheet, outcome.in_units, inputs)))


def _unit_laws(sheet: Sheet, in_units: UnitsDrawn, inputs: Inputs) -> Stored:
    own = in_units.drawn
    known = (inputs.unit_commits, inputs.unit_grants, own.draws, own.balances, own.forfeits, inputs.months)
    return sheet.run(checks.unit_laws, in_units.asked, *known)
