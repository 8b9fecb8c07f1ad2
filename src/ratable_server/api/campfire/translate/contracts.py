"""Contracts: `/rr/api/v1/contracts` and what can be done to one.

Their last day is our half-open end. An evergreen contract has no end. What the calculation does not read is kept as it
was sent; a status that was sent is kept only as long as the days do not say otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from ratable.terms import Contract
from ratable_server.api.campfire.translate.customers import status_of
from ratable_server.api.campfire.translate.prepaid_commits import to_prepaid_commit
from ratable_server.api.campfire.translate.subscriptions_evergreen import MONTHS_OF, effective_end
from ratable_server.api.campfire.translate.words import Names, ends_before, last_day
from ratable_server.operations.contracts import ContractHead
from ratable_server.operations.kept import Beside

OURS = (
    "deal_name", "client", "currency", "contract_start_date", "contract_end_date", "prepaid_commits",
    "minimum_monthly_commitment_amount", "minimum_monthly_commitment_quantity",
)  # fmt: skip
USUAL_CURRENCY = "USD"
DELETED = "DELETED"  # the status that is the same event as DELETE
QUANTITY = "minimum_monthly_commitment_quantity"
RENEWS = {"is_evergreen", "auto_renew", "billing_frequency", "contract_end_date", QUANTITY}
MINIMUMS = ("minimum_monthly_commitment_amount", QUANTITY)
_DATES = {"starts_on": "contract_start_date", "ends_before": "contract_end_date"}


def refuses_renewal(fields: Mapping[str, Any]) -> dict[str, list[str]]:
    """What does not fit an evergreen contract: it is billed by periods, has no end and no usage, and nothing else renews it."""
    if not fields.get("is_evergreen"):
        return {}
    if fields.get("auto_renew"):
        return {"auto_renew": ["A contract is evergreen or renews itself, not both."]}
    if (fields.get("billing_frequency") or "monthly") not in MONTHS_OF:
        return {"billing_frequency": [f"An evergreen contract is billed by periods: {', '.join(MONTHS_OF)}."]}
    if fields.get("contract_end_date") is not None:
        return {"contract_end_date": ["An evergreen contract has no end."]}
    if fields.get(QUANTITY):
        return {QUANTITY: ["An evergreen contract has no usage lines, and so no units to count."]}
    return {}


def wanted_code(fields: Mapping[str, Any]) -> str | None:
    """Their deal id can be our id."""
    return fields.get("deal_id") or None


def to_contract(fields: Mapping[str, Any], code: str, *, customer: str, on: date) -> Contract:
    """A new contract; without a start it starts today."""
    return Contract(
        id=code,
        customer=customer,
        currency=fields.get("currency") or USUAL_CURRENCY,
        starts_on=fields.get("contract_start_date") or on,
        ends_before=ends_before(fields.get("contract_end_date")),
        minimum_monthly_commitment_amount=fields.get("minimum_monthly_commitment_amount"),
        minimum_monthly_commitment_quantity=fields.get("minimum_monthly_commitment_quantity"),
        prepaid_commits=tuple(
            to_prepaid_commit(commit, f"{code}/commit-{place:04}", product=commit.get("product_code"))
            for place, commit in enumerate(fields.get("prepaid_commits") or (), 1)
        ),
    )


def beside_of_commits(contract: Contract, fields: Mapping[str, Any], ours: tuple[str, ...]) -> Any:
    """Names and further fields of the prepaid commits of a new contract."""
    return {
        ("prepaid_commit", commit.id): Beside(
            name=said["name"], further={name: value for name, value in said.items() if name not in ours}
        )
        for commit, said in zip(contract.prepaid_commits, fields.get("prepaid_commits") or (), strict=True)
    }


def head_of(contract: Any) -> ContractHead:
    """What a contract says of itself."""
    return ContractHead(
        name=contract.name,
        customer=contract.customer,
        currency=contract.currency,
        starts_on=contract.starts_on,
        ends_before=contract.ends_before,
        **{name: getattr(contract, name) for name in MINIMUMS},
    )


def to_head(fields: Mapping[str, Any], was: ContractHead, *, customer: str | None) -> ContractHead:
    """What it says after a change: what was sent, and for the rest what it said."""
    changes: dict[str, Any] = {name: fields[name] for name in MINIMUMS if name in fields}
    if "contract_end_date" in fields:
        changes["ends_before"] = ends_before(fields["contract_end_date"])
    if fields.get("contract_start_date"):
        changes["starts_on"] = fields["contract_start_date"]
    if fields.get("currency"):
        changes["currency"] = fields["currency"]
    if "deal_name" in fields:
        changes["name"] = fields["deal_name"] or ""
    if customer:
        changes["customer"] = customer
    return replace(was, **changes)


def less_told_end(fields: Mapping[str, Any], contract: Any) -> dict[str, Any]:
    """A body without the end that a contract has by its termination: whoever says that again changes nothing."""
    ended = contract.terminated_on is not None and fields.get("contract_end_date") == contract.terminated_on
    return {name: value for name, value in fields.items() if not (ended and name == "contract_end_date")}


def from_contract(contract: Any, totals: Any, names: Names, *, tenant: int, on: date) -> dict[str, Any]:
    """A contract with what it has come to; one that was ended before its time ends with its last day of service."""
    ends_on = contract.terminated_on or last_day(contract.ends_before)
    rolling_on = None if contract.terminated_on else effective_end(contract, on=on)
    return {
        "id": contract.id,
        **names.of_fields(contract.further, "entity", "department"),
        "client_name": contract.customer_name,
        "tags": names.tag_text(contract.further),
        "tag_details": names.tags(contract.further),
        "total_revenue": totals.revenue,
        "total_deferred_revenue": totals.deferred,
        "total_mrr": totals.mrr,
        "total_billed": totals.billed,
        "total_paid": totals.paid,
        "total_unbilled": totals.unbilled,
        "total_outstanding": totals.outstanding,
        "currency": contract.currency,
        "entity_currency": contract.further.get("entity_currency") or contract.currency,
        "contract_start_date": contract.starts_on,
        "contract_end_date": ends_on,
        "effective_end_date": rolling_on,
        "working_end_date": ends_on or rolling_on,
        "last_modified_at": contract.modified_at,
        "is_deleted": "true" if contract.deleted_at else "",
        "deleted_at": contract.deleted_at.isoformat() if contract.deleted_at else "",
        "has_invoices": contract.has_invoices,
        "has_journal_entries": contract.has_journal_entries,
        "has_credit_memos": contract.has_credit_memos,
        "deal_name": contract.name,
        "deal_id": contract.further.get("deal_id", contract.code),
        "status": status_of(contract, on=on),
        "created_at": contract.created_at,
        **{name: getattr(contract, name) for name in MINIMUMS},
        "customer": tenant,
        "client": contract.customer_id,
    }


def from_minimum_preview(preview: Any, contract: Any, *, on: date) -> dict[str, Any]:
    """What a month lacks to its minimum."""
    return {
        "contract": contract.id,
        "currency": contract.currency,
        "minimum_amount": contract.minimum_monthly_commitment_amount or Decimal(0),
        "minimum_quantity": contract.minimum_monthly_commitment_quantity or Decimal(0),
        **_from_month(preview.month),
        "partial_month": preview.partial_month,
        "waits_for_usage_group": preview.waits_for_usage_group,
        "as_of": on,
        "months": [_from_month(month) for month in preview.months],
    }


def _from_month(month: Any) -> dict[str, Any]:
    return {
        "period_month": month.month_on,
        "floor_amount": month.floor,
        "floor_quantity": month.floor_quantity,
        "usage_amount": month.used,
        "usage_quantity": month.used_quantity,
        "shortfall_amount": month.shortfall,
        "shortfall_quantity": month.shortfall_quantity,
        "true_up_amount": month.true_up,
        "already_posted": month.posted,
    }
