"""Revenue transactions: `/rr/api/v1/transactions`, posted ones of closed months and what open ones come to.

The amount is net; the gross amount is before the discount of a prepaid commit, and is told as text, as documented.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from ratable_server.api.campfire.translate.customers import status_of

_TYPE_OF = {"subscription": "SUBSCRIPTION", "milestone": "MILESTONE"}
_TOLD_OF = {
    "drawdown": "Prepaid commit drawdown",
    "overage": "Prepaid commit overage",
    "breakage": "Prepaid commit breakage",
    "minimum": "Minimum commitment true-up",
    "usage": "Usage",
    "subscription": "Subscription",
    "milestone": "Milestone",
}
_NOTHING = Decimal(0)
_NEVER = ("refunds", "processing_fees", "platform_fees", "transfers", "tax", "balance_adjustment")


def from_transaction(row: Any, contract: Any, product: Any, *, tenant: int, on: date) -> dict[str, Any]:
    """One amount of revenue; `contract` and `product` are what it points to, None where there is none."""
    return {
        "id": row.id,
        "is_deleted": False,
        "deleted_at": None,
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
        "revenue_type": _TYPE_OF.get(row.kind, "USAGE"),
        "subscription_discount": _NOTHING,
        "last_modified_at": row.modified_at,
        "created_at": row.modified_at,
        "description": f"{_TOLD_OF.get(row.kind, row.kind)} {row.service_on:%Y-%m}",
        "external_id": _external_id(row),
        "accounting_period": row.booked_on.replace(day=1),
        "transaction_date": row.service_on,
        "transaction_end_date": _month_end(row.service_on),
        "currency": row.currency,
        "recognized": row.amount if row.is_posted else _NOTHING,
        "amount": row.amount,
        "discount": row.gross - row.amount,
        **dict.fromkeys(_NEVER, _NOTHING),
        "tags": "",
        "customer": tenant,
        "client": row.customer_id,
        "contract": row.contract_id,
        "contract_subscription": row.subscription_id,
        "contract_usage": row.usage_item_id,
        "contract_milestone": row.milestone_id,
        "prepaid_commit": row.prepaid_commit_id,
        "product": row.product_id,
    }


def by_id(rows: Any) -> Mapping[int, Any]:
    """Records by their ids."""
    return {row.id: row for row in rows}


def _external_id(row: Any) -> str | None:
    return f"min-commit:{row.contract}:{row.service_on:%Y-%m}" if row.kind == "minimum" else None


def _month_end(month_on: date) -> date:
    return month_on.replace(day=monthrange(month_on.year, month_on.month)[1])
