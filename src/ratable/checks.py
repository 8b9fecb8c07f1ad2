"""The laws of the calculation, one arrow of the flow each: a broken one stops the run.

Owns the identities of one calculation (docs/policies.md). Laws that compare two
calculations are laws of the tests.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.backends import Sheet, Stored
from ratable.errors import InvariantError
from ratable.money import EXACT, exact, scaled
from ratable.tables import UNEARNED


def hold(sheet: Sheet, *, laws: tuple[Stored, ...]) -> None:
    """Raise with every row that breaks a law.

    Raises:
        InvariantError: names the law, the key and by how much it is broken.
    """
    broken = [row for law in laws for row in sheet.fetch(law).to_pylist()]
    if broken:
        told = "; ".join(f"{row['law']} at {row['key']}: off by {row['off_by']}" for row in broken[:5])
        raise InvariantError(f"{len(broken)} broken: {told}")


def usage_laws(usage: ir.Table, by_month: ir.Table, examined: ir.Table) -> ir.Table:
    """Received = accepted + voided + duplicate + rejected, in rows and in quantity (an amount wins over a quantity).

    Records of a month without anything odd are only counted; each of the others stands in `examined` with its status.
    """
    left = examined.filter(examined.status != "accepted")
    received, refused = (
        rows.agg(
            records=rows.count().cast("int64"), quantity_e12=scaled(ibis.coalesce(rows.amount, rows.quantity).sum())
        )
        for rows in (usage, left)
    )
    taken = by_month.agg(
        records=by_month.records.sum().cast("int64"),
        quantity_e12=(by_month.quantity_e12 + by_month.amount_e12).sum().cast(EXACT),
    )
    parts = taken.union(refused).union(received.mutate(records=-received.records, quantity_e12=-received.quantity_e12))
    off = parts.agg(records=parts.records.sum().fill_null(0), quantity_e12=parts.quantity_e12.sum().fill_null(exact(0)))
    off = off.filter((off.records != 0) | (off.quantity_e12 != exact(0)))
    return off.select(
        law=ibis.literal("received = accepted + voided + duplicate + rejected"),
        key=off.records.cast("string") + " records",
        off_by=off.quantity_e12.cast("string"),
    )


def flow_laws(
    rated: ir.Table,
    lines: ir.Table,
    draws: ir.Table,
    allocated: ir.Table,
    items: ir.Table,
    revenue: ir.Table,
    months: ir.Table,
) -> ir.Table:
    """Conservation from rating to recognition, per item and service month (I26: per contract and month).

    I13: rated = drawn gross + overage + pay-as-you-go; I17: tier lines sum to the month; I23: shares sum
    to what is split; I26: recognized = allocated.
    """
    draws = draws.semi_join(months, draws.service_on == months.month_on)
    revenue = revenue.semi_join(months, revenue.service_on == months.month_on)
    drawing = rated.semi_join(items.filter(items.draws), "item_id")
    asked = drawing.select(key="item_id", month_on="month_on", amount="amount_minor")
    served = draws.filter(draws.adjusted_on == ibis.date("0001-01-01"))
    served = served.select(key="item_id", month_on="service_on", amount=-served.gross_minor)
    months = rated.select(key="item_id", month_on="month_on", amount="amount_minor")
    parts = lines.select(key="item_id", month_on="month_on", amount=-lines.amount_minor)
    direct = rated.semi_join(items.filter(~items.draws), "item_id")
    direct = direct.select(key="item_id", month_on="month_on", amount="amount_minor")
    drawn = draws.filter(draws.kind != "discount")
    drawn = drawn.select(key="item_id", month_on="service_on", amount="net_minor")
    shares = allocated.select(key="item_id", month_on="service_on", amount=-allocated.amount_minor)
    owned = allocated.select(key="contract_id", month_on="service_on", amount="amount_minor")
    used = revenue.filter(revenue.kind.isin(["usage", "drawdown", "overage"]))
    used = used.select(key="contract_id", month_on="service_on", amount=-used.amount_minor)
    return (
        _broken("I13 rated = drawn + overage + pay-as-you-go", asked.union(served))
        .union(_broken("I17 tier lines sum to the month", months.union(parts)))
        .union(_broken("I23 shares sum to the whole", direct.union(drawn).union(shares)))
        .union(_broken("I26 recognized = allocated", owned.union(used)))
    )


def ledger_laws(revenue: ir.Table, journal: ir.Table, balances: ir.Table) -> ir.Table:
    """The journal is whole.

    I1: debit = credit per entry; I2: per contract, which is I33 told by accounts (revenue less billed =
    unbilled less liability); recognized revenue = revenue in the journal; I11: no balance below zero.
    """
    sides = journal.select(key="entry_id", amount=journal.debit_minor - journal.credit_minor)
    in_journal = journal.filter(journal.account.isin(["revenue", "breakage_revenue"]) & journal.kind.notin(UNEARNED))
    in_journal = in_journal.select(key="contract_id", amount=in_journal.credit_minor - in_journal.debit_minor)
    booked = revenue.filter(revenue.kind != "refund").select(key="contract_id", amount=-revenue.amount_minor)
    by_entry = journal.select(key="contract_id", amount=journal.debit_minor - journal.credit_minor)
    low = balances.filter(balances.balance_minor < 0)
    low = low.select(
        law=ibis.literal("I11 no balance below zero"), key="commit_id", off_by=low.balance_minor.cast("string")
    )
    return (
        _broken("I1 debit = credit in every entry", sides)
        .union(_broken("I2 the trial balance is zero", by_entry))
        .union(_broken("recognized = revenue in the journal", in_journal.union(booked)))
        .union(low)
    )


def drawdown_laws(
    commits: ir.Table,
    grants: ir.Table,
    draws: ir.Table,
    balances: ir.Table,
    forfeits: ir.Table,
    revenue: ir.Table,
    months: ir.Table,
) -> ir.Table:
    """Every prepaid commit is accounted for.

    I10: granted = drawn + forfeited at the cap of a rollover + remaining; I15: a commit that has ended has given its whole price, as
    drawdown, breakage or refund, and nothing is left of it.
    """
    horizon = months.agg(before_on=months.ends_before.max())
    given = grants.cross_join(horizon)
    given = given.filter(given.month_on < given.before_on).select(key="commit_id", amount="amount_minor")
    price = commits.select(key="commit_id", amount="granted_minor").union(given)
    drawn = draws.filter(draws.kind == "drawdown")
    drawn = drawn.select(key="commit_id", amount=-drawn.net_minor)
    left = balances.select(key="commit_id", amount=-balances.balance_minor)
    lost = forfeits.select(key="commit_id", amount=-forfeits.amount_minor)
    ended = commits.filter(commits.expires).cross_join(horizon)
    ended = ended.filter(ended.ends_before <= ended.before_on).select(key="commit_id")
    settled = revenue.filter(revenue.kind.isin(["drawdown", "breakage", "refund"]))
    settled = settled.select(key="commit_id", amount=-settled.amount_minor)
    return _broken("I10 granted = drawn + forfeited + remaining", price.union(drawn).union(lost).union(left)).union(
        _broken("I15 an ended commit has given its price", price.union(settled).semi_join(ended, "key"))
    )


def unit_laws(
    asked: ir.Table,
    commits: ir.Table,
    grants: ir.Table,
    draws: ir.Table,
    balances: ir.Table,
    forfeits: ir.Table,
    months: ir.Table,
) -> ir.Table:
    """Every unit is accounted for, in millionths.

    I10: granted = drawn + forfeited at the cap of a rollover + remaining; I13: asked = drawn + left to rate.
    """
    horizon = months.agg(before_on=months.ends_before.max())
    given = grants.cross_join(horizon)
    given = given.filter(given.month_on < given.before_on).select(key="commit_id", amount="amount_minor")
    price = commits.select(key="commit_id", amount="granted_minor").union(given)
    drawn = draws.filter(draws.kind == "drawdown").select("commit_id", "net_minor")
    price = price.union(drawn.select(key="commit_id", amount=-drawn.net_minor))
    price = price.union(forfeits.select(key="commit_id", amount=-forfeits.amount_minor))
    price = price.union(balances.select(key="commit_id", amount=-balances.balance_minor))
    served = draws.semi_join(months, draws.service_on == months.month_on)
    served = served.select(key="item_id", month_on="service_on", amount=-served.gross_minor)
    wanted = asked.semi_join(months, "month_on").select(key="item_id", month_on="month_on", amount="amount_minor")
    low = balances.filter(balances.balance_minor < 0)
    low = low.select(
        law=ibis.literal("I11 no units below zero"), key="commit_id", off_by=low.balance_minor.cast("string")
    )
    return (
        _broken("I10 units granted = drawn + forfeited + remaining", price)
        .union(_broken("I13 units asked = drawn + left to rate", wanted.union(served)))
        .union(low)
    )


def source_laws(journal: ir.Table) -> ir.Table:
    """I6: of each source liability and unbilled are never below zero, and never both there."""
    keys = ["contract_id", "source_kind", "source_id"]
    debit = journal.debit_minor - journal.credit_minor
    rows = journal.group_by(keys).agg(
        liability=ibis.ifelse(journal.account == "contract_liability", -debit, 0).sum().cast("int64"),
        unbilled=ibis.ifelse(journal.account == "unbilled_revenue", debit, 0).sum().cast("int64"),
    )
    off_by = ibis.least(rows.liability, rows.unbilled)
    rows = rows.mutate(off_by=off_by, low=ibis.least(rows.liability, 0) + ibis.least(rows.unbilled, 0))
    rows = rows.filter((rows.off_by != 0) | (rows.low != 0))
    key = rows.contract_id + "/" + rows.source_kind + "/" + rows.source_id
    return rows.select(
        law=ibis.literal("I6 a source has liability or unbilled, not both"),
        key=key,
        off_by=ibis.ifelse(rows.low != 0, rows.low, rows.off_by).cast("string"),
    )


def terms_laws(
    lines: ir.Table, items: ir.Table, allocated: ir.Table, shares: ir.Table, schedules: ir.Table
) -> ir.Table:
    """What the terms promise of single amounts.

    I21: a package within its free units costs nothing; I24: no weight, no share;
    I27: the steps of a schedule add up to its progress.
    """
    packages = items.filter(items.pricing_model == "package").select("item_id", "free_units_e12")
    free = lines.filter(lines.tier > 0).inner_join(packages, "item_id")
    free = free.filter(free.quantity_e12 <= free.free_units_e12)
    free = free.select(key="item_id", amount="amount_minor")
    weightless = shares.filter(shares.weight_e12 == 0).select("item_id", "product_id")
    shareless = allocated.semi_join(weightless, ["item_id", "product_id"])
    shareless = shareless.select(key="item_id", amount=shareless.amount_minor.abs())
    # ids of subscriptions and milestones are of their contract
    steps = schedules.select(key=_line_key(schedules), amount=schedules.weight_to_date - schedules.weight_before)
    whole = schedules.group_by(["contract_id", "kind", "source_id", "product_id", "line_no"]).agg(
        amount=schedules.weight_before.min() - schedules.weight_to_date.max()
    )
    whole = whole.select(key=_line_key(whole), amount="amount")
    return (
        _broken("I21 free units cost nothing", free)
        .union(_broken("I24 no weight, no share", shareless))
        .union(_broken("I27 the steps of a schedule add up", steps.union(whole)))
    )


def minimum_laws(floors: ir.Table, counted: ir.Table, true_ups: ir.Table) -> ir.Table:
    """I20: with its true-up a month is worth its minimum, to the rounding of one minor unit."""
    keys = ["contract_id", "month_on"]
    latest = ibis.row_number().over(ibis.window(group_by=keys, order_by=counted.learned_on.desc()))
    counted = counted.mutate(latest=latest)
    counted = counted.filter(counted.latest == 0)
    fees = counted.select(*keys, amount="counted_minor").union(true_ups.select(*keys, amount="amount_minor"))
    fees = fees.group_by(keys).agg(amount=fees.amount.sum().cast("int64"))
    rows = floors.left_join(fees, keys).drop(*(f"{key}_right" for key in keys))
    short = rows.amount_e24 - exact(rows.amount.fill_null(0) + 1) * rows.minor_divisor
    rows = rows.mutate(short=short)
    rows = rows.filter(rows.short > exact(0))
    return rows.select(
        law=ibis.literal("I20 a month is worth its minimum"), key="contract_id", off_by=rows.short.cast("string")
    )


def report_laws(journal: ir.Table, waterfall: ir.Table, rollforward: ir.Table) -> ir.Table:
    """The reports tell what the journal tells.

    I37: a column of the waterfall is the revenue of its month, but for what a cut-over brought in; I4, I5, I31, I34: a rollforward closes with
    the balance of its account; I42: each month opens where the one before closed.
    """
    earned = journal.filter(journal.account.isin(["revenue", "breakage_revenue"]) & (journal.kind != "opening"))
    earned = earned.select(key=_month_key(earned.booked_on), amount=earned.credit_minor - earned.debit_minor)
    columns = waterfall.select(key=_month_key(waterfall.period), amount=-waterfall.amount_minor)
    of = ["account", "contract_id"]
    months = ibis.window(group_by=of, order_by="period")
    rows = rollforward.mutate(
        later=rollforward.period.lead().over(months), opened=rollforward.opening_minor.lead().over(months)
    )
    last = rows.filter(rows.later.isnull())
    closing = last.select(key=_account_key(last), amount="closing_minor")
    rolled = journal.semi_join(rows.select("account").distinct(), "account")
    debit = rolled.debit_minor - rolled.credit_minor
    balance = ibis.ifelse(rolled.account == "contract_liability", debit, -debit)
    balances = rolled.select(key=_account_key(rolled), amount=balance)
    carried = rows.filter(rows.later.notnull())
    carried = carried.select(key=_account_key(carried), amount=carried.opened - carried.closing_minor)
    return (
        _broken("I37 the waterfall is the revenue of its months", earned.union(columns))
        .union(_broken("I4 a rollforward closes with the balance", closing.union(balances)))
        .union(_broken("I42 a month opens where the one before closed", carried))
    )


def _month_key(day: ir.Value) -> ir.Value:
    return day.strftime("%Y-%m")


def _account_key(rows: ir.Table) -> ir.Value:
    return rows.account + "/" + rows.contract_id


def _line_key(rows: ir.Table) -> ir.Value:
    source = rows.contract_id + "/" + rows.kind + "/" + rows.source_id
    return source + "/" + rows.product_id + "/" + rows.line_no.cast("string")


def _broken(law: str, rows: ir.Table) -> ir.Table:
    """The sums that are not zero, per key and, where the rows have one, month."""
    by = [name for name in ("key", "month_on") if name in rows.columns]
    sums = rows.group_by(by).agg(off_by=rows.amount.sum().cast("int64"))
    sums = sums.filter(sums.off_by != 0)
    key = sums.key + " in " + sums.month_on.strftime("%Y-%m") if "month_on" in by else sums.key
    return sums.select(law=ibis.literal(law), key=key, off_by=sums.off_by.cast("string"))
