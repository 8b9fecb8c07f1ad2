"""All that was agreed, as the records of `ratable.terms`: exactly those that a case file with the same terms gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import fields
from typing import Any, TypeVar

from django.db.models import Model, QuerySet

from ratable.errors import InvariantError
from ratable.terms import (
    Contract,
    Entity,
    Milestone,
    Opening,
    OpeningBalance,
    Policy,
    PrepaidCommit,
    Subscription,
    Terms,
    TierPriceOverride,
    UsageItem,
)
from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.load.catalog import load_bundles, load_products
from ratable_server.store.load.written import line_of, rollover_of, subscription_line_of
from ratable_server.store.scope import books_of, rows_of

Codes = Collection[str] | None
Term = TypeVar("Term")

_ITEM = {
    "id": "code",
    "product_id": "product__code",
    "usage_group_id": "usage_group__code",
    "product_bundle_id": "bundle__code",
    "starts_on": "starts_on",
    "ends_before": "ends_before",
    "draws": "draws",
    "drawdown_rate": "drawdown_rate",
    "drawdown_unit": "drawdown_unit",
}
_COMMIT = {
    "id": "code",
    "product_id": "product__code",
    "currency": "currency",
    "total_value": "total_value",
    "discount_percentage": "discount_percentage",
    "rate": "rate",
    "starts_on": "starts_on",
    "ends_before": "ends_before",
    "priority": "priority",
    "expected_breakage_percentage": "expected_breakage_percentage",
    "rollover": "rollover",
    "units": "units",
    "unit_of_measure": "unit_of_measure",
}
_SUBSCRIPTION = {
    "id": "code",
    "product_id": "product__code",
    "total_value": "total_value",
    "starts_on": "starts_on",
    "ends_before": "ends_before",
    "proration": "proration",
    "catches_up_on": "catches_up_on",
    "lines": "lines",
    "allocation": "allocation",
}
_MILESTONE = {"id": "code", "product_id": "product__code", "on": "on", "amount": "amount", "allocation": "allocation"}
_OVERRIDE = {
    "product_id": "usage_group__product__code",
    "usage_group_id": "usage_group__code",
    "tier_number": "tier_number",
    "price": "price",
    "percentage": "percentage",
}
_BALANCE = {
    "account": "account",
    "amount": "amount",
    "prepaid_commit_id": "prepaid_commit__code",
    "subscription_id": "subscription__code",
    "milestone_id": "milestone__code",
}
_CONTRACT = (
    "id", "code", "customer__code", "currency", "starts_on", "ends_before", "minimum_monthly_commitment_amount",
    "minimum_monthly_commitment_quantity", "opening_as_of",
)  # fmt: skip


def load_terms(actor: Actor, contracts: Codes = None, *, has_usage: bool = True) -> Terms:
    """The terms under the latest policy; with `contracts` only theirs, and the products and bundles that they use.

    Without `has_usage` contracts come without their usage items, which are most of what was agreed.
    """
    with books_of(actor):
        wanted = None if contracts is None else _Wanted(actor, contracts)
        return Terms(
            entity=load_entity(actor),
            policy=load_policy(actor),
            products=load_products(actor, wanted.products if wanted else None),
            product_bundles=load_bundles(actor, wanted.bundles if wanted else None),
            contracts=_contracts(actor, contracts, has_usage=has_usage),
        )


def load_entity(actor: Actor) -> Entity:
    """The tenant as the entity whose books these are."""
    row = rows_of(actor, models.Tenant).values_list("code", "timezone").get()
    return Entity(id=row[0], timezone=row[1])


def load_policy(actor: Actor) -> Policy:
    """The policy in force: the one recorded last.

    Raises:
        InvariantError: there is none, though a tenant is founded with one.
    """
    names = [field.name for field in fields(Policy)]
    found = rows_of(actor, models.PolicyVersion).order_by("-number").values(*names).first()
    if found is None:
        raise InvariantError(f"tenant {actor.tenant_id} has no policy")
    return Policy(**found)


class _Wanted:
    """The row ids of what some contracts use."""

    def __init__(self, actor: Actor, contracts: Collection[str]) -> None:
        items = of_contracts(rows_of(actor, models.UsageItem), contracts).values_list("product_id", "bundle_id")
        own_prices = of_contracts(rows_of(actor, models.TierPriceOverride), contracts)
        used = list(items)
        self.products: set[int] = {product_id for product_id, _ in used if product_id is not None}
        self.products.update(own_prices.values_list("usage_group__product_id", flat=True))
        self.bundles: set[int] = {bundle_id for _, bundle_id in used if bundle_id is not None}


def of_contracts(rows: QuerySet[Any], contracts: Codes, road: str = "contract") -> QuerySet[Any]:
    """The rows of some contracts, by the codes of these; `road` leads from a row to its contract."""
    return rows if contracts is None else rows.filter(**{f"{road}__code__in": contracts})


def _contracts(actor: Actor, codes: Codes, *, has_usage: bool) -> tuple[Contract, ...]:
    rows = rows_of(actor, models.Contract)
    found = (rows if codes is None else rows.filter(code__in=codes)).order_by("id").values_list(*_CONTRACT)
    parts = _Parts(actor, codes, has_usage=has_usage)
    return tuple(parts.contract(*row) for row in found)


class _Parts:
    """Everything on the contracts, by the row id of the contract."""

    def __init__(self, actor: Actor, codes: Codes, *, has_usage: bool) -> None:
        def of(
            model: type[Model], record: Callable[..., Term], columns: dict[str, str], *, order: str = "place"
        ) -> _Lists[Term]:
            rows = of_contracts(rows_of(actor, model), codes).order_by("contract_id", order, "id")
            return _lists(rows, record, columns)

        self.items = of(models.UsageItem, UsageItem, _ITEM) if has_usage else {}
        self.commits = of(models.PrepaidCommit, _prepaid_commit, _COMMIT)
        self.subscriptions = of(models.Subscription, _subscription, _SUBSCRIPTION)
        self.milestones = of(models.Milestone, _milestone, _MILESTONE)
        self.overrides = of(models.TierPriceOverride, TierPriceOverride, _OVERRIDE, order="id")
        self.balances = of(models.OpeningBalance, OpeningBalance, _BALANCE)

    def contract(self, row_id: int, code: str, customer: str, *terms: Any) -> Contract:
        currency, starts_on, ends_before, minimum_amount, minimum_quantity, as_of = terms
        balances = tuple(self.balances.get(row_id, ()))
        return Contract(
            id=code,
            customer=customer,
            currency=currency,
            starts_on=starts_on,
            ends_before=ends_before,
            minimum_monthly_commitment_amount=minimum_amount,
            minimum_monthly_commitment_quantity=minimum_quantity,
            opening=None if as_of is None else Opening(as_of=as_of, balances=balances),
            tier_price_overrides=tuple(self.overrides.get(row_id, ())),
            usage_items=tuple(self.items.get(row_id, ())),
            prepaid_commits=tuple(self.commits.get(row_id, ())),
            subscriptions=tuple(self.subscriptions.get(row_id, ())),
            milestones=tuple(self.milestones.get(row_id, ())),
        )


_Lists = dict[int, list[Term]]


def _subscription(
    *, lines: list[dict[str, str]], allocation: list[dict[str, str | None]], **terms: Any
) -> Subscription:
    parts = tuple(subscription_line_of(line) for line in lines)
    return Subscription(**terms, lines=parts, allocation=tuple(line_of(line) for line in allocation))


def _prepaid_commit(*, rollover: dict[str, Any] | None, **terms: Any) -> PrepaidCommit:
    return PrepaidCommit(**terms, rollover=None if rollover is None else rollover_of(rollover))


def _milestone(*, allocation: list[dict[str, str | None]], **terms: Any) -> Milestone:
    return Milestone(**terms, allocation=tuple(line_of(line) for line in allocation))


def _lists(rows: QuerySet[Any], record: Callable[..., Term], columns: dict[str, str]) -> _Lists[Term]:
    """Records by contract; `columns` says which column gives which field. Empty text is what was not agreed."""
    names = tuple(columns)
    found: dict[int, list[Term]] = defaultdict(list)
    for contract_id, *values in rows.values_list("contract_id", *columns.values()):
        terms = {name: None if value == "" else value for name, value in zip(names, values, strict=True)}
        found[contract_id].append(record(**terms))
    return found
