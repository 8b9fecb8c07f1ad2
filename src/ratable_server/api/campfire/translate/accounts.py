"""Accounts and the default accounts: `/coa/api/account`, `/coa/api/chart-account-settings`.

Beside those of the register the books have an account for each role, which lines stand on where nobody has mapped another
one. No account is reconciled here, and none has another currency's balance beside its own.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from ratable_server.api.campfire.translate.chart import own_account
from ratable_server.api.campfire.translate.registered import lineage
from ratable_server.api.campfire.translate.words import Names
from ratable_server.queries.chart import OWN_ACCOUNTS, RETAINED, OwnAccount

_ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)  # accounts of the books are there from the beginning
IN_BALANCE_SHEET = ("ASSET", "LIABILITY", "EQUITY")
IN_INCOME_STATEMENT = ("REVENUE", "COGS", "OPERATING_EXPENSES", "OTHER_INCOME", "OTHER_EXPENSE")
USUAL = {
    "currency": "USD",
    "status": "ACTIVE",
    "account_type": "UNCATEGORIZED",
    "account_subtype": "UNCATEGORIZED",
    "account_cashflow_classification": "NONE",
}
NEVER_KEPT = ("current_balance", "current_balance_book")
_NOTHING = Decimal(0)


def title_of(further: Mapping[str, Any]) -> str:
    """Number and name, as far as there are any."""
    return " - ".join(str(further[name]) for name in ("number", "name") if further.get(name))


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEntry:
    """An account that the books have of themselves, as if it were in the register: nobody has told it, nobody removes it."""

    id: int
    code: str
    further: dict[str, Any]
    kind: str = "account"
    created_at: datetime = _ALWAYS
    modified_at: datetime = _ALWAYS
    deleted_at: datetime | None = None


def _own(account: OwnAccount) -> OwnEntry:
    told = own_account(account)
    further = {"number": told.number, "name": told.name, "account_type": told.type, "account_subtype": told.subtype}
    return OwnEntry(id=told.id, code=account.role, further={**further, "protected": True})


OWN_ENTRIES: Mapping[int, OwnEntry] = {
    entry.id: entry for entry in sorted(map(_own, (*OWN_ACCOUNTS.values(), RETAINED)), key=lambda entry: entry.id)
}


def is_asked(entry: OwnEntry, only: Any) -> bool:
    """Is an account of the books among those that a list is narrowed to?"""
    texts = (str(entry.further[name]).lower() for name in ("number", "name"))
    return (
        (not only.text or any(only.text.lower() in text for text in texts))
        and (only.ids is None or entry.id in only.ids)
        and all(entry.further.get(name) in values for name, values in only.having.items())
    )


def from_account(
    entry: Any,
    names: Names,
    *,
    ancestors: Mapping[int, Sequence[int]],
    is_used: bool,
    balances: tuple[Decimal, Decimal] = (_NOTHING, _NOTHING),
) -> dict[str, Any]:
    """An account with its place in the chart; `balances` are that of now and that of the fiscal year."""
    balance, of_year = balances
    further = entry.further
    parent = names.told.get(("account", further.get("parent") or 0))
    return {
        **{name: further.get(name) or usual for name, usual in USUAL.items()},
        "reconciliation_ending_date": None,
        "reconciliation_ending_balance": _NOTHING,
        "balance_ytd": of_year,
        "current_balance": balance,
        "current_balance_book": balance,
        "name_and_number": title_of(further),
        "parent_name_and_number": None if parent is None else title_of(parent),
        "sort_key": str(further.get("number") or further.get("name") or entry.code),
        "has_associated_data": is_used,
        "account_id": str(uuid.uuid5(uuid.NAMESPACE_OID, f"ratable account {entry.id}")),
        "external_id": None,
        "lineage_array": lineage(ancestors, entry),
    }


def from_settings(further: Mapping[str, Any], names: Names, *, accounts: Sequence[str], tenant: int) -> dict[str, Any]:
    """The default accounts; there is one set of them, with the id of the tenant."""
    told = {name: names.told.get(("account", further.get(name) or 0)) for name in accounts}
    return {
        "id": tenant,
        "customer": tenant,
        "mid_month_threshold": further.get("mid_month_threshold", 15),
        **{f"{name}_name_and_number": None if each is None else title_of(each) for name, each in told.items()},
    }
