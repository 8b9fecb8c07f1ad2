"""Rollover with a cap: what exceeds it when a life of a commit ends lapses then, the rest lives on.

Forfeits are a function of everything known: what a commit had before the first day of its next life, by the months
of use, less its cap. So late usage of an earlier life first eats what had lapsed, and what a void gives back lapses
again. `asked_at` says by which knowledge: draws booked through the month `known_on`, lives that begin by `through_on`.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable import tables
from ratable.commit_lives import ALL_MINOR, MOST_CAPPED

ASKED_AT = ibis.schema({"known_on": "date", "through_on": "date"})
LATER_THAN = ibis.schema({"before_on": "date"})


def forfeits(commits: ir.Table, grants: ir.Table, draws: ir.Table, rollovers: ir.Table, asked_at: ir.Table) -> ir.Table:
    """What lapsed at the cap of each life of each commit, by each knowledge that is asked for."""
    ends = rollovers.filter(rollovers.cap_minor < ALL_MINOR)
    ends = ends.inner_join(commits.select("commit_id", "granted_minor"), "commit_id").cross_join(asked_at)
    ends = ends.filter(ends.rolls_on <= ends.through_on)
    left = _left_before(ends, grants, draws)
    found = _of_life(left, None, 1)
    for number in range(2, MOST_CAPPED + 1):
        found = found.union(_of_life(left, found, number))
    return found


def _left_before(ends: ir.Table, grants: ir.Table, draws: ir.Table) -> ir.Table:
    """What each commit had on the eve of each life, had nothing lapsed before."""
    keys = ["commit_id", "number", "known_on"]
    lives = ends.select(*keys, "rolls_on")
    added = grants.select(given_id="commit_id", given_on="month_on", moved="amount_minor")
    given = lives.inner_join(added, lives.commit_id == added.given_id)
    given = given.filter(given.given_on < given.rolls_on)
    net = draws.filter(draws.kind == "drawdown")
    net = net.select(drawn_id="commit_id", used_in="service_on", booked_in="booked_on", moved=-net.net_minor)
    drawn = lives.inner_join(net, lives.commit_id == net.drawn_id)
    drawn = drawn.filter((drawn.used_in < drawn.rolls_on) & (drawn.booked_in <= drawn.known_on))
    moves = given.select(*keys, "moved").union(drawn.select(*keys, "moved"))
    moves = moves.group_by(keys).agg(moved=moves.moved.sum().cast("int64"))
    rows = ends.left_join(moves, keys).drop(*(f"{key}_right" for key in keys))
    return rows.mutate(left_minor=rows.granted_minor + rows.moved.fill_null(0))


def _of_life(left: ir.Table, before: ir.Table | None, number: int) -> ir.Table:
    rows = left.filter(left.number == number)
    if before is not None:
        lost = before.group_by(["commit_id", "known_on"]).agg(lost_minor=before.amount_minor.sum().cast("int64"))
        rows = rows.left_join(lost, ["commit_id", "known_on"]).drop("commit_id_right", "known_on_right")
        rows = rows.mutate(left_minor=rows.left_minor - rows.lost_minor.fill_null(0))
    over = ibis.greatest(rows.left_minor - rows.cap_minor, 0)
    return rows.select("commit_id", "rolls_on", "known_on", amount_minor=over).cast(tables.FORFEITS)


def open_knowledge(months: ir.Table) -> ir.Table:
    """The knowledge of the open months, each at its end."""
    return month_knowledge(months.filter(months.is_open))


def month_knowledge(months: ir.Table) -> ir.Table:
    """The knowledge of months, each at its end."""
    return months.select(known_on="month_on", through_on="ends_before")


def opening_knowledge(changes: ir.Table) -> ir.Table:
    """The knowledge with which each changed month opened; its own regular consumption is of no earlier life."""
    return changes.select(known_on="month_on", through_on="month_on").distinct()


def kept(lapsed: ir.Table) -> ir.Table:
    """The same, under a name of its own."""
    return lapsed


def rebalanced(balances: ir.Table, then: ir.Table, now: ir.Table) -> ir.Table:
    """Balances after what lapsed at caps has changed."""
    moves = then.select("commit_id", moved="amount_minor").union(now.select("commit_id", moved=-now.amount_minor))
    return _moved(balances, moves)


def without_forfeits(openings: ir.Table, uncovered: ir.Table, lapsed: ir.Table) -> ir.Table:
    """Openings of changed months less what had lapsed by then."""
    chains = uncovered.select("chain", "month_on").distinct()
    rows = chains.inner_join(lapsed, chains.month_on == lapsed.known_on)
    rows = rows.group_by(["chain", "commit_id"]).agg(lost_minor=rows.amount_minor.sum().cast("int64"))
    found = openings.left_join(rows, ["chain", "commit_id"]).drop("chain_right", "commit_id_right")
    return found.select("chain", "commit_id", balance_minor=found.balance_minor - found.lost_minor.fill_null(0))


def with_later_forfeits(balances: ir.Table, lapsed: ir.Table, later_than: ir.Table) -> ir.Table:
    """What usage of a life can draw when it is learned late: what is left, and what lapsed at that life's end or since."""
    moves = lapsed.cross_join(later_than)
    moves = moves.filter(moves.rolls_on >= moves.before_on).select("commit_id", moved="amount_minor")
    return _moved(balances, moves)


def _moved(balances: ir.Table, moves: ir.Table) -> ir.Table:
    moves = moves.group_by("commit_id").agg(moved=moves.moved.sum().cast("int64"))
    rows = balances.left_join(moves, "commit_id").drop("commit_id_right")
    return rows.select("commit_id", balance_minor=rows.balance_minor + rows.moved.fill_null(0))


def of_lives(changes: ir.Table, span: ir.Table) -> ir.Table:
    """The changes of the months in a span."""
    rows = changes.cross_join(span)
    rows = rows.filter((rows.month_on >= rows.first_on) & (rows.month_on < rows.before_on))
    return rows.select(list(changes.columns))
