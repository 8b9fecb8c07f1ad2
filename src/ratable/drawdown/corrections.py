"""Corrections of closed months: split the month again with its own opening balance, book the difference.

ideal(G) is the split of a closed month by the balances it opened with. When its demand goes from G
to G', a commit gives drawn = min(max(0, ideal(G') - ideal(G)), what it has left now); its net of the
month becomes min(ideal(G'), net posted + drawn), and what that does not cover stays overage. So a
top-up never turns booked overage into drawdown, and undoing a late record undoes what it drew.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable import tables
from ratable.drawdown.chain import REGULAR
from ratable.drawdown.regular import as_chain

NEVER = "0001-01-01"
BEFORE, AFTER, CAPPED = "before", "after", "capped"


def waived(commits: ir.Table, breakage: ir.Table, span: ir.Table) -> ir.Table:
    """Commits that ended before the span with breakage: late usage of their days is never overage."""
    spanned = breakage.cross_join(span)
    lapsed = spanned.filter((spanned.amount_minor > 0) & (spanned.booked_on < spanned.first_on))
    ended = commits.filter(commits.expires).cross_join(span)
    ended = ended.filter(ended.ends_before <= ended.first_on).select("commit_id")
    return ended.semi_join(lapsed.select("commit_id").distinct(), "commit_id")


def late_changes(demands: ir.Table, posted: ir.Table, months: ir.Table) -> ir.Table:
    """By how much the demand of closed months differs from what is posted for it."""
    closed = months.filter(~months.is_open).select("month_on")
    keys = ["contract_id", "item_id", "month_on", "used_on"]
    now = demands.semi_join(closed, "month_on").select(*keys, "gross_minor")
    regular = posted.filter(posted.adjusted_on == ibis.date(NEVER))
    then = regular.select(*keys, gross_minor=-regular.gross_minor)
    both = now.union(then)
    rows = both.group_by(keys).agg(gross_minor=both.gross_minor.sum().cast("int64"))
    rows = rows.filter(rows.gross_minor != 0).cross_join(months.agg(booked_on=months.open_on.min()))
    return rows.mutate(adjusted_on=ibis.date(NEVER))


def adjustment_turns(adjustments: ir.Table, span: ir.Table) -> ir.Table:
    """The adjustments booked in the span's first month, in order: oldest month first, then as they were learned."""
    due = adjustments.semi_join(span, adjustments.booked_on == span.first_on)
    order = ibis.window(group_by="contract_id", order_by=[due.service_on, due.number])
    return due.mutate(turn_no=ibis.row_number().over(order))


def adjusted_changes(turns: ir.Table, turn: ir.Table) -> ir.Table:
    """One adjustment of each contract as a change of the demand of the commit's own stream."""
    now = turns.inner_join(turn, "turn_no")
    return now.select(
        "contract_id",
        "item_id",
        "used_on",
        "booked_on",
        month_on="service_on",
        adjusted_on="on",
        gross_minor="amount_minor",
    )


def due_changes(changes: ir.Table, span: ir.Table) -> ir.Table:
    """The changes that are booked at the start of the span."""
    return changes.semi_join(span, changes.booked_on == span.first_on)


def versions(changes: ir.Table, demanded: ir.Table, items: ir.Table, circular: ir.Table) -> ir.Table:
    """The demand of the changed months, before and after, each month a chain of its own."""
    keys = ["contract_id", "item_id", "month_on", "used_on"]
    touched = changes.select("contract_id", "month_on").distinct()
    held = demanded.semi_join(touched, ["contract_id", "month_on"]).select(*keys, "gross_minor")
    before = held.mutate(version=ibis.literal(BEFORE))
    after = held.union(changes.select(*keys, "gross_minor")).mutate(version=ibis.literal(AFTER))
    both = before.union(after)
    both = _without_negatives(both.group_by([*keys, "version"]).agg(gross_minor=both.gross_minor.sum().cast("int64")))
    chain = both.month_on.cast("string") + "/" + both.version
    return as_chain(both.filter(both.gross_minor != 0).mutate(chain=chain), items, circular)


def own_openings(uncovered: ir.Table, commits: ir.Table, grants: ir.Table, draws: ir.Table) -> ir.Table:
    """The balance each commit had when the changed month opened, as it was then."""
    chains = uncovered.select("chain", "contract_id", "month_on").distinct()
    rows = chains.inner_join(commits.select("commit_id", "contract_id", "granted_minor"), "contract_id")
    keys = ["chain", "commit_id", "month_on", "granted_minor"]
    added = rows.inner_join(grants.select("commit_id", granted_on="month_on", added="amount_minor"), "commit_id")
    added = added.filter(added.granted_on <= added.month_on)
    net = draws.filter(draws.kind == "drawdown").select("commit_id", "service_on", "booked_on", "net_minor")
    drawn = rows.inner_join(net, "commit_id")
    earlier = (drawn.booked_on < drawn.month_on) | (
        (drawn.booked_on == drawn.month_on) & (drawn.service_on < drawn.month_on)
    )
    drawn = drawn.filter(earlier)
    moves = rows.select(*keys[:2], moved=rows.granted_minor)
    moves = moves.union(added.select(*keys[:2], moved=added.added))
    moves = moves.union(drawn.select(*keys[:2], moved=-drawn.net_minor))
    return moves.group_by(["chain", "commit_id"]).agg(balance_minor=moves.moved.sum().cast("int64"))


def _without_negatives(rows: ir.Table) -> ir.Table:
    """Days below zero, left by adjustments, are taken from the latest days of their month."""
    month = {"group_by": ["item_id", "month_on", "version"]}
    rows = rows.mutate(positive=ibis.greatest(rows.gross_minor, 0))
    whole = rows.gross_minor.sum().over(ibis.window(**month))
    reached = rows.positive.sum().over(ibis.window(**month, order_by="used_on", rows=(None, 0)))
    rows = rows.mutate(whole=whole.cast("int64"), reached=reached.cast("int64"))
    kept = ibis.least(rows.positive, rows.whole - (rows.reached - rows.positive))
    return rows.mutate(gross_minor=ibis.greatest(kept, 0)).drop("positive", "whole", "reached")


def ideals(uncovered: ir.Table, steps: ir.Table, draws: ir.Table, commits: ir.Table) -> ir.Table:
    """Per commit and changed month: the ideal net before and after, and the net that is booked so far."""
    chains = uncovered.select("contract_id", "month_on").distinct()
    rows = chains.inner_join(commits.select("commit_id", "contract_id"), "contract_id")
    rows = rows.select("commit_id", "month_on")
    keys = ["commit_id", "month_on"]
    for version in (BEFORE, AFTER):
        part = steps.filter((steps.sequence >= REGULAR) & steps.chain.endswith("/" + version))
        part = part.group_by(keys).agg(net=part.net_minor.sum().cast("int64")).rename({f"ideal_{version}": "net"})
        rows = rows.left_join(part, keys).drop(*(f"{key}_right" for key in keys))
    booked = draws.filter(draws.kind == "drawdown")
    booked = booked.group_by(["commit_id", "service_on"]).agg(booked_minor=booked.net_minor.sum().cast("int64"))
    rows = rows.left_join(booked, [rows.commit_id == booked.commit_id, rows.month_on == booked.service_on]).drop(
        "commit_id_right", "service_on"
    )
    return rows.select(
        *keys,
        before_minor=rows.ideal_before.fill_null(0),
        after_minor=rows.ideal_after.fill_null(0),
        booked_minor=rows.booked_minor.fill_null(0),
    )


def available(balances: ir.Table, commits: ir.Table, draws: ir.Table, span: ir.Table) -> ir.Table:
    """What corrections can draw: a commit that a termination released before the span has only what was restored since.

    Balances go on as if nothing had lapsed or left; what a termination released is in them, and out of reach.
    """
    gone = commits.filter(~commits.expires).cross_join(span)
    gone = gone.filter(gone.released_on < gone.first_on).select("commit_id", "released_on")
    since = draws.filter(draws.kind == "drawdown").inner_join(gone, "commit_id")
    since = since.filter(since.booked_on > since.released_on)
    since = since.group_by("commit_id").agg(restored_minor=(-since.net_minor).sum().cast("int64"))
    rows = gone.left_join(since, "commit_id").drop("commit_id_right")
    rows = rows.select("commit_id", balance_minor=rows.restored_minor.fill_null(0))
    return balances.anti_join(gone, "commit_id").union(rows.select(balances.columns))


def corrected_nets(ideals: ir.Table, balances: ir.Table) -> ir.Table:
    """The net each changed month ends with, what is left of a commit given to the oldest month first."""
    wanted = ibis.greatest(ideals.after_minor - ideals.before_minor, 0)
    restored = ibis.greatest(ideals.booked_minor - ideals.after_minor, 0)
    rows = ideals.mutate(wanted_minor=wanted, restored_minor=restored)
    rows = rows.inner_join(balances, "commit_id")
    order = {"group_by": "commit_id", "order_by": "month_on"}
    so_far = ibis.window(**order, rows=(None, 0))
    rows = rows.mutate(moved=rows.restored_minor - rows.wanted_minor)
    rows = rows.mutate(free=rows.balance_minor + rows.moved.sum().over(so_far).cast("int64"))
    rows = rows.mutate(left_minor=rows.free - ibis.least(rows.free.min().over(so_far), 0))
    opened = ibis.coalesce(rows.left_minor.lag().over(ibis.window(**order)), rows.balance_minor)
    rows = rows.mutate(drawn_minor=opened + rows.restored_minor - rows.left_minor)
    net = ibis.least(rows.after_minor, rows.booked_minor + rows.drawn_minor)
    return rows.select(
        "commit_id",
        "month_on",
        net_minor=net.cast("int64"),
        moved_minor=(rows.booked_minor - net).cast("int64"),
    )


def capped_chain(uncovered: ir.Table) -> ir.Table:
    """The demand after the change once more, to be drawn on no more than the corrected nets."""
    rows = uncovered.filter(uncovered.chain.endswith("/" + AFTER))
    return rows.mutate(chain=rows.month_on.cast("string") + "/" + CAPPED)


def capped_state(nets: ir.Table) -> ir.Table:
    """The corrected nets as balances."""
    chain = nets.month_on.cast("string") + "/" + CAPPED
    return nets.select("commit_id", chain=chain, balance_minor=nets.net_minor).select(
        "chain", "commit_id", "balance_minor"
    )


def correction_draws(whole: ir.Table, draws: ir.Table, changes: ir.Table) -> ir.Table:
    """The whole of each changed month less what is booked for it."""
    keys = ["contract_id", "item_id", "commit_id", "kind", "month_on"]
    touched = changes.group_by(["contract_id", "month_on"]).agg(
        booked_on=changes.booked_on.max(), adjusted_on=changes.adjusted_on.max()
    )
    now = _with_booked_overage(whole, draws).select(*keys, "gross_minor", "net_minor")
    then = draws.mutate(month_on=draws.service_on)
    then = then.semi_join(touched, ["contract_id", "month_on"])
    then = then.select(*keys, gross_minor=-then.gross_minor, net_minor=-then.net_minor)
    both = now.union(then)
    rows = both.group_by(keys).agg(
        gross_minor=both.gross_minor.sum().cast("int64"), net_minor=both.net_minor.sum().cast("int64")
    )
    rows = rows.filter((rows.gross_minor != 0) | (rows.net_minor != 0))
    rows = rows.inner_join(touched, ["contract_id", "month_on"])
    return rows.select(
        "contract_id",
        "item_id",
        "commit_id",
        "kind",
        service_on="month_on",
        booked_on="booked_on",
        adjusted_on="adjusted_on",
        gross_minor="gross_minor",
        net_minor="net_minor",
    ).cast(tables.DRAWS)


def _with_booked_overage(whole: ir.Table, draws: ir.Table) -> ir.Table:
    """Of a commit whose rest has lapsed, what is not covered is no overage, save what had been booked as overage."""
    keys = ["contract_id", "item_id", "commit_id", "month_on"]
    booked = draws.filter(draws.kind == "overage").mutate(month_on=draws.service_on).select(*keys, "gross_minor")
    stands = whole.filter(whole.kind == "overage").select(*keys, gross_minor=-whole.gross_minor)  # it is of other days
    booked = booked.union(stands)
    booked = booked.group_by(keys).agg(booked_minor=booked.gross_minor.sum().cast("int64"))
    waived = whole.filter(whole.kind == "discount")
    rows = waived.left_join(booked, keys).drop(*(f"{key}_right" for key in keys))
    stays = ibis.greatest(ibis.least(rows.gross_minor, rows.booked_minor.fill_null(0)), 0)
    rows = rows.mutate(stays_minor=stays)
    overage = rows.mutate(kind=ibis.literal("overage"), gross_minor=rows.stays_minor, net_minor=rows.stays_minor)
    rest = rows.mutate(gross_minor=rows.gross_minor - rows.stays_minor)
    parts = overage.union(rest)
    parts = parts.filter(parts.gross_minor > 0).select(whole.columns)
    return whole.filter(whole.kind != "discount").union(parts)


def corrected_balances(balances: ir.Table, nets: ir.Table) -> ir.Table:
    """Balances after the corrections."""
    moved = nets.group_by("commit_id").agg(moved_minor=nets.moved_minor.sum().cast("int64"))
    rows = balances.left_join(moved, "commit_id").drop("commit_id_right")
    return rows.select("commit_id", balance_minor=rows.balance_minor + rows.moved_minor.fill_null(0))


def changed_demands(demanded: ir.Table, changes: ir.Table) -> ir.Table:
    """Posted demand with the changes that have just been booked."""
    names = list(tables.POSTED_DEMANDS.names)
    return demanded.union(changes.select(names).cast(tables.POSTED_DEMANDS))
