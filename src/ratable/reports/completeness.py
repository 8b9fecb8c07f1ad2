"""Completeness: nothing is lost on the way from a received row to the journal.

Owns the identities that a close asks about. Each is told with both of its sides, counted from different
tables; a difference is a defect and never rounding.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import ibis
import ibis.expr.types as ir

from ratable.money import exact, minor_unit_digits
from ratable.reports.words import REVENUE_ACCOUNTS
from ratable.tables import UNEARNED

NEVER = "0001-01-01"
_NO_MONTH = ibis.null("date")
_EVERY_DIGIT = 100
_COUNTED_IN = {"quantity_e12": "quantity", "minor": "amount"}


def completeness(
    receipts: ir.Table,
    rated: ir.Table,
    draws: ir.Table,
    allocated: ir.Table,
    revenue: ir.Table,
    journal: ir.Table,
    contracts: ir.Table,
) -> ir.Table:
    """Both sides of every identity, and their difference.

    received     received = accepted + voided + duplicate + rejected, in records and in quantity, by import
    rated        rated = drawn + overage + pay-as-you-go, list value, by service month and currency
    recognized   revenue = revenue in the journal, by month booked and currency
    balanced     debit = credit, by month booked and currency
    """
    money = contracts.select("contract_id", "currency")
    rows = _received(receipts, "records").union(_received(receipts, "quantity_e12"))
    rows = rows.union(_rated(rated, draws, allocated, money))
    rows = rows.union(_recognized(revenue, journal, money)).union(_balanced(journal))
    return rows.mutate(difference=rows.left_value - rows.right_value)


def _received(receipts: ir.Table, unit: str) -> ir.Table:
    value = exact(receipts[unit])
    came = receipts.status == "received"
    sides = receipts.group_by("import_id").agg(
        left_value=ibis.ifelse(came, value, exact(0)).sum(), right_value=ibis.ifelse(came, exact(0), value).sum()
    )
    return _told(sides.mutate(period=_NO_MONTH, currency=ibis.literal("")), "received", unit=unit)


def _rated(rated: ir.Table, draws: ir.Table, allocated: ir.Table, money: ir.Table) -> ir.Table:
    """Adjustments of closed months are facts of their own, they were never rated."""
    regular = draws.filter((draws.adjusted_on == ibis.date(NEVER)) & (draws.kind != "usage"))
    direct = allocated.filter((allocated.adjusted_on == ibis.date(NEVER)) & (allocated.kind == "usage"))
    left = rated.select("contract_id", period="month_on", left_value=rated.amount_minor, right_value=_none())
    drawn = regular.select("contract_id", period="service_on", left_value=_none(), right_value=regular.gross_minor)
    used = direct.select("contract_id", period="service_on", left_value=_none(), right_value=direct.amount_minor)
    return _by_month(left.union(drawn).union(used).inner_join(money, "contract_id"), "rated")


def _recognized(revenue: ir.Table, journal: ir.Table, money: ir.Table) -> ir.Table:
    """Credit memos, terminations and reversals move revenue that no obligation was recognized for."""
    told = revenue.filter(revenue.kind != "refund")
    left = told.select("contract_id", period="booked_on", left_value=told.amount_minor, right_value=_none())
    posted = journal.filter(journal.account.isin(REVENUE_ACCOUNTS) & journal.kind.notin(UNEARNED))
    credit = posted.credit_minor - posted.debit_minor
    right = posted.select("contract_id", period="booked_on", left_value=_none(), right_value=credit)
    return _by_month(left.union(right).inner_join(money, "contract_id"), "recognized")


def _balanced(journal: ir.Table) -> ir.Table:
    rows = journal.select("currency", period="booked_on", left_value="debit_minor", right_value="credit_minor")
    return _by_month(rows, "balanced")


def _none() -> ir.Value:
    return ibis.literal(0).cast("int64")


def _by_month(rows: ir.Table, identity: str) -> ir.Table:
    sides = rows.group_by(["period", "currency"]).agg(
        left_value=exact(rows.left_value.sum()), right_value=exact(rows.right_value.sum())
    )
    return _told(sides.mutate(import_id=ibis.literal("")), identity, unit="minor")


def _told(sides: ir.Table, identity: str, *, unit: str) -> ir.Table:
    return sides.select(
        "import_id",
        "period",
        "currency",
        identity=ibis.literal(identity),
        unit=ibis.literal(unit),
        left_value=exact(sides.left_value),
        right_value=exact(sides.right_value),
    )


def counted_in(unit: str) -> str:
    """What people count a side of an identity in: records, quantity, or amount."""
    return _COUNTED_IN.get(unit, unit)


def as_counted(value: Decimal, unit: str, currency: str) -> Decimal:
    """A side of an identity as people count it: `minor` in major units, `quantity_e12` in units without idle zeros."""
    with localcontext(prec=_EVERY_DIGIT):
        if unit == "minor":
            return value.scaleb(-minor_unit_digits(currency))
        short = value.scaleb(-12).normalize() if unit == "quantity_e12" else value
        return short.quantize(Decimal(1)) if short == short.to_integral_value() else short
