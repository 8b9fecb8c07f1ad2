"""What is sold is deleted, or told anew, while somebody agrees on it: who comes second is judged by what is true then."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from ratable.terms import (
    BundleLine,
    Contract,
    Product,
    ProductBundle,
    Subscription,
    Terms,
    TierPriceOverride,
    UsageItem,
)
from ratable_server.actor import Actor
from ratable_server.operations.allocations import change_allocation, change_fixed_allocation
from ratable_server.operations.catalog import change_price_plan, create_product, create_product_bundle
from ratable_server.operations.catalog_changes import (
    ProductHead,
    delete_product,
    delete_product_bundle,
    delete_usage_group,
    modify_product,
    modify_product_bundle,
)
from ratable_server.operations.contracts import create_contract
from ratable_server.operations.milestones import add_milestone, modify_milestone
from ratable_server.operations.prepaid_commits import grant_prepaid_commit, modify_prepaid_commit
from ratable_server.operations.price_overrides import set_tier_price_override
from ratable_server.operations.subscriptions import add_subscription, modify_subscription
from ratable_server.operations.terms import import_terms
from ratable_server.operations.usage_items import add_usage_item, modify_usage_item
from ratable_server.operations.usage_told import ItemTold, add_told_item
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import AllocationChange
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.meeting import meeting
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, CALLS, JANUARY, NEXT_YEAR, agree, kept
from tests.server.soundness import assert_sound

SPARE = Product(id="spare", name="Spare", usage_groups=(CALLS,))
OTHER = Product(id="other", name="Other")
PAIR = ProductBundle(id="pair", lines=(BundleLine(product_id="support", percentage=Decimal(100)),))
HALVES = (
    BundleLine(product_id="spare", percentage=Decimal(50)),
    BundleLine(product_id="support", percentage=Decimal(50)),
)
WORTHS = tuple(replace(line, percentage=None, standalone_price=Decimal(600)) for line in HALVES)
SPLIT = Subscription(
    id="split",
    total_value=Decimal(1200),
    starts_on=JANUARY,
    ends_before=NEXT_YEAR,
    allocation=tuple(
        replace(line, product_id=product) for line, product in zip(WORTHS, ("api", "support"), strict=True)
    ),
)
USED = UsageItem(id="used", product_id="spare", usage_group_id="calls", starts_on=JANUARY)
PAIRED = UsageItem(id="paired", product_bundle_id="pair", starts_on=JANUARY)
BARE = replace(
    ACME, id="bare", usage_items=(), prepaid_commits=(), subscriptions=(), milestones=(), tier_price_overrides=()
)
OWN = TierPriceOverride(product_id="spare", usage_group_id="calls", tier_number=2, price=Decimal("0.05"))
CALL = {"id": "e-1", "item": "used", "used_on": date(2026, 1, 20), "quantity": Decimal(1)}
ITEM, SUITE = ACME.usage_items
(POOL,), (SEATS,), (SETUP,) = ACME.prepaid_commits, ACME.subscriptions, ACME.milestones


def to_acme(**line: Any) -> dict[str, Any]:
    """What an operation on a line of Acme's contract is told."""
    return {"contract": "acme", **line}


def terms_of(*contracts: Contract, bundles: tuple[ProductBundle, ...] = ()) -> dict[str, Any]:
    """What an import of some terms is told."""
    return {"terms": Terms(product_bundles=bundles, contracts=contracts), "keeps_policy": True, "keeps_timezone": True}


_Case = tuple[Callable[..., object], dict[str, Any]]

OF_THE_PRODUCT: dict[str, _Case] = {
    "a contract": (create_contract, {"contract": replace(BARE, usage_items=(USED,))}),
    "a split of a contract": (create_contract, {"contract": replace(BARE, subscriptions=(replace(SPLIT, allocation=WORTHS),))}),
    "a line": (add_usage_item, to_acme(item=USED)),
    "a line with usage": (add_told_item, to_acme(told=ItemTold(item=USED, further={}, records=(CALL,)))),
    "a commit": (grant_prepaid_commit, to_acme(commit=replace(POOL, id="more", product_id="spare"))),
    "a subscription": (add_subscription, to_acme(subscription=replace(SEATS, id="more", product_id="spare"))),
    "a milestone": (add_milestone, to_acme(milestone=replace(SETUP, id="more", product_id="spare"))),
    "another line": (modify_usage_item, to_acme(item=replace(USED, id=ITEM.id, draws=True))),
    "another commit": (modify_prepaid_commit, to_acme(commit=replace(POOL, product_id="spare"))),
    "another subscription": (modify_subscription, to_acme(subscription=replace(SEATS, product_id="spare"))),
    "another milestone": (modify_milestone, to_acme(milestone=replace(SETUP, product_id="spare"))),
    "a price": (set_tier_price_override, to_acme(override=OWN)),
    "an allocation": (change_allocation, {"item": SUITE.id, "lines": HALVES, "on": JANUARY}),
    "another split": (change_fixed_allocation, to_acme(kind="subscription", code="split", lines=WORTHS)),
    "a bundle": (create_product_bundle, {"bundle": replace(PAIR, id="new", lines=HALVES)}),
    "another bundle": (modify_product_bundle, {"bundle": replace(PAIR, lines=HALVES)}),
    "terms": (import_terms, terms_of(replace(BARE, usage_items=(USED,)))),
    "a bundle of terms": (import_terms, terms_of(bundles=(replace(PAIR, id="new", lines=HALVES),))),
}  # fmt: skip
OF_THE_PLAN = {name: OF_THE_PRODUCT[name] for name in ("a contract", "a line", "another line", "terms")}
OF_THE_BUNDLE: dict[str, _Case] = {
    "a contract": (create_contract, {"contract": replace(BARE, usage_items=(PAIRED,))}),
    "a line": (add_usage_item, to_acme(item=PAIRED)),
    "another line": (modify_usage_item, to_acme(item=replace(SUITE, product_bundle_id="pair"))),
    "terms": (import_terms, terms_of(replace(BARE, usage_items=(PAIRED,)))),
}


def everyone(cases: dict[str, _Case]) -> Any:
    """A test of each of them."""
    return pytest.mark.parametrize(("then", "named"), cases.values(), ids=list(cases))


@pytest.fixture(autouse=True)
def agreed(actor: Actor) -> None:
    agree(actor)
    for product in (SPARE, OTHER):
        create_product(actor=actor, product=product, at=AT)
    create_product_bundle(actor=actor, bundle=PAIR, at=AT)
    add_subscription(actor=actor, contract="acme", subscription=SPLIT, at=AT)


def overtaken(actor: Actor, delete: Callable[..., object], then: Callable[..., object], **named: Any) -> str:
    """What somebody is told who waits for a deletion; nothing but that is done."""
    after: list[dict[str, str]] = []

    def first() -> None:
        delete(actor=actor, at=AT)
        after.append(kept(actor))

    told = meeting(actor, first, then, at=AT, **named)
    assert after == [kept(actor)]
    assert_sound(actor)
    return told


@everyone(OF_THE_PRODUCT)
def test_a_product_that_is_deleted_meanwhile_is_agreed_by_nobody(
    actor: Actor, then: Callable[..., object], named: dict[str, Any]
):
    told = overtaken(actor, partial(delete_product, product="spare"), then, **named)
    assert told == ("override_must_name_a_known_tier" if then is set_tier_price_override else "code_must_be_known")


@everyone(OF_THE_PLAN)
def test_a_price_plan_that_is_deleted_meanwhile_is_agreed_by_nobody(
    actor: Actor, then: Callable[..., object], named: dict[str, Any]
):
    delete = partial(delete_usage_group, product="spare", group="calls")
    assert overtaken(actor, delete, then, **named) == "code_must_be_known"


@everyone(OF_THE_BUNDLE)
def test_a_bundle_that_is_deleted_meanwhile_is_agreed_by_nobody(
    actor: Actor, then: Callable[..., object], named: dict[str, Any]
):
    delete = partial(delete_product_bundle, bundle="pair")
    assert overtaken(actor, delete, then, **named) == "code_must_be_known"


TAKEN: dict[str, tuple[_Case, _Case]] = {
    "product": (OF_THE_PRODUCT["a commit"], (delete_product, {"product": "spare"})),
    "split": (OF_THE_PRODUCT["an allocation"], (delete_product, {"product": "spare"})),
    "plan": (OF_THE_PLAN["a line"], (delete_usage_group, {"product": "spare", "group": "calls"})),
    "own price": (OF_THE_PRODUCT["a price"], (delete_usage_group, {"product": "spare", "group": "calls"})),
    "bundle": (OF_THE_BUNDLE["a line"], (delete_product_bundle, {"bundle": "pair"})),
    "bundled": (OF_THE_PRODUCT["another bundle"], (delete_product, {"product": "spare"})),
}


@pytest.mark.parametrize(("agreeing", "deleting"), TAKEN.values(), ids=list(TAKEN))
def test_what_somebody_agrees_on_meanwhile_is_not_deleted(actor: Actor, agreeing: _Case, deleting: _Case):
    (agree_on, named), (delete, of) = agreeing, deleting
    assert meeting(actor, lambda: agree_on(actor=actor, at=AT, **named), delete, at=AT, **of) == (
        "nothing_must_depend_on_it"
    )
    assert_sound(actor)


ONE_TIER = replace(CALLS, tiers=(replace(CALLS.tiers[1], number=1),))
IN_EURO = replace(CALLS, currency="EUR")
RULES: dict[str, tuple[Callable[..., object], _Case, str]] = {
    "tier": (
        partial(change_price_plan, product="spare", group=ONE_TIER),
        OF_THE_PRODUCT["a price"],
        "override_must_name_a_known_tier",
    ),
    "currency of a plan": (
        partial(change_price_plan, product="spare", group=IN_EURO),
        OF_THE_PRODUCT["a line"],
        "price_plan_currency_must_match_contract",
    ),
    "currency of a product": (
        partial(modify_product, product="spare", head=ProductHead(name="Spare", currency="EUR")),
        OF_THE_PRODUCT["a contract"],
        "price_plan_currency_must_match_contract",
    ),
}


@pytest.mark.parametrize(("change", "agreeing", "code"), RULES.values(), ids=list(RULES))
def test_who_agrees_on_a_plan_that_changes_meanwhile_is_judged_by_what_it_says_then(
    actor: Actor, change: Callable[..., object], agreeing: _Case, code: str
):
    then, named = agreeing
    assert overtaken(actor, change, then, **named) == code


@pytest.mark.parametrize(("change", "agreeing", "code"), RULES.values(), ids=list(RULES))
def test_a_plan_on_which_somebody_agrees_meanwhile_stays_one_that_he_can_have(
    actor: Actor, change: partial[object], agreeing: _Case, code: str
):
    agree_on, named = agreeing
    first = lambda: agree_on(actor=actor, at=AT, **named)  # noqa: E731 - said where it is used
    assert meeting(actor, first, change.func, at=AT, **change.keywords) == code
    assert_sound(actor)


def test_another_price_keeps_nobody_from_agreeing(actor: Actor):
    """Prices are no matter of whether a line can be: nobody waits."""
    dearer = replace(CALLS, tiers=tuple(replace(tier, price=Decimal(1)) for tier in CALLS.tiers))
    change = lambda: change_price_plan(actor=actor, product="spare", group=dearer, at=AT)  # noqa: E731 - said where it is used
    assert meeting(actor, change, add_usage_item, contract="acme", item=USED, at=AT) == "done"
    assert load_terms(actor, ["acme"]).contracts[0].usage_items[-1] == USED
    assert_sound(actor)


def test_a_line_that_is_agreed_under_a_bundle_meanwhile_keeps_its_split(actor: Actor):
    first = lambda: add_usage_item(actor=actor, contract="acme", item=PAIRED, at=AT)  # noqa: E731 - said where it is used
    other = replace(PAIR, lines=(replace(PAIR.lines[0], product_id="other"),))
    assert meeting(actor, first, modify_product_bundle, bundle=other, at=AT) == "done"
    with books_of(actor):
        splits = rows_of(actor, AllocationChange).values_list("item__code", "lines")
        assert [(item, [line["product_id"] for line in lines]) for item, lines in splits] == [("paired", ["support"])]
    assert_sound(actor)
