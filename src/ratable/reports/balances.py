"""Balances of accounts and how they came to be."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.reports.customers import with_customer
from ratable.reports.words import CREDIT_SIDE, RECOGNIZED, ROLLED


def on_normal_side(journal: ir.Table) -> ir.Value:
    """The amount of a line, positive on the account's normal side."""
    debit = journal.debit_minor - journal.credit_minor
    return ibis.ifelse(journal.account.isin(CREDIT_SIDE), -debit, debit)


def balances(journal: ir.Table, day: ir.Table) -> ir.Table:
    """Life-to-date balance of each account, contract and prepaid commit at the end of `day.at`."""
    rows = journal.cross_join(day)
    rows = rows.filter(rows.on <= rows["at"]).mutate(amount=on_normal_side(rows))
    keys = ["account", "contract_id", "currency", "commit_id"]
    return rows.group_by(keys).agg(amount_minor=rows.amount.sum().cast("int64"))


def trial_balance(journal: ir.Table, day: ir.Table) -> ir.Table:
    """Debits, credits and balance of each account and currency at the end of `day.at`."""
    rows = journal.cross_join(day)
    rows = rows.filter(rows.on <= rows["at"])
    rows = rows.mutate(amount=on_normal_side(rows))
    return rows.group_by(["account", "currency"]).agg(
        debit_minor=rows.debit_minor.sum().cast("int64"),
        credit_minor=rows.credit_minor.sum().cast("int64"),
        balance_minor=rows.amount.sum().cast("int64"),
    )


def rollforward(journal: ir.Table, months: ir.Table) -> ir.Table:
    """Opening, movements by cause and closing of the position accounts, by contract and month.

    contract_liability: opening + billed - recognized - breakage + other = closing;
    unbilled_revenue: opening + recognized + breakage - billed + other = closing;
    accounts_receivable: opening + billed + other = closing. Adjustments of closed months, credit
    memos, reversals, opening balances, terminations and what an expired commit owes back are `other`.
    """
    rows = journal.filter(journal.account.isin(ROLLED))
    keys = ["account", "contract_id", "currency"]
    cause = ibis.cases(
        (rows.kind == "invoice", "billed"),
        ((rows.account == "accounts_receivable") | rows.is_adjusted, "other"),
        (rows.kind.isin(RECOGNIZED), "recognized"),
        (rows.kind == "breakage", "breakage"),
        else_="other",
    )
    rows = rows.mutate(cause=cause, amount=on_normal_side(rows))
    by_month = rows.group_by([*keys, "booked_on"]).agg(
        **{
            name: ibis.ifelse(rows.cause == name, rows.amount, 0).sum().cast("int64")
            for name in ("billed", "recognized", "breakage", "other")
        }
    )
    known = by_month.select(*keys).distinct()
    early = by_month.select("booked_on").distinct().anti_join(months, [("booked_on", "month_on")])
    spine = months.select(period="month_on").union(early.select(period="booked_on"))
    every = known.cross_join(spine)
    moved = every.left_join(
        by_month, [*[every[key] == by_month[key] for key in keys], every.period == by_month.booked_on]
    ).drop("booked_on", *(f"{key}_right" for key in keys))
    figures = {name: moved[name].fill_null(0) for name in ("billed", "recognized", "breakage", "other")}
    moved = moved.mutate(**figures)
    moved = moved.mutate(total=moved.billed + moved.recognized + moved.breakage + moved.other)
    so_far = ibis.window(group_by=keys, order_by="period", rows=(None, 0))
    moved = moved.mutate(closing_minor=moved.total.sum().over(so_far).cast("int64"))
    is_liability = moved.account == "contract_liability"
    is_unbilled = moved.account == "unbilled_revenue"
    return moved.select(
        *keys,
        "period",
        opening_minor=moved.closing_minor - moved.total,
        billed_minor=ibis.ifelse(is_unbilled, -moved.billed, moved.billed),
        recognized_minor=ibis.ifelse(is_liability, -moved.recognized, moved.recognized),
        breakage_minor=ibis.ifelse(is_liability, -moved.breakage, moved.breakage),
        other_minor=moved.other,
        closing_minor="closing_minor",
    )


def balances_by_customer(journal: ir.Table, customers: ir.Table, day: ir.Table) -> ir.Table:
    """Balances at the end of `day.at` with the customer of each contract."""
    return with_customer(balances(journal, day), customers)


def account_rollforward(journal: ir.Table, months: ir.Table, customers: ir.Table, *, account: str) -> ir.Table:
    """The rollforward of one account, by customer, contract and month."""
    rows = rollforward(journal, months)
    return with_customer(rows.filter(rows.account == account).drop("account"), customers)


def trial_balance_by_month(journal: ir.Table, months: ir.Table) -> ir.Table:
    """Opening, debits, credits and closing of each account, currency and month booked.

    Balances are debits less credits, so that opening + debit - credit = closing in every row and the
    closing balances of a currency sum to zero.
    """
    keys = ["account", "currency"]
    moved = journal.group_by([*keys, "booked_on"]).agg(
        debit=journal.debit_minor.sum().cast("int64"), credit=journal.credit_minor.sum().cast("int64")
    )
    spine = months.select(period="month_on").union(moved.select(period="booked_on"), distinct=True)
    every = moved.select(*keys).distinct().cross_join(spine)
    rows = every.left_join(moved, [*[every[key] == moved[key] for key in keys], every.period == moved.booked_on])
    rows = rows.select(*keys, "period", debit_minor=rows.debit.fill_null(0), credit_minor=rows.credit.fill_null(0))
    so_far = ibis.window(group_by=keys, order_by="period", rows=(None, 0))
    closing = (rows.debit_minor - rows.credit_minor).sum().over(so_far).cast("int64")
    rows = rows.mutate(closing_minor=closing)
    opening = (rows.closing_minor - rows.debit_minor + rows.credit_minor).cast("int64")
    return rows.select(*keys, "period", "debit_minor", "credit_minor", "closing_minor", opening_minor=opening)
