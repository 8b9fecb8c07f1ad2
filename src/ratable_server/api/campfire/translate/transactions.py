"""Revenue transactions: `/rr/api/v1/transactions`, posted ones of closed months and what open ones come to.

The amount is net; the gross amount is before the discount of a prepaid commit, and is told as text, as documented.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ratable.terms import UsageItem
from ratable_server.api.campfire.translate.allocations import BUNDLE
from ratable_server.api.campfire.translate.credit_memos import STATUS_OF
from ratable_server.api.campfire.translate.customers import status_of
from ratable_server.api.campfire.translate.invoices import status_of as status_of_invoice
from ratable_server.api.campfire.translate.journal_entries import order_of
from ratable_server.api.campfire.translate.subscriptions import rounded
from ratable_server.api.campfire.translate.words import Names
from ratable_server.queries.ledger import entry_public_id

_TYPE_OF = {"subscription": "SUBSCRIPTION", "milestone": "MILESTONE"}
_TOLD_OF = {
    "drawdown": "Prepaid commit drawdown",
    "overage": "Prepaid commit overage",
    "breakage": "Prepaid commit breakage",
    "minimum": "Minimum commitment true-up",
    "usage": "Usage",
    "subscription": "Subscription",
    "milestone": "Milestone",
    "adjustment": "Breakage at termination",
}
_NOTHING = Decimal(0)
NOTE = "revenue_note"  # the kind of the register that keeps what is told of revenue, or of a month of a pool, beside its figures
_NEVER = ("refunds", "processing_fees", "platform_fees", "transfers", "tax", "balance_adjustment")


LABELS = (
    "source", "description", "external_id", "client_external_id", "contract_external_id",
    "contract_subscription_external_id", "product_external_id", "exchange_rate", "exchange_rate_book", "renewall",
    "tag_ids", "tag_group_ids", "is_migration_invoiced", "entity", "department", "usage_tier",
)  # fmt: skip
USED = ("quantity", "rate", "amount")  # what of a month of usage can be told
OF_USAGE = (*USED, "contract", "contract_usage", "product", "client", "currency", "accounting_period", "transaction_date",
            "transaction_end_date")  # fmt: skip
_DAYS = ("accounting_period", "transaction_date", "transaction_end_date")
CALCULATED = "It is calculated, and cannot be told."


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an amount of revenue points to, None where there is none, and what was told of it beside its figures."""

    contract: Any = None
    product: Any = None
    invoice: Any = None
    credit_memo: Any = None
    posting: str | None = None
    note: Mapping[str, Any] = field(default_factory=dict)
    noted_at: datetime | None = None
    names: Names = field(default_factory=Names)


def from_transaction(row: Any, said: Said, *, tenant: int, on: date) -> dict[str, Any]:
    """One amount of revenue with what it points to; the entry of the journal is told once it is posted."""
    contract, product = said.contract, said.product
    return {
        "id": row.id,
        "is_deleted": row.deleted_at is not None,
        "deleted_at": row.deleted_at,
        **_dimensions(row, said),
        **_of_subscription(row, said),
        **_of_bundle(row),
        **_of_invoice(said.invoice),
        **_of_credit_memo(said.credit_memo),
        "entity_currency": row.currency,
        "client_name": row.customer_name,
        "contract_name": row.contract_name,
        "contract_status": None if contract is None else status_of(contract, on=on),
        "product_name": row.product_name,
        "product_is_taxable": bool(product is not None and product.further.get("is_taxable")),
        "contract_identifier": row.contract,
        "client_identifier": None if contract is None else contract.customer,
        "product_identifier": row.product,
        "gross_amount": f"{row.gross:f}",
        "revenue_type": _TYPE_OF.get(row.source_kind, "USAGE"),
        "last_modified_at": max(row.modified_at, said.noted_at or row.modified_at),
        "created_at": row.modified_at,
        "description": said.note.get("description") or f"{_TOLD_OF.get(row.kind, row.kind)} {row.service_on:%Y-%m}",
        "external_id": said.note.get("external_id") or _external_id(row),
        "accounting_period": row.booked_on.replace(day=1),
        "transaction_date": row.service_on,
        "transaction_end_date": _month_end(row.service_on),
        "currency": row.currency,
        "recognized": row.amount if row.is_posted or said.posting else _NOTHING,
        "amount": row.amount,
        "quantity": row.units.quantity,
        "rate": row.units.price,
        "discount": row.gross - row.amount,
        **dict.fromkeys(_NEVER, _NOTHING),
        "customer": tenant,
        "client": row.customer_id,
        "contract": row.contract_id,
        "contract_subscription": row.subscription_id,
        "contract_usage": row.usage_item_id,
        "contract_milestone": row.milestone_id,
        "prepaid_commit": row.prepaid_commit_id,
        "product": row.product_id,
        **_entry_of(row, said),
    }


def _entry_of(row: Any, said: Said) -> dict[str, Any]:
    """The entry of the journal: the one that somebody wrote to post it, else its own once it is posted."""
    code = said.posting or (row.journal_entry if row.is_posted else None)
    id, order = (None, None) if code is None else (entry_public_id(code), order_of(code))
    return {"journal_entry": id, "journal_entry_order": order}


def dimensions_of(row: Any, said: Said) -> dict[str, Any]:
    """Entity, department and tags: as told most specifically, of the revenue itself, its line, its contract, its product."""
    others = [each.further for each in (said.contract, said.product) if each is not None]
    told = [said.note, row.line_further, *others]
    return {
        name: next((each[name] for each in told if each.get(name)), None)
        for name in ("entity", "department", "tag_ids")
    }


def _of_subscription(row: Any, said: Said) -> dict[str, Any]:
    """What the subscription says that the amount is of, if it is of one."""
    further = row.line_further if row.kind == "subscription" else {}
    named = "contract_subscription_external_id"
    return {
        "subscription_discount": further.get("discount") or _NOTHING,
        "contract_subscription_notes": further.get("notes"),
        named: said.note.get(named) or further.get("external_id"),
        "mrr": further.get("mrr"),
    }


def _of_invoice(invoice: Any) -> dict[str, Any]:
    """The invoice that the amount stands on, if there is one."""
    if invoice is None:
        return {}
    return {
        "invoice": invoice.id,
        "invoice_number": invoice.code,
        "invoice_date": invoice.on.isoformat(),
        "invoice_payment_status": status_of_invoice(invoice),
    }


def _of_credit_memo(memo: Any) -> dict[str, Any]:
    """The credit memo that tells of the adjustment that the amount is of, if there is one."""
    if memo is None:
        return {}
    return {
        "credit_memo": memo.id,
        "credit_memo_number": memo.code,
        "credit_memo_date": memo.on,
        "credit_memo_voided_date": memo.voided_on,
        "credit_memo_application_status": STATUS_OF[memo.standing],
    }


def _of_bundle(row: Any) -> dict[str, Any]:
    """The bundle that the amount is a part of; on a contract it has the id of its line."""
    kept = row.line_further.get(BUNDLE) or {}
    bundle_id = kept.get("id") if row.bundle_id is None else row.bundle_id
    lines = (row.usage_item_id, row.subscription_id, row.milestone_id)
    return {
        "product_bundle": bundle_id,
        "product_bundle_name": kept.get("name"),
        "contract_product_bundle": None if bundle_id is None else next(each for each in lines if each is not None),
    }


def _dimensions(row: Any, said: Said) -> dict[str, Any]:
    """The same with their names."""
    found = dimensions_of(row, said)
    return {
        **found,
        "entity_name": said.names.of("entity", found["entity"]),
        "department_name": said.names.of("department", found["department"]),
        "tags": said.names.tag_text(found),
        "tag_ids": found["tag_ids"] or [],
    }


def note_of(fields: Mapping[str, Any], was: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a body beside the figures: what was kept before, and what was sent now."""
    return {**was, **{name: value for name, value in fields.items() if name in LABELS}}


def calculated_in(fields: Mapping[str, Any], told: Mapping[str, Any], *, free: tuple[str, ...]) -> list[str]:
    """What a body says otherwise than it is and the calculation owns; what it leaves empty says nothing."""
    return [
        name
        for name, value in fields.items()
        if name not in {*LABELS, *free} and value not in (None, "", [], told.get(name))
    ]


def to_line(fields: Mapping[str, Any], *, external_id: str, currency: str) -> dict[str, Any]:
    """A body as a line of usage: an amount is trusted, and a rate makes one; without either the quantity is rated."""
    quantity, rate, amount = (fields.get(name) for name in USED)
    if amount is None and rate is not None and quantity is not None:
        amount = rounded(quantity * rate, currency)
    line = {
        "external_id": external_id,
        "period_month": fields.get("accounting_period") or fields.get("transaction_date"),
        "end_date": fields.get("transaction_end_date"),
        "quantity": quantity,
        "amount": amount,
        "description": fields.get("description"),
    }
    return {name: value for name, value in line.items() if value is not None}


def refuses_usage(fields: Mapping[str, Any], item: Any, contract: Any) -> dict[str, list[str]]:
    """What is wrong with usage that is told as an amount of revenue, by field."""
    if fields.get("accounting_period") is None and fields.get("transaction_date") is None:
        return {"accounting_period": ["This field is required."]}
    days = {name: fields[name] for name in _DAYS if fields.get(name) is not None}
    if len({(day.year, day.month) for day in days.values()}) > 1:
        return {name: ["They are not all of one month."] for name in days}
    if fields.get("amount") is None and fields.get("quantity") is None:
        return {"quantity": ["A quantity or an amount is needed."]}
    ours = {"contract": item.contract_id, "client": contract.customer_id, "currency": contract.currency}
    if item.product_id is not None:
        ours["product"] = item.product_id
    return {
        name: [f"The usage is of another {name}."]
        for name, own in ours.items()
        if fields.get(name) not in (None, "", own)
    }


def item_of(row: Any) -> UsageItem:
    """A usage item as it is."""
    return UsageItem(
        id=row.code,
        product_id=row.product,
        usage_group_id=row.usage_group,
        product_bundle_id=row.bundle,
        starts_on=row.starts_on,
        ends_before=row.ends_before,
        draws=row.draws,
        drawdown_rate=row.drawdown_rate,
        drawdown_unit=row.drawdown_unit,
    )


def by_id(rows: Any) -> Mapping[int, Any]:
    """Records by their ids."""
    return {row.id: row for row in rows}


def _external_id(row: Any) -> str | None:
    return f"min-commit:{row.contract}:{row.service_on:%Y-%m}" if row.kind == "minimum" else None


def _month_end(month_on: date) -> date:
    return month_on.replace(day=monthrange(month_on.year, month_on.month)[1])
