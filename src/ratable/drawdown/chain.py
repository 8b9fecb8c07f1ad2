"""The chain: months of demand drawn on commits in rank order, balances handed on.

A chain is a run of months over which balances are handed on: `open` for the months that are
not closed, one of its own for each closed month that is split again. Commits are served in
passes: in pass r the commit of rank r of each contract takes what is still uncovered, over all
its months at once, because no commit of a lower rank can change what it is asked for. Where
usage is addressed to a commit, that commit is asked first (pass 0) and the order is only right
month by month: such contracts, `circular`, are drawn in waves of one month.

Within a month a pass is rounded on the month's total (gross = discount + net + overage):
n = round(G*f); if n <= B all is covered, else net = B and covered = round(B/f).
"""

from __future__ import annotations

from typing import NamedTuple

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from ratable.backends import Sheet, Stored
from ratable.money import SCALE, exact, minor, split_exact
from ratable.terms import Rounding

REGULAR = 1000  # sequence of a month's consumption; what is granted or corrected comes before

UNCOVERED = ibis.schema(
    {
        "chain": "string",
        "contract_id": "string",
        "item_id": "string",
        "month_on": "date",
        "used_on": "date",
        "stream_order": "int64",
        "wave": "int64",
        "open_minor": "int64",
    }
)
COVERED = ibis.schema(
    {
        "chain": "string",
        "contract_id": "string",
        "item_id": "string",
        "commit_id": "string",
        "month_on": "date",
        "used_on": "date",
        "covered_minor": "int64",
    }
)
STEPS = ibis.schema(
    {
        "chain": "string",
        "commit_id": "string",
        "month_on": "date",
        "sequence": "int64",
        "before_minor": "int64",
        "after_minor": "int64",
        "wanted_minor": "int64",
        "net_minor": "int64",
        "gross_minor": "int64",
        "covered_minor": "int64",
    }
)
FIXED = ibis.schema(
    {
        "chain": "string",
        "commit_id": "string",
        "month_on": "date",
        "sequence": "int64",
        "granted_minor": "int64",
        "wanted_minor": "int64",
        "pass_no": "int64",
        "wave": "int64",
    }
)
TURN = ibis.schema({"pass_no": "int64", "wave": "int64"})


class Pools(NamedTuple):
    """The tables that say which commits there are and whom they serve."""

    commits: Stored
    eligible: Stored
    circular: Stored
    grants: Stored
    estimates: Stored
    rollovers: Stored


class Drawn(NamedTuple):
    """What a chain gives."""

    covered: Stored
    uncovered: Stored
    steps: Stored
    state: Stored


def draw(sheet: Sheet, pools: Pools, uncovered: Stored, state: Stored, fixed: Stored, *, rounding: Rounding) -> Drawn:
    """Draw every chain in `uncovered` from the balances in `state`, pass by pass."""
    covered = sheet.bind("no_cover", COVERED.to_pyarrow().empty_table(), COVERED)
    steps = sheet.bind("no_steps", STEPS.to_pyarrow().empty_table(), STEPS)
    turns = _turns(sheet, pools, uncovered, fixed)
    for pass_no, wave in turns:
        turn = sheet.bind("chain_turn", pa.Table.from_pylist([{"pass_no": pass_no, "wave": wave}]), TURN)
        wanted = sheet.run(chain_wanted, uncovered, turn, pools.eligible, pools.commits)
        step = sheet.run(chain_step, wanted, state, fixed, turn, steps, rounding=rounding)
        line = sheet.run(chain_line, wanted, step)
        uncovered = sheet.run(chain_uncovered, uncovered, line)
        state = sheet.run(chain_state, state, step)
        if len(turns) == 1:
            return Drawn(line, uncovered, step, state)
        covered = sheet.run(added, covered, line, into="chain_covered")
        steps = sheet.run(added, steps, step, into="chain_steps")
    return Drawn(covered, uncovered, steps, state)


def _turns(sheet: Sheet, pools: Pools, uncovered: Stored, fixed: Stored) -> list[tuple[int, int]]:
    """The passes to make, in order: all ranks at once, then month by month where that is needed."""
    asked = sheet.fetch(sheet.run(chain_turns, uncovered, fixed, pools.eligible)).to_pylist()
    return sorted({(row["pass_no"], row["wave"]) for row in asked}, key=lambda turn: (turn[1], turn[0]))


def chain_turns(uncovered: ir.Table, fixed: ir.Table, eligible: ir.Table) -> ir.Table:
    """The (pass, wave) pairs in which anything can happen."""
    asked = uncovered.inner_join(eligible, "item_id").select("pass_no", "wave")
    return asked.union(fixed.select("pass_no", "wave"), distinct=True)


def chain_wanted(uncovered: ir.Table, turn: ir.Table, eligible: ir.Table, commits: ir.Table) -> ir.Table:
    """What is asked of the commits whose turn it is, on days when they are valid."""
    pairs = eligible.inner_join(turn, "pass_no").select("item_id", "commit_id", "wave", "serves_from", "serves_before")
    rows = uncovered.filter(uncovered.open_minor > 0).inner_join(pairs, ["item_id", "wave"])
    rows = rows.inner_join(commits.select("commit_id", "starts_on", "ends_before", "keep_e12"), "commit_id")
    rows = rows.filter((rows.starts_on <= rows.used_on) & (rows.used_on < rows.ends_before))
    rows = rows.filter((rows.serves_from <= rows.used_on) & (rows.used_on < rows.serves_before))
    return rows.select(
        "chain", "contract_id", "item_id", "commit_id", "month_on", "used_on", "stream_order", "open_minor", "keep_e12"
    )


def chain_step(
    wanted: ir.Table,
    state: ir.Table,
    fixed: ir.Table,
    turn: ir.Table,
    steps: ir.Table,
    *,
    rounding: Rounding,
) -> ir.Table:
    """The balance of each commit through its months: what was asked, what it gave, what is left."""
    keys = ["chain", "commit_id", "month_on"]
    asked = wanted.group_by(keys).agg(gross_minor=wanted.open_minor.sum().cast("int64"), keep_e12=wanted.keep_e12.max())
    earlier = steps.filter(steps.sequence >= REGULAR)
    earlier = earlier.group_by(keys).agg(
        gross_before=earlier.gross_minor.sum().cast("int64"),
        wanted_before=earlier.wanted_minor.sum().cast("int64"),
        net_earlier=earlier.net_minor.sum().cast("int64"),
        covered_before=earlier.covered_minor.sum().cast("int64"),
    )
    asked = asked.left_join(earlier, keys).drop(*(f"{key}_right" for key in keys))
    asked = asked.cross_join(turn).mutate(
        gross_before=asked.gross_before.fill_null(0),
        wanted_before=asked.wanted_before.fill_null(0),
        net_earlier=asked.net_earlier.fill_null(0),
        covered_before=asked.covered_before.fill_null(0),
    )
    to_date = minor(asked.gross_minor + asked.gross_before, asked.keep_e12, exact(SCALE), rounding=rounding)
    regular = asked.select(
        *keys,
        "gross_minor",
        "keep_e12",
        "net_earlier",
        "covered_before",
        sequence=ibis.literal(REGULAR).cast("int64") + asked.pass_no,
        granted_minor=ibis.literal(0).cast("int64"),
        wanted_minor=to_date - asked.wanted_before,
    )
    set_down = fixed.inner_join(turn, ["pass_no", "wave"])
    nothing = ibis.literal(0).cast("int64")
    set_down = set_down.select(
        *keys,
        gross_minor=nothing,
        keep_e12=exact(SCALE),
        net_earlier=nothing,
        covered_before=nothing,
        sequence=set_down.sequence,
        granted_minor=set_down.granted_minor,
        wanted_minor=set_down.wanted_minor,
    )
    rows = regular.union(set_down.select(regular.columns))
    rows = rows.left_join(state, ["chain", "commit_id"]).drop("chain_right", "commit_id_right")
    return _balanced(rows.mutate(opening_minor=rows.balance_minor.fill_null(0)), rounding)


def _balanced(rows: ir.Table, rounding: Rounding) -> ir.Table:
    # A balance that cannot fall below zero: x - min(0, lowest x so far), x the free running sum.
    order = {"group_by": ["chain", "commit_id"], "order_by": ["month_on", "sequence"]}
    so_far = ibis.window(**order, rows=(None, 0))
    rows = rows.mutate(moved=rows.granted_minor - rows.wanted_minor)
    rows = rows.mutate(free=rows.opening_minor + rows.moved.sum().over(so_far).cast("int64"))
    lowest = rows.free.min().over(so_far)
    rows = rows.mutate(after_minor=rows.free - ibis.least(lowest, 0))
    previous = rows.after_minor.lag().over(ibis.window(**order))
    rows = rows.mutate(before_minor=ibis.coalesce(previous, rows.opening_minor) + rows.granted_minor)
    rows = rows.mutate(net_minor=rows.before_minor - rows.after_minor)
    partly = minor(
        rows.net_earlier + rows.net_minor, exact(SCALE), ibis.greatest(rows.keep_e12, exact(1)), rounding=rounding
    )
    partly = ibis.greatest(ibis.least(partly - rows.covered_before, rows.gross_minor), 0)
    covered = ibis.ifelse(rows.net_minor >= rows.wanted_minor, rows.gross_minor, partly)
    return rows.select(
        "chain",
        "commit_id",
        "month_on",
        "sequence",
        "before_minor",
        "after_minor",
        "wanted_minor",
        "net_minor",
        "gross_minor",
        covered_minor=covered.cast("int64"),
    ).cast(STEPS)


def chain_line(wanted: ir.Table, step: ir.Table) -> ir.Table:
    """Who got the cover of a month: by day, then by stream."""
    keys = ["chain", "commit_id", "month_on"]
    given = step.filter(step.sequence >= REGULAR).select(*keys, given_minor="covered_minor")
    rows = wanted.inner_join(given, keys)
    order = ["used_on", "stream_order", "item_id"]
    so_far = ibis.window(group_by=keys, order_by=order, rows=(None, 0))
    rows = rows.mutate(reached=rows.open_minor.sum().over(so_far).cast("int64"))
    left = rows.given_minor - (rows.reached - rows.open_minor)
    rows = rows.mutate(covered_minor=ibis.greatest(ibis.least(left, rows.open_minor), 0))
    return rows.filter(rows.covered_minor > 0).select(list(COVERED.names)).cast(COVERED)


def chain_uncovered(uncovered: ir.Table, line: ir.Table) -> ir.Table:
    """What is still asked for after a pass."""
    keys = ["chain", "item_id", "month_on", "used_on"]
    got = line.select(*keys, "covered_minor")
    rows = uncovered.left_join(got, keys).drop(*(f"{key}_right" for key in keys))
    open_minor = rows.open_minor - rows.covered_minor.fill_null(0)
    return rows.mutate(open_minor=open_minor).select(list(UNCOVERED.names)).cast(UNCOVERED)


def chain_state(state: ir.Table, step: ir.Table) -> ir.Table:
    """Balances after a pass."""
    keys = ["chain", "commit_id"]
    order = ibis.window(group_by=keys, order_by=[step.month_on.desc(), step.sequence.desc()])
    last = step.mutate(place=ibis.row_number().over(order))
    last = last.filter(last.place == 0).select(*keys, balance_minor="after_minor")
    return state.anti_join(last, keys).union(last.select(state.columns))


def chain_draws(
    covered: ir.Table, steps: ir.Table, uncovered: ir.Table, eligible: ir.Table, commits: ir.Table, waived: ir.Table
) -> ir.Table:
    """Cover with its part of the month's net, and what nothing covers on its home commit.

    `waived` names commits whose rest has been booked as breakage: usage of their days is not overage.
    """
    keys = ["chain", "contract_id", "item_id", "commit_id", "month_on"]
    by_item = covered.group_by(keys).agg(gross_minor=covered.covered_minor.sum().cast("int64"))
    month = ["chain", "commit_id", "month_on"]
    given = steps.filter(steps.sequence >= REGULAR)
    given = given.group_by(month).agg(total_minor=given.net_minor.sum().cast("int64"))
    drawn = by_item.inner_join(given, month)
    drawn = split_exact(drawn, "net_minor", total="total_minor", weight="gross_minor", within=month, ties=["item_id"])
    drawn = drawn.select(*keys, "gross_minor", "net_minor", kind=ibis.literal("drawdown"))
    rest = _at_home(uncovered.filter(uncovered.open_minor > 0), eligible, commits)
    lapsed = waived.select(waived_id="commit_id")
    rest = rest.left_join(lapsed, rest.commit_id == lapsed.waived_id)
    is_waived = rest.is_in_life & rest.waived_id.notnull()
    kind = ibis.cases((rest.commit_id == "", "usage"), (is_waived, "discount"), else_="overage")
    rest = rest.mutate(kind=kind)
    rest = rest.group_by([*keys, "kind"]).agg(gross_minor=rest.open_minor.sum().cast("int64"))
    rest = rest.mutate(net_minor=ibis.ifelse(rest.kind == "discount", 0, rest.gross_minor).cast("int64"))
    return drawn.union(rest.select(drawn.columns))


def _at_home(rest: ir.Table, eligible: ir.Table, commits: ir.Table) -> ir.Table:
    pairs = eligible.select("item_id", "commit_id", "is_home", "rank", "serves_from", "serves_before")
    pairs = pairs.inner_join(commits.select("commit_id", "starts_on", "ends_before"), "commit_id")
    rows = rest.left_join(pairs, "item_id").drop("item_id_right")
    is_in_life = (rows.starts_on <= rows.used_on) & (rows.used_on < rows.ends_before)
    is_its_turn = (rows.serves_from <= rows.used_on) & (rows.used_on < rows.serves_before)
    claim = ibis.cases(
        (rows.commit_id.isnull(), 9),
        (rows.is_home, 0),
        (is_in_life & is_its_turn, 1),
        ((rows.starts_on <= rows.used_on) & is_its_turn, 2),
        else_=9,
    )
    rows = rows.mutate(claim=claim)
    order = ibis.window(group_by=["chain", "item_id", "month_on", "used_on"], order_by=["claim", "rank", "commit_id"])
    rows = rows.mutate(place=ibis.row_number().over(order))
    rows = rows.filter(rows.place == 0)
    home = ibis.ifelse(rows.claim == 9, "", rows.commit_id)  # noqa: PLR2004 - the last claim: none
    is_in_life = (rows.starts_on <= rows.used_on) & (rows.used_on < rows.ends_before)
    return rows.select(
        "chain",
        "contract_id",
        "item_id",
        "month_on",
        "used_on",
        "open_minor",
        commit_id=home,
        is_in_life=is_in_life.fill_null(False),
    )


def added(table: ir.Table, more: ir.Table) -> ir.Table:
    """The rows of both."""
    return table.union(more.select(table.columns))
