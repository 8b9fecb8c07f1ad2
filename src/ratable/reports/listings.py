"""Lists: the journal line by line, what was rejected, and where each month stands."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.reports.customers import with_customer
from ratable.reports.words import REVENUE_ACCOUNTS


def journal_lines(journal: ir.Table, customers: ir.Table) -> ir.Table:
    """Every line of every entry, with its customer."""
    rows = with_customer(journal, customers)
    return rows.select(
        "on",
        "place",
        "number",
        "entry_id",
        "customer_id",
        "contract_id",
        "currency",
        "kind",
        "account",
        "product_id",
        "item_id",
        "commit_id",
        "debit_minor",
        "credit_minor",
        period="booked_on",
        service_period="service_on",
    )


def rejections(rejected: ir.Table) -> ir.Table:
    """Every rejected fact; `records` is one, so that sums over a code or an import are counts."""
    return rejected.mutate(records=ibis.literal(1).cast("int64"))


def close_status(months: ir.Table, closes: ir.Table, journal: ir.Table) -> ir.Table:
    """Where each month stands and what is booked in it, a row per currency (empty: nothing is booked)."""
    is_revenue = journal.account.isin(REVENUE_ACCOUNTS)
    earned = ibis.ifelse(is_revenue, journal.credit_minor - journal.debit_minor, 0)
    booked = journal.group_by(["booked_on", "currency"]).agg(
        entries=journal.entry_id.nunique().cast("int64"),
        lines=journal.count().cast("int64"),
        debit_minor=journal.debit_minor.sum().cast("int64"),
        credit_minor=journal.credit_minor.sum().cast("int64"),
        revenue_minor=earned.sum().cast("int64"),
        late_revenue_minor=ibis.ifelse(journal.service_on < journal.booked_on, earned, 0).sum().cast("int64"),
    )
    latest = closes.select(
        "warnings", close_on="month_on", said="status", version="version", at="closed_at", by="closed_by"
    )
    rows = months.select(period="month_on", is_open="is_open")
    rows = rows.left_join(latest, rows.period == latest.close_on)
    rows = rows.left_join(booked, rows.period == booked.booked_on)
    figures = ("entries", "lines", "debit_minor", "credit_minor", "revenue_minor", "late_revenue_minor")
    return rows.select(
        "period",
        currency=rows.currency.fill_null(""),
        status=ibis.coalesce(rows.said, ibis.ifelse(rows.is_open, "open", "closed")),
        version=rows.version.fill_null(0),
        closed_at="at",
        closed_by=rows.by.fill_null(""),
        warnings=rows.warnings.fill_null(""),
        **{name: rows[name].fill_null(0) for name in figures},
    )
