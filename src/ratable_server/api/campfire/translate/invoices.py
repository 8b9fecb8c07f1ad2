"""Invoices: `/coa/api/v1/invoice/`. Their words for where one stands, and what their lines say of ours.

What the books have is the amount without tax. A line that names nothing is of what is unbilled, the oldest first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from ratable_server.api.campfire.translate.words import Names

OURS = (
    "lines", "invoice_number", "invoice_date", "due_date", "contract", "client", "currency", "voided_date", "paid_date",
    "payment_status", "journal_entry", "voided_journal_entry", "entity_transfer_journal_entry",
)  # fmt: skip
OURS_OF_A_LINE = ("amount", "tax", "invoice")
NAMED_REVENUE = "revenue_transactions"  # ids of what an invoice bills, as its body tells them
TARGETS = {
    "prepaid_commit": "prepaid_commit",
    "contract_subscription": "subscription",
    "contract_milestone": "milestone",
}
STAGES = ("draft", "open", "sent", "uncollectible")
ORDER_OF = {
    "invoice_date": "on",
    "due_date": "due",
    "paid_date": "settled_on",
    "invoice_number": "code",
    "credit_memo_date": "on",
    "credit_memo_number": "code",
    "total_amount": "total_minor",
    "amount_paid": "settled_minor",
    "amount_used": "settled_minor",
    "amount_due": "left_minor",
    "client_name": "contract__customer__name",
    "contract_name": "contract__name",
    "created_at": "created_at",
    "last_modified_at": "modified_at",
    "id": "id",
}
_STATUS_OF = {"settled": "paid"}
_NOTHING = Decimal(0)
_DIGITS = 90  # enough for a quantity at a rate with its discount, each of 30 digits, before it is rounded


def order_of(said: str) -> tuple[str, ...] | None:
    """Columns of an order, with a minus for the last first; None: there is no such order."""
    column = ORDER_OF.get(said.removeprefix("-"))
    if column is None:
        return None
    return (f"-{column}", "-id") if said.startswith("-") else (column,)


def status_of(invoice: Any) -> str:
    """Where an invoice stands, in the words of `payment_status`."""
    return str(_STATUS_OF.get(invoice.standing, invoice.standing))


def days_past_due(invoice: Any, on: date) -> int | None:
    """For how many days an invoice should have been paid; None: it is not due, or nothing of it is."""
    if invoice.standing not in {"open", "sent", "partial"}:
        return None
    days = (on - (invoice.due_on or invoice.on)).days
    return days if days > 0 else None


def amount_of(line: Mapping[str, Any], *, digits: int) -> Decimal | None:
    """What a line comes to: as it says, or its quantity at its rate less its discount, rounded once; None: it says neither."""
    if line.get("amount") is not None:
        said: Decimal = line["amount"]
        return said
    if line.get("rate") is None:
        return None
    with localcontext(prec=_DIGITS):
        whole = (Decimal(1) if line.get("quantity") is None else line["quantity"]) * line["rate"]
        percentage = line.get("discount_percentage") or _NOTHING
        discount = line.get("discount") or line.get("discount_amount") or whole * percentage / 100
        amount: Decimal = (whole - discount).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP)
    return amount


def from_invoice(invoice: Any, names: Names, *, tenant: int, on: date) -> dict[str, Any]:
    """An invoice, without its lines and payments."""
    entity = entity_of(invoice)
    days = days_past_due(invoice, on)
    return {
        "id": invoice.id,
        "client_name": invoice.customer_name,
        "client_email": invoice.customer_further.get("email"),
        "status": status_of(invoice) if days is None else "past_due",
        "past_due_days": days,
        "entity": entity,
        "entity_name": names.of("entity", entity),
        "entity_currency": currency_of(names, entity, invoice.currency),
        "total_amount": invoice.total,
        "amount_paid": invoice.settled,
        "amount_due": invoice.left,
        "contract_name": invoice.contract_name,
        "invoice_number": invoice.code,
        NAMED_REVENUE: invoice.further.get(NAMED_REVENUE) or [],
        "last_modified_at": invoice.modified_at,
        "is_deleted": invoice.deleted_at is not None,
        "deleted_at": invoice.deleted_at,
        "reminder_sent_dates": invoice.further.get("reminder_sent_dates") or {},
        "pre_due_reminder_sent_dates": invoice.further.get("pre_due_reminder_sent_dates") or {},
        "invoice_date": invoice.on,
        "due_date": invoice.due_on or invoice.on,
        "paid_date": invoice.settled_on,
        "payment_status": status_of(invoice),
        "created_at": invoice.created_at,
        "currency": invoice.currency,
        "voided_date": invoice.voided_on,
        "customer": tenant,
        "client": invoice.customer_id,
        "journal_entry": first(invoice.entries),
        "voided_journal_entry": first(invoice.void_entries),
        "contract": invoice.contract_id,
    }


def from_line(line: Any, invoice: Any, names: Names, *, products: Mapping[int, Any], tenant: int) -> dict[str, Any]:
    """A line with what it bills; numbers that were not told are those of one unit."""
    further = line.further
    product = products.get(further.get("product") or 0)
    return {
        **targets_of(line),
        "id": line.id,
        "product_name": product.name if product is not None else None,
        "product_is_taxable": bool(product is not None and product.further.get("is_taxable")),
        "department_name": names.of("department", further.get("department")),
        "tags": names.tags(further),
        "quantity": _told(further, "quantity", Decimal(1)),
        "rate": _told(further, "rate", line.amount),
        "currency": invoice.currency,
        "amount": line.amount,
        "tax": line.tax,
        "discount": _told(further, "discount", _NOTHING),
        "discount_percentage": _told(further, "discount_percentage", _NOTHING),
        "discount_amount": _told(further, "discount_amount", _NOTHING),
        "created_at": line.created_at,
        "last_modified_at": line.modified_at,
        "customer": tenant,
    }


def targets_of(line: Any) -> dict[str, Any]:
    """The ids of what a line is of, as the books have it; as it was told while it is a draft."""
    if line.number is None:
        return {name: line.further.get(name) for name in TARGETS}
    return {name: getattr(line, f"{ours}_id") for name, ours in TARGETS.items()}


def entity_of(paper: Any) -> int | None:
    """The entity that was told with it, or with its contract; None: neither was."""
    told = paper.further.get("entity") or paper.contract_further.get("entity")
    return told if isinstance(told, int) else None


def currency_of(names: Names, entity: int | None, otherwise: str) -> str:
    """The currency of the entity, which is USD where it says none; without one, that of the paper."""
    told = names.told.get(("entity", entity or 0))
    return otherwise if told is None else str(told.get("currency") or "USD")


def first(entries: Sequence[Any]) -> int | None:
    """The id of the first of some entries, if there is one."""
    return entries[0].id if entries else None


def _told(further: Mapping[str, Any], name: str, otherwise: Decimal) -> Any:
    """A number as it was sent; these are documented as never null."""
    sent = further.get(name)
    return otherwise if sent is None else sent
