"""What is left: prepaid commits over time, and remaining performance obligations."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.drawdown.regular import effective_grants
from ratable.money import minor
from ratable.reports.customers import with_customer
from ratable.terms import Rounding

_DAY = ibis.interval(days=1)


def burn_down(commits: ir.Table, grants: ir.Table, revenue: ir.Table, forfeits: ir.Table, day: ir.Table) -> ir.Table:
    """Remaining value and status of each prepaid commit at the end of `day.at`."""
    lapsed = lapsed_by_day(forfeits, day)
    grants = effective_grants(
        grants, commits, revenue.select("commit_id", "kind", "booked_on", net_minor="amount_minor"), lapsed
    )
    lapsed = lapsed.group_by("commit_id").agg(lapsed_minor=lapsed.amount_minor.sum().cast("int64"))
    drawn = revenue.filter(revenue.kind == "drawdown").cross_join(day)
    drawn = drawn.filter(drawn.on <= drawn["at"])
    drawn = drawn.group_by(["commit_id"]).agg(drawn_minor=drawn.amount_minor.sum().cast("int64"))
    added = grants.cross_join(day)
    added = added.filter(added.month_on <= added["at"])
    added = added.group_by("commit_id").agg(added_minor=added.amount_minor.sum().cast("int64"))
    rows = commits.left_join(drawn, "commit_id").drop("commit_id_right")
    rows = rows.left_join(added, "commit_id").drop("commit_id_right")
    rows = rows.left_join(lapsed, "commit_id").drop("commit_id_right").cross_join(day)
    last_on = (rows.ends_before - _DAY).cast("date")
    ended = (last_on <= rows["at"]) & (rows.ends_before < ibis.date("9999-12-31"))
    left = rows.granted_minor + rows.added_minor.fill_null(0) - rows.drawn_minor.fill_null(0)
    left = left - rows.lapsed_minor.fill_null(0)
    rows = rows.mutate(ended=ended, left=left)
    return rows.select(
        "commit_id",
        "contract_id",
        "ends_before",
        forfeited_minor=rows.lapsed_minor.fill_null(0),
        remaining_minor=ibis.ifelse(rows.ended, 0, rows.left).cast("int64"),
        status=ibis.cases((rows.ended, "EXPIRED"), (rows.left <= 0, "EXHAUSTED"), else_="ACTIVE"),
    )


def lapsed_by_day(forfeits: ir.Table, day: ir.Table) -> ir.Table:
    """What the caps of rollovers had taken by the end of `day.at`, by what the months before had booked."""
    rows = forfeits.cross_join(day)
    next_on = (rows["at"] + ibis.interval(days=1)).cast("date")
    known = (rows.known_on + ibis.interval(months=1)).cast("date") <= next_on
    rows = rows.filter(known & (rows.rolls_on <= next_on))
    order = ibis.window(group_by=["commit_id", "rolls_on"], order_by=rows.known_on.desc())
    rows = rows.mutate(place=ibis.row_number().over(order))
    return rows.filter(rows.place == 0).select(list(forfeits.columns))


def remaining_obligations(
    burnt: ir.Table, schedules: ir.Table, revenue: ir.Table, day: ir.Table, *, rounding: Rounding
) -> ir.Table:
    """Contracted revenue not yet recognized at the end of `day.at`, by contract and band.

    Commits count with what remains and is not breakage yet, by their expiration; subscriptions by the end of the month, and
    milestones by the day, in which they will be recognized. Usage and minimums are exempt.

    Source: ASC 606-10-50-13 to 50-14A.
    """
    lapsed = revenue.filter(revenue.kind == "breakage").cross_join(day)
    lapsed = lapsed.filter(lapsed.on <= lapsed["at"])
    lapsed = lapsed.group_by("commit_id").agg(lapsed_minor=lapsed.amount_minor.sum().cast("int64"))
    pools = burnt.left_join(lapsed, "commit_id").drop("commit_id_right").cross_join(day)
    last_on = (pools.ends_before - _DAY).cast("date")
    # what lapsed at a cap is breakage and is not in what remains: it is not taken off again
    ahead_minor = ibis.greatest(pools.lapsed_minor.fill_null(0) - pools.forfeited_minor, 0)
    ahead_minor = ibis.ifelse(pools.status == "EXPIRED", 0, ahead_minor)
    pools = pools.select("contract_id", amount=pools.remaining_minor - ahead_minor, on=last_on, at="at")
    planned = schedules.cross_join(day)
    amount = minor(planned.total_minor, planned.weight_to_date, planned.weight_total, rounding=rounding) - minor(
        planned.total_minor, planned.weight_before, planned.weight_total, rounding=rounding
    )
    done = revenue.filter(revenue.kind.isin(["subscription", "milestone"])).cross_join(day)
    done = done.filter(done.on <= done["at"])
    done = done.select("contract_id", amount=-done.amount_minor, on="on", at="at")
    month_end = (planned.month_on + ibis.interval(months=1) - _DAY).cast("date")
    due_on = ibis.ifelse(planned.kind == "subscription", month_end, planned.on)
    rows = pools.union(planned.select("contract_id", amount=amount, on=due_on, at="at")).union(done)
    year = (rows["at"] + ibis.interval(years=1)).cast("date")
    rows = rows.mutate(band=ibis.ifelse(rows.on <= year, "12_months", "later"))
    return rows.group_by(["contract_id", "band"]).agg(amount_minor=rows.amount.sum().cast("int64"))


def obligations_by_band(
    commits: ir.Table,
    grants: ir.Table,
    schedules: ir.Table,
    revenue: ir.Table,
    forfeits: ir.Table,
    contracts: ir.Table,
    customers: ir.Table,
    day: ir.Table,
    *,
    rounding: Rounding,
) -> ir.Table:
    """Remaining performance obligations by customer, contract and band, of terms as they were signed.

    A contract that the books have ended by `day.at` counts no more; until then its terms count as signed.
    """
    ended = contracts.cross_join(day)
    ended = ended.filter(ended.released_on <= ended["at"]).select("contract_id")
    pools, planned, done = (table.anti_join(ended, "contract_id") for table in (commits, schedules, revenue))
    burnt = burn_down(pools, grants, done, forfeits, day)
    rows = remaining_obligations(burnt, planned, done, day, rounding=rounding)
    rows = rows.inner_join(contracts.select("contract_id", "currency"), "contract_id").cross_join(day)
    return with_customer(rows.filter(rows.amount_minor != 0), customers)
