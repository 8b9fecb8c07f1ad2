"""Regular consumption: the months that are not closed, drawn one after the other."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable import tables
from ratable.drawdown.chain import FIXED, UNCOVERED, chain_draws


def opening_balances(commits: ir.Table, grants: ir.Table, posted: ir.Table, months: ir.Table) -> ir.Table:
    """What each commit has left before the first open month, as if nothing had lapsed."""
    open_on = months.agg(open_on=months.open_on.min())
    early = grants.cross_join(open_on)
    early = early.filter(early.month_on < early.open_on)
    early = early.group_by("commit_id").agg(added_minor=early.amount_minor.sum().cast("int64"))
    drawn = _net_by_commit(posted)
    rows = commits.left_join(early, "commit_id").drop("commit_id_right")
    rows = rows.left_join(drawn, "commit_id").drop("commit_id_right")
    balance = rows.granted_minor + rows.added_minor.fill_null(0) - rows.drawn_minor.fill_null(0)
    return rows.select("commit_id", balance_minor=balance).cast(tables.BALANCES)


def effective_grants(grants: ir.Table, commits: ir.Table, draws: ir.Table, lapsed: ir.Table | None = None) -> ir.Table:
    """Top-ups and credits as far as they could count: a credit takes no more than is left when its month begins.

    Usage of an earlier month, learned after the credit, may have drawn it before. Only a credit can ask for more than
    there is, so the balance that cannot fall below zero (see `chain`) moves away from the free sum in such months alone.
    `lapsed` is what caps of rollovers took, at the end of the months before the lives that followed.
    """
    nothing = ibis.literal(0).cast("int64")
    given = grants.select("commit_id", "month_on", granted="amount_minor", drawn=nothing)
    net = draws.filter(draws.kind == "drawdown").semi_join(grants, "commit_id")
    taken = net.select("commit_id", month_on="booked_on", granted=nothing, drawn="net_minor")
    moves = given.union(taken)
    if lapsed is not None:
        eve = (lapsed.rolls_on - ibis.interval(days=1)).truncate("M").cast("date")
        lost = lapsed.select("commit_id", month_on=eve, granted=nothing, drawn="amount_minor")
        moves = moves.union(lost.semi_join(grants, "commit_id"))
    months = moves.group_by(["commit_id", "month_on"]).agg(
        granted_minor=moves.granted.sum().cast("int64"), drawn_minor=moves.drawn.sum().cast("int64")
    )
    rows = months.inner_join(commits.select("commit_id", opening_minor="granted_minor"), "commit_id")
    order = {"group_by": "commit_id", "order_by": "month_on"}
    so_far = ibis.window(**order, rows=(None, 0))
    moved = (rows.granted_minor - rows.drawn_minor).sum().over(so_far).cast("int64")
    # How the month begins: after its grants, before its draws.
    rows = rows.mutate(begun=rows.opening_minor + moved + rows.drawn_minor)
    short = -ibis.least(rows.begun.min().over(so_far), 0)
    rows = rows.mutate(short_minor=short.cast("int64"))
    lost = rows.short_minor - ibis.coalesce(rows.short_minor.lag().over(ibis.window(**order)), 0)
    rows = rows.mutate(amount_minor=rows.granted_minor + lost)
    rows = rows.semi_join(grants, ["commit_id", "month_on"])
    return rows.select("commit_id", "month_on", "amount_minor").cast(tables.GRANTS)


def granted_balances(balances: ir.Table, grants: ir.Table, months: ir.Table, span: ir.Table) -> ir.Table:
    """Balances with the top-ups and credits of the span's first month: they count before its corrections."""
    due = grants.semi_join(_open_months(months, span), "month_on")
    due = due.semi_join(span, due.month_on == span.first_on)
    due = due.group_by("commit_id").agg(added_minor=due.amount_minor.sum().cast("int64"))
    rows = balances.left_join(due, "commit_id").drop("commit_id_right")
    balance = ibis.greatest(rows.balance_minor + rows.added_minor.fill_null(0), 0)
    return rows.select("commit_id", balance_minor=balance)


def open_chain(demands: ir.Table, items: ir.Table, circular: ir.Table, months: ir.Table, span: ir.Table) -> ir.Table:
    """The demand of the open months in the span, as one chain."""
    rows = demands.semi_join(_open_months(months, span), "month_on")
    return as_chain(rows.mutate(chain=ibis.literal("open")), items, circular)


def as_chain(rows: ir.Table, items: ir.Table, circular: ir.Table) -> ir.Table:
    """Demand rows with a `chain`, as the chain reads them."""
    rows = rows.inner_join(items.select("item_id", "stream_order"), "item_id")
    marks = circular.select(circular_id="contract_id")
    rows = rows.left_join(marks, rows.contract_id == marks.circular_id)
    return rows.select(
        "chain",
        "contract_id",
        "item_id",
        "month_on",
        "used_on",
        "stream_order",
        wave=wave(rows),
        open_minor=rows.gross_minor,
    ).cast(UNCOVERED)


def wave(rows: ir.Table) -> ir.Value:
    """Circular contracts go month by month, all others at once (wave 0)."""
    number = rows.month_on.year() * 12 + rows.month_on.month()
    return ibis.ifelse(rows.circular_id.isnull(), 0, number).cast("int64")


def open_state(balances: ir.Table) -> ir.Table:
    """Balances as the opening of the open chain."""
    return balances.select("commit_id", "balance_minor", chain=ibis.literal("open")).select(
        "chain", "commit_id", "balance_minor"
    )


def open_grants(
    grants: ir.Table,
    commits: ir.Table,
    circular: ir.Table,
    months: ir.Table,
    span: ir.Table,
    rollovers: ir.Table | None = None,
) -> ir.Table:
    """Top-ups and credits of the span's months but the first, before the month's consumption.

    Those of the first month are in the balances already: corrections, which come before, need them.
    """
    rows = grants.semi_join(_open_months(months, span), "month_on")
    rows = rows.anti_join(span, rows.month_on == span.first_on)
    rows = rows.group_by(["commit_id", "month_on"]).agg(granted_minor=rows.amount_minor.sum().cast("int64"))
    rows = rows.inner_join(commits.select("commit_id", "contract_id", "rank"), "commit_id")
    rows = rows if rollovers is None else _ranked(rows, rollovers)
    marks = circular.select(circular_id="contract_id")
    rows = rows.left_join(marks, rows.contract_id == marks.circular_id)
    return rows.select(
        "commit_id",
        "month_on",
        "granted_minor",
        chain=ibis.literal("open"),
        sequence=ibis.literal(0).cast("int64"),
        wanted_minor=ibis.literal(0).cast("int64"),
        pass_no=ibis.ifelse(rows.circular_id.isnull(), rows["rank"], 0).cast("int64"),
        wave=wave(rows),
    ).select(list(FIXED.names))


def _ranked(rows: ir.Table, rollovers: ir.Table) -> ir.Table:
    """Each row with the rank that its commit has in its month: that of the life in which it is drawn then."""
    turns = rollovers.select(rolled_id="commit_id", ranks_from="ranks_from", new_rank="rank")
    lives = rows.inner_join(turns, [rows.commit_id == turns.rolled_id, rows.month_on >= turns.ranks_from])
    latest = ibis.row_number().over(ibis.window(group_by=["commit_id", "month_on"], order_by=lives.ranks_from.desc()))
    lives = lives.mutate(place=latest)
    lives = lives.filter(lives.place == 0).select("commit_id", "month_on", "new_rank")
    found = rows.left_join(lives, ["commit_id", "month_on"]).drop("commit_id_right", "month_on_right")
    return found.mutate(rank=ibis.coalesce(found.new_rank, found["rank"])).drop("new_rank")


def regular_draws(
    covered: ir.Table, steps: ir.Table, uncovered: ir.Table, eligible: ir.Table, commits: ir.Table, waived: ir.Table
) -> ir.Table:
    """Consumption of the open months, booked in the month of use."""
    draws = chain_draws(covered, steps, uncovered, eligible, commits, waived)
    return draws.select(
        "contract_id",
        "item_id",
        "commit_id",
        "kind",
        service_on="month_on",
        booked_on="month_on",
        adjusted_on=ibis.date("0001-01-01"),
        gross_minor="gross_minor",
        net_minor="net_minor",
    ).cast(tables.DRAWS)


def regular_demands(demands: ir.Table, months: ir.Table, span: ir.Table) -> ir.Table:
    """The demand of the open months in the span, as it will be posted."""
    rows = demands.semi_join(_open_months(months, span), "month_on")
    return rows.select(
        "contract_id",
        "item_id",
        "month_on",
        "used_on",
        adjusted_on=ibis.date("0001-01-01"),
        gross_minor="gross_minor",
    ).cast(tables.POSTED_DEMANDS)


def closing_balances(balances: ir.Table, state: ir.Table) -> ir.Table:
    """Balances after the chain, of the commits that it touched and of the others."""
    after = state.filter(state.chain == "open").select("commit_id", "balance_minor")
    return balances.anti_join(after, "commit_id").union(after)


def _open_months(months: ir.Table, span: ir.Table) -> ir.Table:
    rows = months.cross_join(span)
    inside = (rows.month_on >= rows.first_on) & (rows.month_on < rows.before_on)
    return rows.filter(rows.is_open & inside).select("month_on")


def _net_by_commit(draws: ir.Table) -> ir.Table:
    rows = draws.filter(draws.kind == "drawdown")
    return rows.group_by("commit_id").agg(drawn_minor=rows.net_minor.sum().cast("int64"))
