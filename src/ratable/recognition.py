"""5 Recognition: what is earned becomes revenue of a month, less what is posted already.

Owns when revenue is booked and on which day. Does not know journal accounts or invoices.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.money import minor
from ratable.terms import Rounding

_KEYS = [
    "contract_id",
    "source_kind",
    "source_id",
    "item_id",
    "product_id",
    "commit_id",
    "kind",
    "service_on",
    "adjusted_on",
]
NEVER = "0001-01-01"
SETTLED_ELSEWHERE = ("breakage", "refund")  # cumulative over a commit's life: see drawdown


def recognize(
    sheet: Sheet,
    allocated: Stored,
    true_ups: Stored,
    breakage: Stored,
    schedules: Stored,
    posted: Stored,
    *,
    calendar: tuple[Stored, Stored, Stored, Stored],
    rounding: Rounding,
) -> Stored:
    """Book the whole of every service month less what is posted for it.

    A service month that is not closed is booked in itself, the difference of a closed one in the
    first open month. Amounts over time are R(t) = round(total * progress), booked is the step.

    Shapes:
        allocated  whole amounts per (item_id, product_id, commit_id, kind, service_on, adjusted_on)
        true_ups   rows per (contract_id, month_on, learned_on)
        breakage   new rows per (commit_id, booked_on)
        schedules  a row per (source_id, product_id, line_no, month_on) of subscriptions and milestones
        posted     revenue of closed months
        calendar   months, contracts, commits, items
        ->         revenue of closed months and new rows together; new are those booked in an open month

    Units:
        amount_minor  int64, minor units; schedules are rounded once per month end

    Conserves:
        posted + new = whole, per source, product, kind and service month

    Rejects:
        nothing

    Raises:
        NumberOverflowError: an amount does not fit.

    Source:
        ASC 606-10-25-31 (progress), 606-10-32-42 to 32-45 (changes), ASC 250-10-45-17 (current period).

    Example:
        12,000 from 2026-01-15 to 2027-01-14, daily: January 558.90, February 920.55.
    """
    inputs = (allocated, true_ups, breakage, schedules, posted, *calendar)
    return sheet.run(booked_revenue, *inputs, rounding=rounding)


def booked_revenue(
    allocated: ir.Table,
    true_ups: ir.Table,
    breakage: ir.Table,
    schedules: ir.Table,
    posted: ir.Table,
    months: ir.Table,
    contracts: ir.Table,
    commits: ir.Table,
    items: ir.Table,
    *,
    rounding: Rounding,
) -> ir.Table:
    """Revenue of closed months and of this run: one statement, because its steps are small."""
    scheduled = scheduled_amounts(schedules, months, rounding=rounding)
    whole = whole_amounts(allocated, true_ups, scheduled, items, commits)
    changes = differences(whole, posted, months, schedules)
    return posted.union(revenue_rows(changes, breakage, months, contracts, commits))


def scheduled_amounts(schedules: ir.Table, months: ir.Table, *, rounding: Rounding) -> ir.Table:
    """What subscriptions and milestones earn in each month."""
    rows = schedules.semi_join(months, "month_on")
    to_date = minor(rows.total_minor, rows.weight_to_date, rows.weight_total, rounding=rounding)
    before = minor(rows.total_minor, rows.weight_before, rows.weight_total, rounding=rounding)
    return rows.mutate(amount_minor=to_date - before)


def whole_amounts(
    allocated: ir.Table, true_ups: ir.Table, scheduled: ir.Table, items: ir.Table, commits: ir.Table
) -> ir.Table:
    """Everything earned, by source, a row each; usage, overage and true-ups have the contract's one source."""
    streams = items.select("item_id", "stream_order")
    rows = allocated.inner_join(streams, "item_id")
    pools = commits.select("commit_id", commit_product="product_id")
    rows = rows.left_join(pools, "commit_id").drop("commit_id_right")
    is_item = rows.stream_order == ITEM_STREAM
    own = rows.product_id.nullif("")
    # prepaid usage is of the product of the commit that covers it, else of the one that it names
    product_id = ibis.ifelse(is_item, own, ibis.coalesce(rows.commit_product.nullif(""), own)).fill_null("")
    is_drawdown = rows.kind == "drawdown"
    used = rows.select(
        "contract_id",
        source_kind=ibis.ifelse(is_drawdown, "prepaid_commit", "usage"),
        source_id=ibis.ifelse(is_drawdown, rows.commit_id, rows.contract_id),
        # a stream of prepaid usage is not an item of the contract
        item_id=ibis.ifelse(is_item, rows.item_id, ""),
        product_id=product_id,
        commit_id="commit_id",
        kind="kind",
        service_on="service_on",
        adjusted_on="adjusted_on",
        amount_minor="amount_minor",
    )
    floors = true_ups.select(
        "contract_id",
        source_kind=ibis.literal("usage"),
        source_id="contract_id",
        item_id=ibis.literal(""),
        product_id=ibis.literal(""),
        commit_id=ibis.literal(""),
        kind=ibis.literal("minimum"),
        service_on="month_on",
        adjusted_on="learned_on",
        amount_minor="amount_minor",
    )
    over_time = scheduled.select(
        "contract_id",
        source_kind="kind",
        source_id="source_id",
        item_id="source_id",
        product_id="product_id",
        commit_id=ibis.literal(""),
        kind="kind",
        service_on="month_on",
        adjusted_on=ibis.date(NEVER),
        amount_minor="amount_minor",
    )
    return used.union(floors.select(used.columns)).union(over_time.select(used.columns))


ITEM_STREAM = 2  # stream order of usage items; 0 and 1 are streams of prepaid usage


def differences(whole: ir.Table, posted: ir.Table, months: ir.Table, schedules: ir.Table) -> ir.Table:
    """Whole less posted, of the months that are computed, with the month that books it."""
    then = posted.filter(posted.kind.notin(SETTLED_ELSEWHERE)).semi_join(months, posted.service_on == months.month_on)
    then = then.select(*_KEYS, amount_minor=-then.amount_minor)
    both = whole.select(*_KEYS, "amount_minor").union(then)
    rows = both.group_by(_KEYS).agg(amount_minor=both.amount_minor.sum().cast("int64"))
    rows = rows.filter(rows.amount_minor != 0).cross_join(months.agg(open_on=months.open_on.min()))
    learned_on = rows.adjusted_on.truncate("M").cast("date")
    rows = rows.mutate(booked_on=ibis.greatest(rows.service_on, rows.open_on, learned_on))
    milestones = schedules.filter(schedules.kind == "milestone")
    milestones = milestones.select(milestone_of="contract_id", milestone_id="source_id", milestone_on="on").distinct()
    rows = rows.mutate(dated_id=ibis.ifelse(rows.source_kind == "milestone", rows.source_id, ""))
    of = [rows.contract_id == milestones.milestone_of, rows.dated_id == milestones.milestone_id]
    return rows.left_join(milestones, of)


def revenue_rows(
    changes: ir.Table, breakage: ir.Table, months: ir.Table, contracts: ir.Table, commits: ir.Table
) -> ir.Table:
    """New revenue with its day in the journal."""
    spine = months.select("month_on", month_ends="ends_before")
    rows = changes.inner_join(spine, changes.booked_on == spine.month_on)
    rows = rows.inner_join(contracts.select("contract_id", "released_on"), "contract_id")
    ends = commits.select(ended_id="commit_id", commit_ends="ends_before")
    rows = rows.mutate(drawn_id=ibis.ifelse(rows.kind == "drawdown", rows.commit_id, ""))
    rows = rows.left_join(ends, rows.drawn_id == ends.ended_id)
    one = ibis.interval(days=1)
    month_end = (rows.month_ends - one).cast("date")
    last_on = (rows.commit_ends - one).cast("date").fill_null(ibis.date("9999-12-31"))
    ends_here = (last_on >= rows.booked_on) & (last_on < month_end)
    learned = (rows.adjusted_on > ibis.date(NEVER)) & rows.kind.notin(["drawdown", "minimum"])
    own_day = ibis.greatest(rows.milestone_on, rows.booked_on)
    on = ibis.cases(
        (rows.kind == "milestone", own_day),
        (learned, ibis.greatest(rows.adjusted_on, rows.booked_on)),
        ((rows.released_on >= rows.booked_on) & (rows.released_on < month_end), rows.released_on),
        (ends_here, last_on),
        else_=month_end,
    )
    earned = rows.select(*_KEYS, "booked_on", "amount_minor", on=ibis.least(on, month_end)).select(
        list(tables.REVENUE.names)
    )
    lapsed = breakage.inner_join(contracts.select("contract_id", "released_on"), "contract_id")
    lapsed = lapsed.mutate(
        on=ibis.ifelse(lapsed.released_on >= lapsed.booked_on, ibis.least(lapsed.on, lapsed.released_on), lapsed.on)
    )
    lapsed = lapsed.select(
        "contract_id",
        source_kind=ibis.literal("prepaid_commit"),
        source_id="commit_id",
        item_id=ibis.literal(""),
        product_id="product_id",
        commit_id="commit_id",
        kind="kind",
        service_on="booked_on",
        booked_on="booked_on",
        on="on",
        adjusted_on=ibis.date(NEVER),
        amount_minor="amount_minor",
    ).select(list(tables.REVENUE.names))
    return earned.cast(tables.REVENUE).union(lapsed.cast(tables.REVENUE))
