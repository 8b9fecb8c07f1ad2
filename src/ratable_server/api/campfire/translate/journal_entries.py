"""Journal entries and lines of the ledger: `/coa/api/journal_entry`, `/coa/api/transaction`.

Amounts are told in the currency of the transaction in all three places; nothing is consolidated here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ratable_server.api.campfire.translate.chart import Chart
from ratable_server.api.campfire.translate.words import Names

_TYPE_OF = {
    "invoice": "invoice",
    "payment": "invoice_payment",
    "credit_memo": "credit_memo",
    "adjustment": "credit_memo",
    "reversal": "journal_entry",
    "opening": "journal_entry",
}
_VOID_OF = {
    "invoice": "void_invoice",
    "payment": "void_invoice_payment",
    "credit_memo": "void_credit_memo",
    "adjustment": "void_credit_memo",
}
_TOLD_OF = {
    "drawdown": "Prepaid commit drawdown",
    "overage": "Prepaid commit overage",
    "breakage": "Prepaid commit breakage",
    "refund": "Prepaid commit owed back",
    "minimum": "Minimum commitment true-up",
    "adjustment": "Credit memo",
}
_VOID, _TERMINATION = re.compile(r"/void/[0-9]+$"), re.compile(r"/termination/[0-9]+(/|$)")
CALCULATED = "ratable"  # the source of entries that the books make of themselves


def type_of(kind: str, code: str) -> str:
    """The type of an entry, of its kind and its code."""
    if _VOID.search(code) and kind in _VOID_OF:
        return _VOID_OF[kind]
    if kind == "adjustment" and _TERMINATION.search(code):
        return "journal_entry"
    return _TYPE_OF.get(kind, "revenue_recognition")


def memo_of(entry: Any) -> str:
    """What an entry is, in words."""
    what = _TOLD_OF.get(entry.kind, entry.kind.replace("_", " ").capitalize())
    of = f" {entry.document}" if entry.document else f" {entry.service_on:%Y-%m}"
    where = f" - {entry.contract_name}" if entry.contract_name else ""
    return f"{what}{of}{' (adjustment)' if entry.is_adjusted else ''}{where}"


def uuid_of(code: str) -> str:
    """The documented uuid of an entry or a line, of what it is."""
    return str(uuid5(NAMESPACE_URL, code))


def from_entry(entry: Any, chart: Chart, names: Names, *, tenant: int) -> dict[str, Any]:
    """An entry with its lines."""
    shared = _shared(entry, names, tenant=tenant)
    return {
        **shared,
        "id": entry.id,
        "transactions": [from_line(line, entry, chart, names=names, tenant=tenant) for line in entry.lines],
        "order": entry.code,
        "type": type_of(entry.kind, entry.code),
        "journal_id": uuid_of(entry.code),
        "memo": memo_of(entry),
        "date": entry.on,
        "invoice": entry.document_id if entry.kind == "invoice" else None,
        "credit_memos": _credit_memos(entry),
        "source": CALCULATED,
        "source_id": entry.code,
        "created_by_source": None,
    }


def from_line(line: Any, entry: Any, chart: Chart, *, names: Names, tenant: int) -> dict[str, Any]:
    """One side of an entry."""
    account = chart.account(line.key)
    amounts = {
        "amount": line.debit or line.credit,
        "debit_amount": line.debit or None,
        "credit_amount": line.credit or None,
    }
    named = {f"{name}{of}": value for name, value in amounts.items() for of in ("", "_book", "_native")}
    type = type_of(entry.kind, entry.code)
    return {
        **_shared(entry, names, tenant=tenant),
        **named,
        "id": line.id,
        "account": account.id,
        "account_name": account.title,
        "account_number": account.number,
        "account_type": account.type,
        "account_subtype": account.subtype,
        "vendor": entry.customer_id,
        "vendor_id": None if entry.customer_id is None else str(entry.customer_id),
        "vendor_name": entry.customer_name,
        "department": entry.contract_further.get("department"),
        "department_name": names.of("department", entry.contract_further.get("department")),
        "tags": names.tags(entry.contract_further),
        "tag_ids": [tag["id"] for tag in names.tags(entry.contract_further)],
        "journal": entry.id,
        "journal_order": entry.code,
        "journal_memo": memo_of(entry),
        "journal_type": type,
        "journal_type_name": type.replace("_", " ").title(),
        "invoice": entry.document if entry.kind == "invoice" else None,
        "invoice_id": entry.document_id if entry.kind == "invoice" else None,
        "invoice_number": entry.document if entry.kind == "invoice" else None,
        "transaction_id": uuid_of(f"{entry.code}/{line.id}"),
        "posted_at": entry.on,
        "date_month": f"{entry.on:%m}",
        "date_year": f"{entry.on:%Y}",
        "external_id": None,
        "product_code": line.key.product or None,
        "prepaid_commit_code": line.key.prepaid_commit or None,
    }


def _shared(entry: Any, names: Names, *, tenant: int) -> dict[str, Any]:
    entity = entry.contract_further.get("entity")
    return {
        "is_deleted": False,
        "deleted_at": None,
        "entity": entity,
        "entity_name": names.of("entity", entity),
        "entity_currency": entry.currency,
        "currency": entry.currency,
        "exchange_rate": entry.contract_further.get("exchange_rate"),
        "exchange_rate_book": entry.contract_further.get("exchange_rate_book"),
        "created_automatically": True,
        "created_at": entry.modified_at,
        "last_modified_at": entry.modified_at,
        "customer": tenant,
        "contract": entry.contract_id,
        "contract_name": entry.contract_name,
        "is_posted": entry.is_posted,
    }


def _credit_memos(entry: Any) -> list[Mapping[str, Any]]:
    if type_of(entry.kind, entry.code) != "credit_memo" or entry.document_id is None:
        return []
    return [{"id": entry.document_id, "credit_memo_number": entry.document}]


def totals_of(lines: Any) -> dict[str, Decimal]:
    """Debits, credits and their difference of lines."""
    debits = sum((each.line.debit for each in lines), Decimal(0))
    credits = sum((each.line.credit for each in lines), Decimal(0))
    return {"total_debits": debits, "total_credits": credits, "net": debits - credits}
