"""The laws of the calculation, one arrow of the flow each: a broken one stops the run.

Owns the identities of one calculation (accounting.md, section 5). Laws that compare two
calculations are laws of the tests.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.backends import Sheet, Stored
from ratable.errors import InvariantError


def hold(sheet: Sheet, *, laws: tuple[Stored, ...]) -> None:
    """Raise with every row that breaks a law.

    Raises:
        InvariantError: names the law, the key and by how much it is broken.
    """
    broken = [row for law in laws for row in sheet.fetch(law).to_pylist()]
    if broken:
        told = "; ".join(f"{row['law']} at {row['key']}: off by {row['off_by']}" for row in broken[:5])
        raise InvariantError(f"{len(broken)} broken: {told}")


def flow_laws(
    rated: ir.Table, lines: ir.Table, draws: ir.Table, allocated: ir.Table, items: ir.Table, revenue: ir.Table
) -> ir.Table:
    """Conservation from rating to recognition.

    I13: rated = drawn gross + overage + pay-as-you-go; I17: tier lines sum to the month; I23: shares sum
    to what is split; I26: recognized = allocated.
    """
    drawing = rated.semi_join(items.filter(items.draws), "item_id")
    asked = drawing.select(key="item_id", amount=drawing.amount_minor)
    served = draws.filter(draws.adjusted_on == ibis.date("0001-01-01"))
    served = served.select(key="item_id", amount=-served.gross_minor)
    months = rated.select(key="item_id", amount="amount_minor")
    parts = lines.select(key="item_id", amount=-lines.amount_minor)
    direct = rated.semi_join(items.filter(~items.draws), "item_id").select(key="item_id", amount="amount_minor")
    drawn = draws.filter(draws.kind != "discount").select(key="item_id", amount="net_minor")
    shares = allocated.select(key="item_id", amount=-allocated.amount_minor)
    owned = allocated.select(key="contract_id", amount="amount_minor")
    used = revenue.filter(revenue.kind.isin(["usage", "drawdown", "overage"]))
    used = used.select(key="contract_id", amount=-used.amount_minor)
    return (
        _broken("I13 rated = drawn + overage + pay-as-you-go", asked.union(served))
        .union(_broken("I17 tier lines sum to the month", months.union(parts)))
        .union(_broken("I23 shares sum to the whole", direct.union(drawn).union(shares)))
        .union(_broken("I26 recognized = allocated", owned.union(used)))
    )


def ledger_laws(revenue: ir.Table, journal: ir.Table, commits: ir.Table, balances: ir.Table) -> ir.Table:
    """I1, I2: entries balance; I33: revenue less billed = unbilled less liability; I11: no balance below zero."""
    sides = journal.select(key="entry_id", amount=journal.debit_minor - journal.credit_minor)
    in_journal = journal.filter(
        journal.account.isin(["revenue", "breakage_revenue"]) & (journal.kind != "adjustment")
    )
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
        .union(_broken("I37 revenue = journal", in_journal.union(booked)))
        .union(low)
    )


def _broken(law: str, rows: ir.Table) -> ir.Table:
    sums = rows.group_by("key").agg(off_by=rows.amount.sum().cast("int64"))
    sums = sums.filter(sums.off_by != 0)
    return sums.select(law=ibis.literal(law), key="key", off_by=sums.off_by.cast("string"))
