"""Journal entries and lines of the ledger: `/coa/api/journal_entry`, `/coa/api/transaction`.

Amounts are told in the currency of the transaction in all three places; nothing is consolidated here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from ratable_server.api.campfire.translate.chart import Account, Chart
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
CALCULATED, WRITTEN_BY_HAND = (
    "ratable",
    "manual",
)  # the source of entries that the books make of themselves, and of others
WRITTEN, MANUAL = "written", "manual/"  # how the books mark these: before the kind, and before the number


def type_of(kind: str, code: str) -> str:
    """The type of an entry, of its kind and its code."""
    if kind.startswith(f"{WRITTEN} "):
        return kind.removeprefix(f"{WRITTEN} ")
    if _VOID.search(code) and kind in _VOID_OF:
        return _VOID_OF[kind]
    if _ends(kind, code):
        return "journal_entry"
    return _TYPE_OF.get(kind, "revenue_recognition")


def _ends(kind: str, code: str) -> bool:
    """Is it what a termination lets go?"""
    return kind == "adjustment" and _TERMINATION.search(code) is not None


def memo_of(entry: Any) -> str:
    """What an entry is, in words: those that were told, or ours."""
    if entry.written is not None:
        return str(entry.written.get("memo") or "")
    told = _TOLD_OF.get(entry.kind, entry.kind.replace("_", " ").capitalize())
    what = "Breakage at termination" if _ends(entry.kind, entry.code) else told
    of = f" {entry.document}" if entry.document else f" {entry.service_on:%Y-%m}"
    where = f" - {entry.party.name}" if entry.party else ""
    return f"{what}{of}{' (adjustment)' if entry.is_adjusted else ''}{where}"


def order_of(code: str) -> str:
    """The documented number of an entry: a number for one that is written by hand, else what it is of."""
    return f"{int(code.removeprefix(MANUAL)):07}" if code.startswith(MANUAL) else code


def uuid_of(code: str) -> str:
    """The documented uuid of an entry or a line, of what it is."""
    return str(uuid5(NAMESPACE_URL, code))


def from_entry(entry: Any, chart: Chart, names: Names, *, tenant: int) -> dict[str, Any]:
    """An entry with its lines; what was told of one that is written by hand comes back beside it."""
    type = type_of(entry.kind, entry.code)
    told = {} if entry.written is not None else {"memo": memo_of(entry), "source": CALCULATED, "source_id": entry.code}
    further = entry.written if entry.written is not None else _dimensions(entry.party)
    entity = further.get("entity") if entry.written is not None else _entity_of(entry.lines)
    return {
        **_shared(entry, tenant=tenant),
        **told,
        "id": entry.id,
        "transactions": [from_line(line, entry, chart, names=names, tenant=tenant) for line in entry.lines],
        "order": order_of(entry.code),
        "type": type,
        "journal_id": uuid_of(entry.code),
        "date": entry.on,
        "invoice": entry.document_id if entry.kind == "invoice" else None,
        "credit_memos": _credit_memos(entry),
        "reversals": [{"id": id, "order": order_of(code)} for id, code in entry.reversals],
        "entity": entity,
        "entity_name": names.of("entity", entity),
        "exchange_rate": further.get("exchange_rate"),
        "exchange_rate_book": further.get("exchange_rate_book"),
        "contract": entry.party.id if entry.party else None,
        "contract_name": entry.party.name if entry.party else None,
    }


def from_line(line: Any, entry: Any, chart: Chart, *, names: Names, tenant: int) -> dict[str, Any]:
    """One side of an entry."""
    account, type = chart.account(line.key), type_of(entry.kind, entry.code)
    amounts = {"amount": line.debit or line.credit, "debit_amount": line.debit or None}
    amounts["credit_amount"] = line.credit or None
    is_invoice = entry.kind == "invoice"
    return {
        **_shared(entry, tenant=tenant),
        **{f"{name}{of}": value for name, value in amounts.items() for of in ("", "_book", "_native")},
        **_of_account(account),
        **_of_party(line, entry, names),
        "id": line.id,
        "journal": entry.id,
        "journal_order": order_of(entry.code),
        "journal_memo": memo_of(entry),
        "journal_type": type,
        "journal_type_name": type.replace("_", " ").title(),
        "invoice": entry.document if is_invoice else None,
        "invoice_id": entry.document_id if is_invoice else None,
        "invoice_number": entry.document if is_invoice else None,
        "transaction_id": uuid_of(f"{entry.code}/{line.id}"),
        "posted_at": entry.on,
        "date_month": f"{entry.on:%m}",
        "date_year": f"{entry.on:%Y}",
        "product_code": line.key.product or None,
        "prepaid_commit_code": line.key.prepaid_commit or None,
    }


def _shared(entry: Any, *, tenant: int) -> dict[str, Any]:
    return {
        "is_deleted": False,
        "deleted_at": None,
        "entity_currency": entry.currency,
        "currency": entry.currency,
        "created_automatically": entry.written is None,
        "created_at": entry.modified_at,
        "last_modified_at": entry.modified_at,
        "customer": tenant,
        "is_posted": entry.is_posted,
    }


def _of_account(account: Account) -> dict[str, Any]:
    return {
        "account": account.id,
        "account_name": account.title,
        "account_number": account.number,
        "account_type": account.type,
        "account_subtype": account.subtype,
    }


def _of_party(line: Any, entry: Any, names: Names) -> dict[str, Any]:
    """Customer and dimensions: of the contract, or as they were told of a line that is written by hand."""
    told = {**_dimensions(line.party), **({} if line.party else entry.written or {}), **line.further}
    told["entity"] = line.entity
    vendor = line.party.customer_id if line.party else told.get("vendor")
    tags = names.tags(told)
    return {
        "vendor": vendor,
        "vendor_id": None if vendor is None else str(vendor),
        "vendor_name": line.party.customer_name if line.party else told.get("vendor_name"),
        "department": told.get("department"),
        "department_name": names.of("department", told.get("department")),
        "tags": tags,
        "tag_ids": [tag["id"] for tag in tags],
        "entity": told.get("entity"),
        "entity_name": names.of("entity", told.get("entity")),
        "exchange_rate": told.get("exchange_rate"),
        "exchange_rate_book": told.get("exchange_rate_book"),
        "contract": line.party.id if line.party else None,
        "contract_name": line.party.name if line.party else None,
    }


def _entity_of(lines: Sequence[Any]) -> int | None:
    """The entity of an entry that is computed: its lines are of one contract, and of one document."""
    return lines[0].entity if lines else None


def _dimensions(party: Any) -> Mapping[str, Any]:
    names = ("department", "tag_ids", "exchange_rate", "exchange_rate_book")
    return {name: party.further[name] for name in names if name in party.further} if party else {}


def _credit_memos(entry: Any) -> list[Mapping[str, Any]]:
    if entry.document_id is None or type_of(entry.kind, entry.code) != "credit_memo":
        return []
    return [{"id": entry.document_id, "credit_memo_number": entry.document}]


def totals_of(lines: Any) -> dict[str, Decimal]:
    """Debits, credits and their difference of lines."""
    debits = sum((each.line.debit for each in lines), Decimal(0))
    credits = sum((each.line.credit for each in lines), Decimal(0))
    return {"total_debits": debits, "total_credits": credits, "net": debits - credits}
