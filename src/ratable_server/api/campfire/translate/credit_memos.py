"""Credit memos: `/coa/api/v1/credit-memo`. The account of a line says what it takes back: revenue, or a liability."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

from ratable_server.api.campfire.translate.chart import Account
from ratable_server.api.campfire.translate.invoices import currency_of, entity_of, first, targets_of
from ratable_server.api.campfire.translate.words import Names

OURS = (
    "lines", "credit_memo_number", "credit_memo_date", "contract", "client", "currency", "application_status",
    "total_amount", "amount_used", "applied_date", "journal_entry", "voided_journal_entry",
)  # fmt: skip
OURS_OF_A_LINE = ("amount", "tax", "credit_memo")
STATUS_OF = {"open": "open", "sent": "open", "partial": "partially_used", "settled": "used", "voided": "voided"}
_OF_LIABILITY = {"DEFERRED_REVENUE", "UNAPPLIED_CREDITS"}
_OF_REVENUE = {"REVENUE", "OTHER_INCOME", "UNCATEGORIZED"}

Accounts = Mapping[int, Account]
Against = Literal["revenue", "liability"]


def against_of(account: Account, deferred: Collection[object]) -> Against | None:
    """What a credit to an account takes back; None: nothing that the books have under such an account.

    `deferred` are the accounts of deferred revenue. An account that says nothing of its kind is one of revenue.
    """
    if account.id in deferred or account.subtype in _OF_LIABILITY:
        return "liability"
    return "revenue" if account.type in _OF_REVENUE else None


def from_credit_memo(memo: Any, names: Names, accounts: Accounts, *, tenant: int) -> dict[str, Any]:
    """A credit memo, without its lines and what it was used for."""
    entity = entity_of(memo)
    number, name = account_of(accounts, memo.further.get("credit_account"))
    return {
        "id": memo.id,
        "amount_remaining": memo.left,
        "entity": entity,
        "entity_name": names.of("entity", entity),
        "entity_currency": currency_of(names, entity, memo.currency),
        "client_name": memo.customer_name,
        "client_email": memo.customer_further.get("email"),
        "contract_name": memo.contract_name,
        "credit_account_number": number,
        "credit_account_name": name,
        "credit_memo_number": memo.code,
        "voided_date": memo.voided_on,
        "voided_journal_entry_order": memo.void_entries[0].code if memo.void_entries else None,
        "last_modified_at": memo.modified_at,
        "is_deleted": memo.deleted_at is not None,
        "deleted_at": memo.deleted_at,
        "credit_memo_type": memo.further.get("credit_memo_type") or "credit_memo",
        "credit_memo_date": memo.on,
        "applied_date": memo.settled_on,
        "application_status": STATUS_OF[memo.standing],
        "currency": memo.currency,
        "created_at": memo.created_at,
        "total_amount": memo.total,
        "amount_used": memo.settled,
        "customer": tenant,
        "client": memo.customer_id,
        "journal_entry": first(memo.entries),
        "contract": memo.contract_id,
        "voided_journal_entry": first(memo.void_entries),
    }


def from_line(
    line: Any, names: Names, *, products: Mapping[int, Any], accounts: Accounts, tenant: int
) -> dict[str, Any]:
    """A line with what it takes back."""
    further = line.further
    product = products.get(further.get("product") or 0)
    number, name = account_of(accounts, further.get("account"))
    return {
        **targets_of(line),
        "period_month": line.service_on if line.number is not None else further.get("period_month"),
        "id": line.id,
        "account_number": number,
        "account_name": name,
        "product_name": product.name if product is not None else None,
        "department_name": names.of("department", further.get("department")),
        "tags": names.tags(further),
        "amount": line.amount,
        "tax": line.tax,
        "created_at": line.created_at,
        "last_modified_at": line.modified_at,
        "customer": tenant,
    }


def account_of(accounts: Accounts, id: object) -> tuple[str | None, str | None]:
    """The number of an account, and "number - name"."""
    account = accounts.get(id) if isinstance(id, int) else None
    return (None, None) if account is None else (account.number or None, account.title)
