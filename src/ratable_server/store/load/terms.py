"""All that was agreed, as the records of `ratable.terms`: exactly those that a case file with the same terms gives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

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
_Ids = Collection[int] | None

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
HEAD = {
    "id": "code",
    "customer": "customer__code",
    "currency": "currency",
    "starts_on": "starts_on",
    "ends_before": "ends_before",
    "minimum_monthly_commitment_amount": "minimum_monthly_commitment_amount",
    "minimum_monthly_commitment_quantity": "minimum_monthly_commitment_quantity",
    "as_of": "opening_as_of",
}
"""What a contract says of itself, as Django writes the roads to it from the row; `as_of` is that of its opening."""


def load_terms(actor: Actor, contracts: Codes = None, *, has_usage: bool = True) -> Terms:
    """The terms under the latest policy; with `contracts` only theirs, and the products and bundles that they use.

    Without `has_usage` contracts come without their usage items, which are most of what was agreed.
    """
    with books_of(actor):
        rows = rows_of(actor, models.Contract)
        ids = None if contracts is None else list(rows.filter(code__in=contracts).values_list("id", flat=True))
        wanted = None if ids is None else _Wanted(actor, ids)
        return Terms(
            entity=load_entity(actor),
            policy=load_policy(actor),
            products=load_products(actor, wanted.products if wanted else None),
            product_bundles=load_bundles(actor, wanted.bundles if wanted else None),
            contracts=_contracts(actor, ids, has_usage=has_usage),
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

    def __init__(self, actor: Actor, contracts: Collection[int]) -> None:
        used = list(_on(rows_of(actor, models.UsageItem), contracts).values_list("product_id", "bundle_id"))
        own_prices = _on(rows_of(actor, models.TierPriceOverride), contracts)
        self.products: set[int] = {product_id for product_id, _ in used if product_id is not None}
        self.products.update(own_prices.values_list("usage_group__product_id", flat=True))
        self.bundles: set[int] = {bundle_id for _, bundle_id in used if bundle_id is not None}


def of_contracts(rows: QuerySet[Any], contracts: Codes, road: str = "contract") -> QuerySet[Any]:
    """The rows of some contracts, by the codes of these; `road` leads from a row to its contract."""
    return rows if contracts is None else rows.filter(**{f"{road}__code__in": contracts})


def _on(rows: QuerySet[Any], contracts: _Ids) -> QuerySet[Any]:
    """The rows on some contracts, by the ids of these: through their codes a table that was just filled is read whole."""
    return rows if contracts is None else rows.filter(contract_id__in=contracts)


def _contracts(actor: Actor, ids: _Ids, *, has_usage: bool) -> tuple[Contract, ...]:
    rows = rows_of(actor, models.Contract)
    found = (rows if ids is None else rows.filter(id__in=ids)).order_by("id").values_list("id", *HEAD.values())
    lines = {
        name: _lists(_on(rows_of(actor, line.model), ids), line)
        for name, line in LINES.items()
        if has_usage or name != "usage_items"
    }
    return tuple(
        contract_from(dict(zip(HEAD, head, strict=True)), {name: of.get(row_id, ()) for name, of in lines.items()})
        for row_id, *head in found
    )


def contract_from(head: Mapping[str, Any], lines: Mapping[str, Iterable[Any]]) -> Contract:
    """A contract by the fields of `HEAD` and the records of its `LINES`; a kind that is left out has none."""
    own = dict(head)
    parts: dict[str, Any] = {name: tuple(records) for name, records in lines.items()}
    as_of, balances = own.pop("as_of"), parts.pop("balances", ())
    return Contract(**own, **parts, opening=None if as_of is None else Opening(as_of=as_of, balances=balances))


def _subscription(
    *, lines: list[dict[str, str]], allocation: list[dict[str, str | None]], **terms: Any
) -> Subscription:
    parts = tuple(subscription_line_of(line) for line in lines)
    return Subscription(**terms, lines=parts, allocation=tuple(line_of(line) for line in allocation))


def _prepaid_commit(*, rollover: dict[str, Any] | None, **terms: Any) -> PrepaidCommit:
    return PrepaidCommit(**terms, rollover=None if rollover is None else rollover_of(rollover))


def _milestone(*, allocation: list[dict[str, str | None]], **terms: Any) -> Milestone:
    return Milestone(**terms, allocation=tuple(line_of(line) for line in allocation))


class Line(NamedTuple):
    """What stands on contracts: its table, its record, where its fields are from there, the column that orders it."""

    model: type[Model]
    record: Callable[..., Any]
    roads: Mapping[str, str]
    order: str = "place"


LINES = {
    "usage_items": Line(models.UsageItem, UsageItem, _ITEM),
    "prepaid_commits": Line(models.PrepaidCommit, _prepaid_commit, _COMMIT),
    "subscriptions": Line(models.Subscription, _subscription, _SUBSCRIPTION),
    "milestones": Line(models.Milestone, _milestone, _MILESTONE),
    "tier_price_overrides": Line(models.TierPriceOverride, TierPriceOverride, _OVERRIDE, order="id"),
    "balances": Line(models.OpeningBalance, OpeningBalance, _BALANCE),
}
"""By the field of a contract that has them; `balances` are those of its opening."""


def _lists(rows: QuerySet[Any], line: Line) -> dict[int, list[Any]]:
    """Records by contract. Empty text is what was not agreed."""
    names = tuple(line.roads)
    found: dict[int, list[Any]] = defaultdict(list)
    ordered = rows.order_by("contract_id", line.order, "id")
    for contract_id, *values in ordered.values_list("contract_id", *line.roads.values()):
        terms = {name: None if value == "" else value for name, value in zip(names, values, strict=True)}
        found[contract_id].append(line.record(**terms))
    return found
