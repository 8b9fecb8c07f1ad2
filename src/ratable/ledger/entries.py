"""Entries: what an event does to accounts, the other side being the position of its source."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable import tables

DOCUMENTS, REVENUE, BREAKAGE, TERMINATION = 1, 2, 3, 4  # order within a day
REFUND = "refund"  # what is left of a commit whose rest is owed back


def revenue_moves(revenue: ir.Table) -> ir.Table:
    """The revenue side of every revenue row; one entry per source, kind, service month and month booked."""
    account = ibis.cases(
        (revenue.kind == "breakage", "breakage_revenue"),
        (revenue.kind == REFUND, "refund_liability"),
        else_="revenue",
    )
    lapsed = revenue.kind.isin(["breakage", REFUND])
    entry_id = ibis.literal("/").join(
        [
            revenue.contract_id,
            revenue.source_kind,
            revenue.source_id,
            revenue.kind,
            revenue.service_on.strftime("%Y-%m"),
            revenue.booked_on.strftime("%Y-%m"),
            revenue.on.strftime("%Y-%m-%d"),
        ]
    )
    is_adjusted = (revenue.adjusted_on > ibis.date("0001-01-01")) & (revenue.kind != "minimum")
    return revenue.select(
        "contract_id",
        "source_kind",
        "source_id",
        "kind",
        "item_id",
        "product_id",
        "commit_id",
        "service_on",
        "booked_on",
        "on",
        entry_id=entry_id + ibis.ifelse(is_adjusted, "/adjustment", ""),
        account=account,
        place=ibis.ifelse(lapsed, BREAKAGE, REVENUE).cast("int64"),
        number=of_a_day(revenue.kind),
        is_adjusted=is_adjusted,
        debit_minor=-revenue.amount_minor,
    ).select(list(tables.MOVES.names))


def of_a_day(kind: ir.Value) -> ir.Value:
    """The order of a source's revenue of one day: usage, overage, true-ups; of each the earlier service month first."""
    return ibis.cases((kind == "overage", 1), (kind == "minimum", 2), else_=0).cast("int64")


def settled_moves(documents: ir.Table, revenue: ir.Table) -> ir.Table:
    """Documents, and revenue whose amount is settled; what is owed back depends on what was billed: see turns."""
    return documents.union(revenue_moves(revenue.filter(revenue.kind != REFUND)).cast(tables.MOVES))


def owed_back(revenue: ir.Table) -> ir.Table:
    """What lapses without becoming revenue."""
    return revenue_moves(revenue.filter(revenue.kind == REFUND)).cast(tables.MOVES)


def given_back(revenue: ir.Table, commits: ir.Table, months: ir.Table) -> ir.Table:
    """What corrections give back, in open months, to pools that a termination has ended, or claim again of it."""
    ended = commits.filter(~commits.expires).select("commit_id", "released_on", of_product="product_id")
    rows = revenue.filter(revenue.kind == "drawdown").inner_join(ended, "commit_id")
    rows = rows.filter(rows.on > rows.released_on).cross_join(months.agg(open_on=months.open_on.min()))
    rows = rows.filter(rows.booked_on >= rows.open_on)
    keys = ["contract_id", "source_kind", "source_id", "commit_id", "of_product", "booked_on", "on"]
    rows = rows.group_by(keys).agg(debit_minor=rows.amount_minor.sum().cast("int64"))
    given = rows.mutate(
        entry_id=given_back_id(rows),
        kind=ibis.literal("adjustment"),
        account=ibis.literal("breakage_revenue"),
        item_id=ibis.literal(""),
        product_id="of_product",
        service_on="booked_on",
        place=ibis.literal(TERMINATION).cast("int64"),
        number=ibis.literal(0).cast("int64"),
        is_adjusted=ibis.literal(value=False),
    )
    return given.filter(given.debit_minor != 0).select(list(tables.MOVES.names)).cast(tables.MOVES)


def given_back_id(rows: ir.Table) -> ir.StringValue:
    """The entry in which a month lets go what came back to a pool that a termination has ended."""
    month = rows.booked_on.strftime("%Y-%m")
    parts = [rows.contract_id, rows.source_kind, rows.source_id, ibis.literal("adjustment"), month]
    return ibis.literal("/").join([*parts, ibis.literal("termination/0")])


def all_moves(documents: ir.Table, revenue: ir.Table) -> ir.Table:
    """The moves of both."""
    return documents.union(revenue.cast(tables.MOVES))


def positions(moves: ir.Table) -> ir.Table:
    """The position of each source before and after each entry."""
    source = ["contract_id", "source_kind", "source_id"]
    said = {name: moves[name].max() for name in ("kind", "service_on", "booked_on", "on", "place", "number")}
    said["is_adjusted"] = moves.is_adjusted.any()
    rows = moves.group_by([*source, "entry_id"]).agg(moved_minor=moves.debit_minor.sum().cast("int64"), **said)
    order = {"group_by": source, "order_by": ["on", "place", "number", "entry_id"]}
    rows = rows.mutate(after_minor=rows.moved_minor.sum().over(ibis.window(**order, rows=(None, 0))).cast("int64"))
    return rows.mutate(before_minor=rows.after_minor - rows.moved_minor)


def journal(moves: ir.Table, contracts: ir.Table) -> ir.Table:
    """Every line of every entry; zero lines are left out."""
    rows = positions(moves)
    liability = ibis.greatest(rows.after_minor, 0) - ibis.greatest(rows.before_minor, 0)
    unbilled = ibis.greatest(-rows.after_minor, 0) - ibis.greatest(-rows.before_minor, 0)
    commit_id = ibis.ifelse(rows.source_kind == "prepaid_commit", rows.source_id, "")
    sides = [("contract_liability", -liability), ("unbilled_revenue", unbilled)]
    lines = moves
    for account, debit_minor in sides:
        side = rows.mutate(
            account=ibis.literal(account),
            item_id=ibis.literal(""),
            product_id=ibis.literal(""),
            commit_id=commit_id,
            debit_minor=debit_minor.cast("int64"),
        )
        lines = lines.union(side.select(moves.columns))
    lines = lines.filter(lines.debit_minor != 0)
    lines = lines.inner_join(contracts.select("contract_id", "currency"), "contract_id")
    return lines.select(
        "entry_id",
        "contract_id",
        "currency",
        "source_kind",
        "source_id",
        "kind",
        "account",
        "item_id",
        "product_id",
        "commit_id",
        "service_on",
        "booked_on",
        "on",
        "place",
        "number",
        "is_adjusted",
        debit_minor=ibis.greatest(lines.debit_minor, 0),
        credit_minor=ibis.greatest(-lines.debit_minor, 0),
    ).cast(tables.JOURNAL)
