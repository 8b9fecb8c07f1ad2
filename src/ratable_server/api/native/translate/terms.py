"""What was agreed, in the words of a case file; the last day of something is told, not the day after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import date, timedelta
from typing import Any

from ratable.terms import Rollover
from ratable_server.queries.catalog import Product, ProductBundle, UsageGroup
from ratable_server.queries.contract_lines import UsageItem
from ratable_server.queries.contracts import Contract
from ratable_server.queries.customers import Customer
from ratable_server.queries.listing import Told
from ratable_server.queries.prepaid_commits import Balance, PrepaidCommit


def to_document(value: Any) -> Any:
    """A document of terms as it may come in JSON: what is null is what is left out."""
    match value:
        case Mapping():
            return {name: to_document(each) for name, each in value.items() if each is not None}
        case list():
            return [to_document(each) for each in value]
    return value


def from_imported(terms: Any, warnings: Iterable[Any]) -> dict[str, Any]:
    """What a document has added."""
    return {
        "products": [product.id for product in terms.products],
        "product_bundles": [bundle.id for bundle in terms.product_bundles],
        "contracts": [contract.id for contract in terms.contracts],
        "warnings": [{"id": one.id, "code": one.code, "detail": one.detail} for one in warnings],
    }


def from_product(product: Product) -> dict[str, Any]:
    """A product with its price plans."""
    groups = [_group(group) for group in product.usage_groups]
    own = {"id": product.code, "name": product.name, "currency": product.currency, "usage_groups": groups}
    return {**own, **_times(product)}


def from_bundle(bundle: ProductBundle) -> dict[str, Any]:
    """A bundle with its lines."""
    lines = [
        {"product": line.product, "percentage": line.percentage, "standalone_price": line.standalone_price}
        for line in bundle.lines
    ]
    return {"id": bundle.code, "name": bundle.name, "lines": lines, **_times(bundle)}


def from_customer(customer: Customer) -> dict[str, Any]:
    """A customer."""
    own = {"id": customer.code, "name": customer.name, "contracts": customer.contracts}
    return {**own, **_times(customer)}


def from_contract(contract: Contract) -> dict[str, Any]:
    """A contract."""
    names = (
        "name", "customer", "currency", "terminated_on", "minimum_monthly_commitment_amount",
        "minimum_monthly_commitment_quantity",
    )  # fmt: skip
    return {"id": contract.code, **_own(contract, names), **_days(contract), **_times(contract)}


def from_item(item: UsageItem) -> dict[str, Any]:
    """A usage item of a contract."""
    named = {"product": item.product, "usage_group": item.usage_group, "product_bundle": item.bundle}
    return {"id": item.code, **named, **_days(item)}


def from_commit(commit: PrepaidCommit) -> dict[str, Any]:
    """A prepaid commit."""
    names = (
        "name", "contract", "currency", "product", "total_value", "added", "discount_percentage", "rate", "priority",
        "expected_breakage_percentage", "units", "unit_of_measure",
    )  # fmt: skip
    lives_on = {"rollover": None if commit.rollover is None else _rollover(commit.rollover)}
    return {"id": commit.code, **_own(commit, names), **lives_on, **_days(commit), **_times(commit)}


def from_balance(balance: Balance) -> dict[str, Any]:
    """Where a prepaid commit stands."""
    return _own(balance, ("status", "granted", "drawn", "lapsed", "remaining", "overage"))


def _rollover(rollover: Rollover) -> dict[str, Any]:
    own = _own(rollover, ("months", "times", "cap_amount", "cap_percentage", "cap_units"))
    return {**own, "until": rollover.until_commit_id, "apply": rollover.applies}


def _group(group: UsageGroup) -> dict[str, Any]:
    names = ("pricing_model", "unit_of_measure", "package_size", "free_units", "currency")
    beside = {field.name for field in fields(Told)}
    tiers = [
        {field.name: getattr(tier, field.name) for field in fields(tier) if field.name not in beside}
        for tier in group.tiers
    ]
    return {"id": group.code, **_own(group, names), "options": asdict(group.options), "tiers": tiers}


def _own(record: Any, names: Iterable[str]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in names}


def _days(record: Any) -> dict[str, Any]:
    return {"start_date": record.starts_on, "end_date": _last_day(record.ends_before)}


def _last_day(ends_before: date | None) -> date | None:
    return None if ends_before is None else ends_before - timedelta(days=1)


def _times(record: Told) -> dict[str, Any]:
    return {"created_at": record.created_at, "modified_at": record.modified_at}
