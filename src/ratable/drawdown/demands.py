"""What asks for cover: the list value of each drawing item by day."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.money import SCALE, exact, floor_div, split_exact


def drawing_months(rated: ir.Table, items: ir.Table) -> ir.Table:
    """The (item_id, month_on) whose amounts draw."""
    drawing = items.filter(items.draws).select("item_id")
    return rated.semi_join(drawing, "item_id").select("item_id", "month_on")


def edge_months(drawing: ir.Table, items: ir.Table, commits: ir.Table, months: ir.Table) -> ir.Table:
    """The drawing months inside which a commit of the contract starts or ends."""
    ends = commits.select("contract_id", edge_on="starts_on").union(
        commits.select("contract_id", edge_on="ends_before")
    )
    inside = ends.inner_join(months, [ends.edge_on > months.month_on, ends.edge_on < months.ends_before])
    inside = inside.select("contract_id", "month_on").distinct()
    of = drawing.inner_join(items.select("item_id", "contract_id"), "item_id")
    return of.semi_join(inside, ["contract_id", "month_on"]).select("item_id", "month_on")


def demands(rated: ir.Table, days: ir.Table, items: ir.Table, months: ir.Table) -> ir.Table:
    """The rated month of each drawing item spread over its days, nothing lost.

    By largest remainder over the day's quantity and amount. A fixed fee, and a fee that is due
    without usage, asks on the last active day; a month without days stands on its first day.
    """
    rows = rated.inner_join(items.drop("contract_id", "product_id"), "item_id")
    rows = rows.filter(rows.draws & (rows.amount_minor != 0))
    rows = rows.inner_join(months.select("month_on", month_ends="ends_before"), "month_on")
    ends = ibis.least(rows.ends_before, rows.contract_ends_before, rows.month_ends)
    last_on = (ends - ibis.interval(days=1)).cast("date")
    is_idle = rows.zero_usage_flat_fee & (rows.quantity_e12 == exact(0))
    is_fee = (rows.pricing_model == "fixed_fee") | is_idle
    rows = rows.select(
        "contract_id", "item_id", "month_on", "amount_minor", lump_on=ibis.ifelse(is_fee, last_on, rows.month_on)
    )
    spread = days.select("item_id", "month_on", "used_on", weight=days.quantity_e12 + days.amount_e12)
    spread = spread.filter(spread.weight > exact(0))
    spread = spread.anti_join(items.filter(items.pricing_model == "fixed_fee"), "item_id")
    rows = rows.left_join(spread, ["item_id", "month_on"]).drop("item_id_right", "month_on_right")
    rows = rows.mutate(used_on=ibis.coalesce(rows.used_on, rows.lump_on), weight=rows.weight.fill_null(exact(1)))
    rows = split_exact(
        rows, "gross_minor", total="amount_minor", weight="weight", within=["item_id", "month_on"], ties=["used_on"]
    )
    return rows.filter(rows.gross_minor != 0).select("contract_id", "item_id", "month_on", "used_on", "gross_minor")


def daily_before(edges: ir.Table, likely: ir.Table, posted: ir.Table) -> ir.Table:
    """The months that are looked at by day from the start: with an edge inside, likely short, or posted by day."""
    by_day = posted.filter(posted.used_on != posted.month_on).select("item_id", "month_on")
    return edges.union(likely).union(by_day, distinct=True)


def likely_short_months(rated: ir.Table, items: ir.Table, commits: ir.Table) -> ir.Table:
    """The months in which use so far passes what the contract's commits, one after the other, can cover.

    A guess that spares a round: what it misses `short_months` finds, what it adds decides nothing.
    """
    of = rated.semi_join(items.filter(items.draws), "item_id").select(
        "item_id", "contract_id", "month_on", "amount_minor"
    )
    used = of.group_by(["contract_id", "month_on"]).agg(
        gross_minor=of.amount_minor.sum().cast("int64"), streams=of.count()
    )
    by_month = ibis.window(group_by="contract_id", order_by="month_on", rows=(None, 0))
    used = used.mutate(after_minor=used.gross_minor.sum().over(by_month).cast("int64"))
    list_value = floor_div(commits.granted_minor, SCALE, ibis.greatest(commits.keep_e12, exact(1)))
    reach = commits.mutate(list_value=list_value)
    by_rank = ibis.window(group_by="contract_id", order_by="rank", rows=(None, 0))
    reach = reach.select("contract_id", reach_minor=reach.list_value.sum().over(by_rank))
    rows = used.filter(used.streams > 1).inner_join(reach, "contract_id")
    passed = (rows.reach_minor > rows.after_minor - rows.gross_minor) & (rows.reach_minor < rows.after_minor)
    months = rows.filter(passed).select("contract_id", "month_on").distinct()
    return of.semi_join(months, ["contract_id", "month_on"]).select("item_id", "month_on")


def short_months(drawing: ir.Table, daily: ir.Table, items: ir.Table, steps: ir.Table, commits: ir.Table) -> ir.Table:
    """The months in which a commit ran short and more than one stream drew: there the day decides who is covered."""
    short = steps.filter((steps.covered_minor < steps.gross_minor) & (steps.covered_minor > 0))
    short = short.inner_join(commits.select("commit_id", "contract_id"), "commit_id")
    short = short.select("contract_id", "month_on").distinct()
    of = drawing.inner_join(items.select("item_id", "contract_id"), "item_id")
    of = of.mutate(streams=of.count().over(ibis.window(group_by=["contract_id", "month_on"])))
    rows = of.filter(of.streams > 1).semi_join(short, ["contract_id", "month_on"])
    return rows.select("item_id", "month_on").anti_join(daily, ["item_id", "month_on"])


def all_months(first: ir.Table, second: ir.Table) -> ir.Table:
    """The months of both."""
    return first.union(second)
