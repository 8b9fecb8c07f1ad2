"""Revenue, and the waterfall: which month's billing became revenue in which month."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.reports.customers import with_customer
from ratable.reports.words import REVENUE_ACCOUNTS


def revenue(journal: ir.Table) -> ir.Table:
    """Revenue by contract, product, item, commit, type, service month and month booked."""
    rows = journal.filter(journal.account.isin(REVENUE_ACCOUNTS))
    keys = ["contract_id", "currency", "product_id", "item_id", "commit_id", "kind", "service_on", "booked_on"]
    amount = (rows.credit_minor - rows.debit_minor).sum().cast("int64")
    return rows.group_by(keys).agg(amount_minor=amount)


def waterfall(journal: ir.Table) -> ir.Table:
    """Revenue by month of the billing that paid for it (rows) and month of revenue (columns).

    Liability is released first in, first out within its source; revenue in arrears or at once is
    booked in its own month. The columns sum to the revenue of the month.
    """
    source = ["contract_id", "source_kind", "source_id"]
    entry = [*source, "currency", "entry_id", "booked_on", "on", "place", "number"]
    is_liability = journal.account == "contract_liability"
    is_revenue = journal.account.isin(REVENUE_ACCOUNTS) & (journal.kind != "opening")  # that is of years before
    credit = journal.credit_minor - journal.debit_minor
    rows = journal.group_by(entry).agg(
        billed=ibis.ifelse(is_liability, ibis.greatest(credit, 0), 0).sum().cast("int64"),
        released=ibis.ifelse(is_liability, ibis.greatest(-credit, 0), 0).sum().cast("int64"),
        revenue=ibis.ifelse(is_revenue, credit, 0).sum().cast("int64"),
    )
    order = ibis.window(group_by=source, order_by=["on", "place", "number", "entry_id"], rows=(None, 0))
    rows = rows.mutate(
        billed_to=rows.billed.sum().over(order).cast("int64"),
        released_to=rows.released.sum().over(order).cast("int64"),
        from_liability=ibis.greatest(ibis.least(rows.released, rows.revenue), 0),
    )
    lots = rows.filter(rows.billed > 0)
    lots = lots.select(*source, lot_on="booked_on", lot_to="billed_to", lot_from=lots.billed_to - lots.billed)
    uses = rows.filter(rows.from_liability > 0)
    begin = uses.released_to - uses.released
    uses = uses.select(*source, "currency", "booked_on", use_from=begin, use_to=begin + uses.from_liability)
    met = uses.inner_join(lots, source)
    met = met.filter((met.use_from < met.lot_to) & (met.lot_from < met.use_to))
    part = ibis.least(met.use_to, met.lot_to) - ibis.greatest(met.use_from, met.lot_from)
    paid = met.select("contract_id", "currency", booked="lot_on", period="booked_on", amount=part)
    direct = rows.select(
        "contract_id",
        "currency",
        booked="booked_on",
        period="booked_on",
        amount=rows.revenue - rows.from_liability,
    )
    both = paid.union(direct.filter(direct.amount != 0))
    keys = ["contract_id", "currency", "booked", "period"]
    return both.group_by(keys).agg(amount_minor=both.amount.sum().cast("int64"))


def waterfall_by_customer(journal: ir.Table, customers: ir.Table) -> ir.Table:
    """The waterfall with the customer of each contract."""
    return with_customer(waterfall(journal), customers)


def revenue_in_detail(journal: ir.Table, customers: ir.Table) -> ir.Table:
    """Revenue with the customer of each contract."""
    return with_customer(revenue(journal), customers).rename(period="booked_on", service_period="service_on")
