"""Who buys: the customer of each row that has a contract, and revenue by customer."""

from __future__ import annotations

import ibis.expr.types as ir

from ratable.reports.words import REVENUE_ACCOUNTS


def with_customer(rows: ir.Table, customers: ir.Table) -> ir.Table:
    """The rows with their customer; empty where nobody has said whose contract it is, so that no row is lost."""
    of = customers.select(_contract_id="contract_id", customer_id="customer_id")
    found = rows.left_join(of, rows.contract_id == of["_contract_id"]).drop("_contract_id")
    return found.mutate(customer_id=found.customer_id.fill_null(""))


def revenue_by_customer(journal: ir.Table, customers: ir.Table) -> ir.Table:
    """Revenue and breakage by customer, product and month booked."""
    rows = with_customer(journal.filter(journal.account.isin(REVENUE_ACCOUNTS)), customers)
    amount = (rows.credit_minor - rows.debit_minor).sum().cast("int64")
    by = rows.group_by(["customer_id", "product_id", "currency", "booked_on"]).agg(amount_minor=amount)
    return by.rename(period="booked_on")
