"""The history of prepaid commits, month by month."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.drawdown.regular import effective_grants
from ratable.reports.customers import with_customer

_DAY = ibis.interval(days=1)
_MOVES = ("granted_minor", "topped_up_minor", "drawn_minor", "overage_minor")


def burn_down_by_month(
    commits: ir.Table,
    grants: ir.Table,
    draws: ir.Table,
    forfeits: ir.Table,
    months: ir.Table,
    contracts: ir.Table,
    customers: ir.Table,
) -> ir.Table:
    """Each commit's balance through the months: opening + granted + topped up - drawn - expired = remaining.

    `commits` are as signed; a termination ends them on the day on which the books learned it. What is
    left on the last day expires, and what the cap of a rollover takes on the last day of a life; what a correction gives
    back or takes after it expires at once.
    Overage stands beside the balance: it is what the commit did not cover.
    """
    latest = lapsed_at_last(forfeits)
    counted = effective_grants(grants, commits, draws, latest)
    rows = _less_forfeits(_through_months(_moves(commits, counted, draws, months), months), forfeits)
    ends = contracts.select("contract_id", "currency", gone_on="released_on")
    signed = commits.select("commit_id", "contract_id", "starts_on", "ends_before")
    rows = rows.inner_join(signed.inner_join(ends, "contract_id"), "commit_id")
    ended_on = ibis.least((rows.ends_before - _DAY).cast("date"), rows.gone_on)
    rows = rows.mutate(has_ended=ended_on < rows.next_on)
    rows = rows.mutate(remaining_minor=ibis.ifelse(rows.has_ended, 0, rows.free).cast("int64"))
    before = rows.remaining_minor.lag().over(ibis.window(group_by="commit_id", order_by="period"))
    rows = rows.mutate(opening_minor=before.fill_null(0).cast("int64"))
    moved = rows.granted_minor + rows.topped_up_minor - rows.drawn_minor
    rows = rows.mutate(expired_minor=(rows.opening_minor + moved - rows.remaining_minor).cast("int64"))
    rows = with_customer(rows.filter((rows.starts_on < rows.next_on) | (rows.free != 0)), customers)
    return rows.select(
        "customer_id",
        "contract_id",
        "commit_id",
        "currency",
        "period",
        "opening_minor",
        "granted_minor",
        "topped_up_minor",
        "drawn_minor",
        "expired_minor",
        "remaining_minor",
        "overage_minor",
        status=ibis.cases((rows.has_ended, "EXPIRED"), (rows.free <= 0, "EXHAUSTED"), else_="ACTIVE"),
    )


def lapsed_at_last(forfeits: ir.Table) -> ir.Table:
    """What the caps of rollovers took by all that is known."""
    order = ibis.window(group_by=["commit_id", "rolls_on"], order_by=forfeits.known_on.desc())
    rows = forfeits.mutate(place=ibis.row_number().over(order))
    return rows.filter(rows.place == 0).select(list(forfeits.columns))


def _less_forfeits(rows: ir.Table, forfeits: ir.Table) -> ir.Table:
    lost = forfeits.group_by(["commit_id", "known_on"]).agg(lost_minor=forfeits.amount_minor.sum().cast("int64"))
    rows = rows.left_join(lost, [rows.commit_id == lost.commit_id, rows.period == lost.known_on])
    return rows.mutate(free=rows.free - rows.lost_minor.fill_null(0)).drop("commit_id_right", "known_on", "lost_minor")


def _moves(commits: ir.Table, grants: ir.Table, draws: ir.Table, months: ir.Table) -> ir.Table:
    """What moved each commit in each month; what began before the first month (a cut-over) counts in it."""
    first = commits.cross_join(months.agg(first_on=months.month_on.min()))
    begun = ibis.greatest(first.starts_on.truncate("M").cast("date"), first.first_on)
    drawn = draws.filter(draws.kind == "drawdown")
    over = draws.filter(draws.kind == "overage")
    rows = _one_move(first.mutate(period=begun), "granted_minor", amount="granted_minor")
    rows = rows.union(_one_move(grants.mutate(period=grants.month_on), "topped_up_minor", amount="amount_minor"))
    rows = rows.union(_one_move(drawn.mutate(period=drawn.booked_on), "drawn_minor", amount="net_minor"))
    rows = rows.union(_one_move(over.mutate(period=over.booked_on), "overage_minor", amount="net_minor"))
    sums = {name: rows[name].sum().cast("int64") for name in _MOVES}
    return rows.group_by(["commit_id", "period"]).agg(**sums).semi_join(commits, "commit_id")


def _one_move(rows: ir.Table, into: str, *, amount: str) -> ir.Table:
    nothing = ibis.literal(0).cast("int64")
    figures = {name: rows[amount] if name == into else nothing for name in _MOVES}
    return rows.select("commit_id", "period", **figures)


def _through_months(moves: ir.Table, months: ir.Table) -> ir.Table:
    """Every commit in every month, with what it would have left if it never ended."""
    spine = months.select(period="month_on").union(moves.select("period"), distinct=True)
    every = moves.select("commit_id").distinct().cross_join(spine)
    rows = every.left_join(moves, ["commit_id", "period"]).drop("commit_id_right", "period_right")
    rows = rows.mutate(**{name: rows[name].fill_null(0) for name in _MOVES})
    so_far = ibis.window(group_by="commit_id", order_by="period", rows=(None, 0))
    free = (rows.granted_minor + rows.topped_up_minor - rows.drawn_minor).sum().over(so_far).cast("int64")
    return rows.mutate(free=free, next_on=(rows.period + ibis.interval(months=1)).cast("date"))
