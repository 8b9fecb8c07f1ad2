"""The whole calculation on one page: usage, rating, drawdown, allocation, recognition, ledger.

Owns the order of the flow and introduces the stages to each other; no stage knows another.
"""

from __future__ import annotations

from typing import NamedTuple

from ratable import checks
from ratable.allocation import allocate
from ratable.backends import Sheet, Stored
from ratable.drawdown import Booked, Drawdowns, Pools, draw_down
from ratable.drawdown.demands import (
    all_months,
    daily_before,
    demands,
    drawing_months,
    edge_months,
    likely_short_months,
    short_months,
)
from ratable.ledger import Journal, journalize
from ratable.rating import Optioned, Rated, rate
from ratable.rating.minimums import shortfalls, true_up
from ratable.recognition import recognize
from ratable.terms import Policy
from ratable.usage import Metered, meter, meter_days, meter_records

# Up to so many (item, month) are drawn by day at once; above, only the months in which the day matters.
DAILY_MONTHS = 2_000


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
    usage: Stored
    voids: Stored
    adjustments: Stored
    documents: Stored
    waiting: Stored
    posted_drawdown: Booked
    posted_revenue: Stored


class _Run(NamedTuple):
    policy: Policy
    zone: str


class Outcome(NamedTuple):
    """Everything that a run gives, in the order of the flow."""

    metered: Metered
    rated: Rated
    drawdowns: Drawdowns
    allocated: Stored
    revenue: Stored
    journal: Journal


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
    rated = rate(sheet, metered.by_month, items, inputs.tiers, months, rounding=policy.rounding, optioned=optioned)
    drawdowns = _drawdowns(sheet, inputs, metered, rated, run=_Run(policy, zone))
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
    journal = journalize(sheet, revenue, inputs.documents, inputs.waiting, inputs.contracts, inputs.sources)
    outcome = Outcome(metered, rated, drawdowns, allocated, revenue, journal)
    _check(sheet, outcome, inputs)
    return outcome


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
    checks.hold(sheet, laws=(taken, flow, drawn, ledger, sources, terms))


def _drawdowns(sheet: Sheet, inputs: Inputs, metered: Metered, rated: Rated, *, run: _Run) -> Drawdowns:
    """Draw down, by day where the day decides who is covered; that spares a large run the days that do not."""
    drawing = sheet.run(drawing_months, rated.months, inputs.items)
    if sheet.count(drawing) <= DAILY_MONTHS:
        return _draw(sheet, inputs, metered, rated, drawing, run=run)
    edges = sheet.run(edge_months, drawing, inputs.items, inputs.pools.commits, inputs.months)
    likely = sheet.run(likely_short_months, rated.months, inputs.items, inputs.pools.commits)
    daily = sheet.run(daily_before, edges, likely, inputs.posted_drawdown.demands)
    while True:  # a month by day can leave another month short; each round adds months, so there is a last one
        drawdowns = _draw(sheet, inputs, metered, rated, daily, run=run)
        short = sheet.run(short_months, drawing, daily, inputs.items, drawdowns.steps, inputs.pools.commits)
        if sheet.count(short) == 0:
            return drawdowns
        daily = sheet.run(all_months, daily, short, into="daily_months")


def _draw(sheet: Sheet, inputs: Inputs, metered: Metered, rated: Rated, daily: Stored, *, run: _Run) -> Drawdowns:
    days = meter_days(sheet, inputs.usage, metered, daily, zone=run.zone)
    asked = sheet.run(demands, rated.months, days, inputs.items, inputs.months)
    return draw_down(
        sheet,
        asked,
        inputs.pools,
        inputs.posted_drawdown,
        items=inputs.items,
        months=inputs.months,
        adjustments=inputs.adjustments,
        policy=run.policy,
    )
