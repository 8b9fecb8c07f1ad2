"""Reads what was agreed with one customer: the contract and everything on it.

Owns the shape of `contracts`. Inclusive last days become half-open ends; the dates of a usage
item default to those of its contract.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import get_args

from ratable import scalars
from ratable.cases.fields import Fields
from ratable.cases.names import Names
from ratable.cases.nodes import Mapping
from ratable.cases.questions import ACCOUNTS
from ratable.cases.reading_products import read_bundle_lines
from ratable.terms import (
    ZERO,
    Applies,
    BundleLine,
    Contract,
    Milestone,
    Opening,
    OpeningBalance,
    PrepaidCommit,
    Proration,
    Rollover,
    Subscription,
    SubscriptionLine,
    TierPriceOverride,
    UsageItem,
)

APPLIES: tuple[Applies, ...] = get_args(Applies)
PRORATIONS: tuple[Proration, ...] = get_args(Proration)
_REQUIRED = "id customer start_date"
_ITEM = "product usage_group product_bundle start_date end_date draws drawdown_rate drawdown_unit"
_OPTIONAL = (
    "currency end_date minimum_monthly_commitment_amount minimum_monthly_commitment_quantity opening"
    " tier_price_overrides usage prepaid_commits subscriptions milestones"
)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the parts of a contract need to know of it."""

    names: Names
    contract: str
    starts_on: date
    ends_before: date | None


def read_contract(node: Mapping, names: Names, currency: str) -> Contract:
    """Read one contract; `currency` is that of the case, the default."""
    fields = Fields(node, required=_REQUIRED, optional=_OPTIONAL)
    contract = names.define("contract", fields)
    scope = _Scope(names, contract, fields.day("start_date"), fields.ends_before("end_date"))
    return Contract(
        id=contract,
        customer=fields.text("customer"),
        currency=fields.maybe("currency", scalars.currency_of) or currency,
        starts_on=scope.starts_on,
        ends_before=scope.ends_before,
        minimum_monthly_commitment_amount=fields.maybe_number("minimum_monthly_commitment_amount"),
        minimum_monthly_commitment_quantity=fields.maybe_number("minimum_monthly_commitment_quantity"),
        tier_price_overrides=_overrides(fields, names),
        usage_items=tuple(_usage_item(item, scope) for item in fields.mappings("usage")),
        prepaid_commits=tuple(_prepaid_commit(item, scope) for item in fields.mappings("prepaid_commits")),
        subscriptions=tuple(_subscription(item, scope) for item in fields.mappings("subscriptions")),
        milestones=tuple(_milestone(item, scope) for item in fields.mappings("milestones")),
        opening=_opening(fields.mapping("opening"), scope),
    )


def _usage_item(node: Mapping, scope: _Scope) -> UsageItem:
    fields = Fields(node, required="id", optional=_ITEM)
    item = scope.names.define("usage_item", fields, owner=scope.contract)
    if fields.has("product") == fields.has("product_bundle"):
        raise fields.malformed("product", "a usage item has either product or product_bundle")
    if fields.has("usage_group") and not fields.has("product"):
        raise fields.malformed("usage_group", "a usage group is one of a product, not of a bundle")
    product = scope.names.maybe_known("product", fields, "product")
    return UsageItem(
        id=item,
        product_id=product,
        usage_group_id=scope.names.maybe_known("usage_group", fields, "usage_group", owner=product or ""),
        product_bundle_id=scope.names.maybe_known("product_bundle", fields, "product_bundle"),
        starts_on=fields.day("start_date", scope.starts_on),
        ends_before=fields.ends_before("end_date", scope.ends_before),
        draws=fields.truth("draws", default=False),
        drawdown_rate=fields.maybe_number("drawdown_rate"),
        drawdown_unit=fields.maybe_text("drawdown_unit"),
    )


def _prepaid_commit(node: Mapping, scope: _Scope) -> PrepaidCommit:
    optional = (
        "product currency discount_percentage rate expiration_date priority expected_breakage_percentage rollover"
        " units unit_of_measure"
    )
    fields = Fields(node, required="id total_value start_date", optional=optional)
    return PrepaidCommit(
        id=scope.names.define("prepaid_commit", fields, owner=scope.contract),
        product_id=scope.names.maybe_known("product", fields, "product"),
        currency=fields.maybe("currency", scalars.currency_of),
        total_value=fields.number("total_value"),
        discount_percentage=fields.number("discount_percentage", ZERO),
        rate=fields.maybe_number("rate"),
        starts_on=fields.day("start_date"),
        ends_before=fields.ends_before("expiration_date"),
        priority=fields.value("priority", scalars.whole_of) if fields.has("priority") else 1,
        expected_breakage_percentage=fields.maybe_number("expected_breakage_percentage"),
        rollover=_rollover(fields),
        units=fields.maybe_number("units"),
        unit_of_measure=fields.maybe_text("unit_of_measure"),
    )


def _rollover(commit: Fields) -> Rollover | None:
    node = commit.mapping("rollover")
    if node is None:
        return None
    fields = Fields(node, optional="months until times apply cap_amount cap_percentage cap_units")
    if fields.has("months") == fields.has("until"):
        raise fields.malformed("months", "what rolls over lives for months, or until the end of another commit")
    return Rollover(
        months=fields.maybe("months", scalars.whole_of),
        until_commit_id=fields.maybe_text("until"),
        times=fields.value("times", scalars.whole_of) if fields.has("times") else 1,
        applies=fields.choice("apply", APPLIES, "first"),
        cap_amount=fields.maybe_number("cap_amount"),
        cap_percentage=fields.maybe_number("cap_percentage"),
        cap_units=fields.maybe_number("cap_units"),
    )


def _subscription(node: Mapping, scope: _Scope) -> Subscription:
    optional = "product allocation proration catchup_date lines"
    fields = Fields(node, required="id total_value start_date end_date", optional=optional)
    return Subscription(
        id=scope.names.define("subscription", fields, owner=scope.contract),
        product_id=scope.names.maybe_known("product", fields, "product"),
        total_value=fields.number("total_value"),
        starts_on=fields.day("start_date"),
        ends_before=fields.value("end_date", scalars.day_after),
        proration=fields.choice("proration", PRORATIONS) if fields.has("proration") else None,
        catches_up_on=fields.day("catchup_date") if fields.has("catchup_date") else None,
        lines=tuple(_line(line) for line in fields.mappings("lines")),
        allocation=_allocation(fields, scope),
    )


def _line(node: Mapping) -> SubscriptionLine:
    fields = Fields(node, required="total_value start_date end_date")
    return SubscriptionLine(
        starts_on=fields.day("start_date"),
        ends_before=fields.value("end_date", scalars.day_after),
        total_value=fields.number("total_value"),
    )


def _allocation(fields: Fields, scope: _Scope) -> tuple[BundleLine, ...]:
    """The split of a subscription or a milestone, in the words of a bundle's lines; it has no product of its own."""
    if fields.has("product") and fields.has("allocation"):
        raise fields.malformed("allocation", "what has several products has not one of its own")
    return read_bundle_lines(fields, scope.names, key="allocation")


def _milestone(node: Mapping, scope: _Scope) -> Milestone:
    fields = Fields(node, required="id date amount", optional="product allocation")
    return Milestone(
        id=scope.names.define("milestone", fields, owner=scope.contract),
        product_id=scope.names.maybe_known("product", fields, "product"),
        on=fields.day("date"),
        amount=fields.number("amount"),
        allocation=_allocation(fields, scope),
    )


def _overrides(fields: Fields, names: Names) -> tuple[TierPriceOverride, ...]:
    """One price per tier at most; whether the tier exists is judged later."""
    overrides: dict[tuple[str, int], TierPriceOverride] = {}
    for node in fields.mappings("tier_price_overrides"):
        override = _override(node, names)
        key = (override.usage_group_id, override.tier_number)
        if key in overrides:
            raise Fields(node, optional=" ".join(node.values)).malformed("tier", "the tier is already overridden")
        overrides[key] = override
    return tuple(overrides.values())


def _override(node: Mapping, names: Names) -> TierPriceOverride:
    fields = Fields(node, required="product usage_group tier", optional="price percentage")
    product = names.known("product", fields, "product")
    return TierPriceOverride(
        product_id=product,
        usage_group_id=names.known("usage_group", fields, "usage_group", owner=product),
        tier_number=fields.value("tier", scalars.whole_of),
        price=fields.maybe_number("price"),
        percentage=fields.maybe_number("percentage"),
    )


def _opening(node: Mapping | None, scope: _Scope) -> Opening | None:
    if node is None:
        return None
    fields = Fields(node, required="as_of balances")
    balances = tuple(_opening_balance(balance, scope) for balance in fields.mappings("balances"))
    return Opening(as_of=fields.day("as_of"), balances=balances)


def _opening_balance(node: Mapping, scope: _Scope) -> OpeningBalance:
    fields = Fields(node, required="account amount", optional="prepaid_commit subscription milestone")
    if sum(fields.has(key) for key in ("prepaid_commit", "subscription", "milestone")) > 1:
        raise fields.malformed("account", "a balance is that of one source")
    names, owner = scope.names, scope.contract
    return OpeningBalance(
        account=fields.choice("account", ACCOUNTS),
        amount=fields.number("amount"),
        prepaid_commit_id=names.maybe_known("prepaid_commit", fields, "prepaid_commit", owner=owner),
        subscription_id=names.maybe_known("subscription", fields, "subscription", owner=owner),
        milestone_id=names.maybe_known("milestone", fields, "milestone", owner=owner),
    )
