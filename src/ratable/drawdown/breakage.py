"""Breakage: the part of a commit's price that use will not claim.

Everything is cumulative over the life of a commit, R(t); booked is the difference to what is
posted. `on_expiry` and `none`: R is what was drawn or lost to the cap of a rollover, and the whole price from the
last day on. `proportional`: R = min(P, round(d / (1 - b))) by the estimate b in force, and no less than that.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.money import SCALE, exact, minor
from ratable.terms import Breakage, Rounding

BREAKAGE = ibis.schema(
    {
        "contract_id": "string",
        "commit_id": "string",
        "product_id": "string",
        "kind": "string",
        "booked_on": "date",
        "on": "date",
        "amount_minor": "int64",
    }
)


def booked_lapses(
    draws: ir.Table,
    commits: ir.Table,
    grants: ir.Table,
    months: ir.Table,
    estimates: ir.Table,
    posted: ir.Table,
    lapsed: ir.Table | None = None,
    *,
    breakage: Breakage,
    rounding: Rounding,
) -> ir.Table:
    """What each commit books as breakage in each open month, signed; `lapsed` is what caps took by the end of each."""
    life = estimated(life_to_date(draws, commits, grants, months), estimates)
    life = with_forfeits(life, lapsed)
    return lapses(life, posted, breakage=breakage, rounding=rounding)


def all_lapses(posted: ir.Table, new: ir.Table) -> ir.Table:
    """What each commit has booked as breakage by month, posted or not."""
    columns = ["commit_id", "booked_on", "amount_minor"]
    return posted.select(columns).union(new.select(columns))


def life_to_date(draws: ir.Table, commits: ir.Table, grants: ir.Table, months: ir.Table) -> ir.Table:
    """Each commit at the end of each open month: granted, drawn, drawn in the month."""
    spine = months.filter(months.is_open).select("month_on", month_ends="ends_before", open_on="open_on")
    rows = commits.cross_join(spine)
    rows = rows.filter(rows.starts_on < rows.month_ends)
    keys = ["commit_id", "month_on"]
    net = draws.filter(draws.kind == "drawdown")
    net = net.group_by(["commit_id", "booked_on"]).agg(net_minor=net.net_minor.sum().cast("int64"))
    added = grants.select("commit_id", at_on="month_on", granted="amount_minor", drawn=ibis.literal(0).cast("int64"))
    taken = net.select("commit_id", at_on="booked_on", granted=ibis.literal(0).cast("int64"), drawn="net_minor")
    moves = added.union(taken)
    moved = rows.select(*keys, life_id="commit_id").inner_join(
        moves.rename({"move_id": "commit_id"}), [("life_id", "move_id")]
    )
    moved = moved.filter(moved.at_on <= moved.month_on)
    in_month = ibis.ifelse(moved.at_on == moved.month_on, moved.drawn, 0)
    moved = moved.group_by(keys).agg(
        added_minor=moved.granted.sum().cast("int64"),
        drawn_minor=moved.drawn.sum().cast("int64"),
        month_minor=in_month.sum().cast("int64"),
    )
    rows = rows.left_join(moved, keys).drop("commit_id_right", "month_on_right")
    return rows.mutate(
        price_minor=rows.granted_minor + rows.added_minor.fill_null(0),
        drawn_minor=rows.drawn_minor.fill_null(0),
        month_minor=rows.month_minor.fill_null(0),
    ).drop("added_minor")


def with_forfeits(life: ir.Table, lapsed: ir.Table | None) -> ir.Table:
    """What had lapsed at caps by the end of each month."""
    if lapsed is None:
        return life.mutate(forfeited_minor=ibis.literal(0).cast("int64"))
    sums = lapsed.group_by(["commit_id", "known_on"]).agg(forfeited_minor=lapsed.amount_minor.sum().cast("int64"))
    rows = life.left_join(sums, [life.commit_id == sums.commit_id, life.month_on == sums.known_on])
    rows = rows.drop("commit_id_right", "known_on")
    return rows.mutate(forfeited_minor=rows.forfeited_minor.fill_null(0))


def estimated(life: ir.Table, estimates: ir.Table) -> ir.Table:
    """The share expected to be used, by the last estimate known in the month."""
    known = estimates.select(estimated_id="commit_id", estimated_on="month_on", used_e12="keep_e12")
    rows = life.left_join(known, [life.commit_id == known.estimated_id, life.month_on >= known.estimated_on])
    order = ibis.window(group_by=["commit_id", "month_on"], order_by=rows.estimated_on.desc())
    rows = rows.mutate(place=ibis.row_number().over(order))
    rows = rows.filter(rows.place == 0)
    return rows.mutate(used_e12=rows.used_e12.fill_null(exact(SCALE))).drop("estimated_id", "estimated_on", "place")


def lapses(life: ir.Table, posted: ir.Table, *, breakage: Breakage, rounding: Rounding) -> ir.Table:
    """The step of R(t) in each month, less what was drawn in it; what a termination has released has no more of them."""
    last_on = (life.ends_before - ibis.interval(days=1)).cast("date")
    ended = life.expires & (last_on < life.month_ends)
    if breakage == "proportional":
        earned = minor(life.drawn_minor, exact(SCALE), life.used_e12, rounding=rounding)
        # what is left to draw bounds what is still owed
        running = ibis.greatest(ibis.least(life.price_minor, earned), life.drawn_minor + life.forfeited_minor)
    else:
        running = life.drawn_minor + life.forfeited_minor
    rows = life.mutate(last_on=last_on, ended=ended, earned_minor=ibis.ifelse(ended, life.price_minor, running))
    before = posted.group_by("commit_id").agg(posted_minor=posted.amount_minor.sum().cast("int64"))
    rows = rows.left_join(before, "commit_id").drop("commit_id_right")
    opened = rows.posted_minor.fill_null(0) + rows.drawn_minor - rows.month_minor
    order = ibis.window(group_by="commit_id", order_by="month_on")
    previous = ibis.coalesce(rows.earned_minor.lag().over(order), opened)
    rows = rows.mutate(amount_minor=rows.earned_minor - previous - rows.month_minor)
    month_end = (rows.month_ends - ibis.interval(days=1)).cast("date")
    in_last_month = rows.ended & (rows.last_on >= rows.month_on)
    is_released = ~rows.expires & (rows.released_on < rows.month_on)
    return (
        rows.filter((rows.amount_minor != 0) & ~is_released)
        .select(
            "contract_id",
            "commit_id",
            "product_id",
            kind=ibis.literal("refund" if breakage == "none" else "breakage"),
            booked_on="month_on",
            on=ibis.ifelse(in_last_month, rows.last_on, month_end),
            amount_minor="amount_minor",
        )
        .cast(BREAKAGE)
    )
