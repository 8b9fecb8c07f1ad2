"""Vendors and customers: `POST /coa/api/vendor` and `/rr/api/v1/customers`.

A vendor of the type `customer` is a customer of ours; other types have no part in revenue.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

OURS = ("name",)
TYPE = "customer"


def wanted_code(fields: Mapping[str, Any]) -> str | None:
    """Their id in another system can be ours."""
    return fields.get("external_id") or None


def from_vendor(customer: Any, tenant: int) -> dict[str, Any]:
    """A customer as a vendor."""
    return {
        "id": customer.id,
        "last_modified_at": customer.modified_at,
        "is_deleted": customer.deleted_at is not None,
        "deleted_at": customer.deleted_at,
        "vendor_type": TYPE,
        "name": customer.name,
        "created_at": customer.created_at,
        "customer": tenant,
        "contacts": [_from_contact(each, place, customer) for place, each in enumerate(_contacts(customer), 1)],
    }


def from_customer(customer: Any, contracts: Sequence[Any], tenant: int, *, on: date) -> dict[str, Any]:
    """A customer with what its contracts come to."""
    statuses = [status_of(contract, on=on) for contract in contracts]
    return {
        **from_vendor(customer, tenant),
        "active_contracts": statuses.count("ACTIVE"),
        "completed_contracts": statuses.count("COMPLETED"),
        "pending_contracts": statuses.count("PENDING"),
        "total_contracts": len(statuses),
        "currency": contracts[0].currency if contracts else "",
    }


def status_of(contract: Any, *, on: date) -> str:
    """Where a contract stands on a day, unless its status was told."""
    if contract.deleted_at is not None:
        return "DELETED"
    ends = [each for each in (contract.ends_before, _after(contract.terminated_on)) if each is not None]
    if ends and min(ends) <= on:
        return "COMPLETED"
    return "PENDING" if contract.starts_on > on else "ACTIVE"


def _after(last_on: date | None) -> date | None:
    return None if last_on is None else date.fromordinal(last_on.toordinal() + 1)


def _contacts(customer: Any) -> Sequence[Mapping[str, Any]]:
    return customer.further.get("contacts") or ()


def _from_contact(contact: Mapping[str, Any], place: int, customer: Any) -> dict[str, Any]:
    names = ("name", "first_name", "last_name", "email", "phone_number", "mobile_number")
    return {
        "id": place,
        **{name: contact.get(name) for name in names},
        "last_modified_at": customer.modified_at,
        "is_deleted": False,
        "deleted_at": None,
    }


_SUMS = ("revenue", "deferred_revenue", "billed", "unbilled", "paid", "outstanding", "credit_memos")


def from_totals(totals: Any) -> dict[str, Any]:
    """What the contracts of a customer come to; credit memos are applied by nobody here."""
    nothing = Decimal(0)
    sums = dict.fromkeys(_SUMS, nothing)
    if totals is not None:
        told = (totals.revenue, totals.deferred, totals.billed, totals.unbilled, totals.paid, totals.outstanding)
        sums = dict(zip(_SUMS, (*told, totals.credited), strict=True))
    return {
        **{f"total_{name}": value for name, value in sums.items()},
        "total_mrr": nothing if totals is None else totals.mrr,
        "credit_memo_applied": nothing,
        "credit_memo_available": sums["credit_memos"],
    }
