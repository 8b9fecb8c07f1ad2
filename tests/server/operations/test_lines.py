"""Terms that join a contract later: usage items, prepaid commits, subscriptions, milestones, its own prices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ratable.terms import Contract, Milestone, PrepaidCommit, Subscription, TierPriceOverride, UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.amendments import ContractTermination, terminate_contract
from ratable_server.operations.milestones import add_milestone
from ratable_server.operations.prepaid_commits import grant_prepaid_commit
from ratable_server.operations.price_overrides import set_tier_price_override
from ratable_server.operations.subscriptions import add_subscription
from ratable_server.operations.told import Created
from ratable_server.operations.usage_items import add_usage_item
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import PrepaidCommit as PrepaidCommitRow
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import (
    ACME,
    JANUARY,
    MARCH,
    NEXT_YEAR,
    agree,
    close_months,
    kept,
    last_entry,
    refuses,
)

ITEM = UsageItem(id="more-calls", product_id="api", usage_group_id="calls", starts_on=MARCH)
COMMIT = PrepaidCommit(id="pool-2", total_value=Decimal(500), starts_on=MARCH, discount_percentage=Decimal(20))
SUBSCRIPTION = Subscription(id="rooms", total_value=Decimal("99.90"), starts_on=MARCH, ends_before=NEXT_YEAR)
MILESTONE = Milestone(id="go-live", on=date(2026, 5, 4), amount=Decimal(250))
OWN_PRICE = TierPriceOverride(product_id="api", usage_group_id="calls", tier_number=2, price=Decimal("0.07"))


def item(actor: Actor, line: UsageItem = ITEM, contract: str = "acme") -> Created:
    return add_usage_item(actor=actor, contract=contract, item=line, at=AT)


def commit(actor: Actor, line: PrepaidCommit = COMMIT, contract: str = "acme") -> Created:
    return grant_prepaid_commit(actor=actor, contract=contract, commit=line, name="The second", at=AT)


def subscription(actor: Actor, line: Subscription = SUBSCRIPTION, contract: str = "acme") -> Created:
    return add_subscription(actor=actor, contract=contract, subscription=line, at=AT)


def milestone(actor: Actor, line: Milestone = MILESTONE, contract: str = "acme") -> Created:
    return add_milestone(actor=actor, contract=contract, milestone=line, at=AT)


def price(actor: Actor, line: TierPriceOverride = OWN_PRICE, contract: str = "acme") -> Created:
    return set_tier_price_override(actor=actor, contract=contract, override=line, at=AT)


ADDING: list[Callable[..., Created]] = [item, commit, subscription, milestone, price]
each_kind = pytest.mark.parametrize("add", ADDING, ids=lambda add: add.__name__)


def signed(actor: Actor) -> Contract:
    (contract,) = load_terms(actor, ["acme"]).contracts
    return contract


def test_each_term_is_the_last_of_its_kind(actor: Actor):
    agree(actor)
    assert [add(actor).code for add in ADDING] == ["more-calls", "pool-2", "rooms", "go-live", "api/calls/2"]

    assert signed(actor) == replace(
        ACME,
        usage_items=(*ACME.usage_items, ITEM),
        prepaid_commits=(*ACME.prepaid_commits, COMMIT),
        subscriptions=(*ACME.subscriptions, SUBSCRIPTION),
        milestones=(*ACME.milestones, MILESTONE),
        tier_price_overrides=(OWN_PRICE,),
    )
    with books_of(actor):
        assert rows_of(actor, PrepaidCommitRow).get(code="pool-2").name == "The second"


AUDITED = [
    (item, "add_usage_item", {"id": "more-calls", "usage_group_id": "calls", "starts_on": "2026-03-01"}),
    (commit, "grant_prepaid_commit", {"id": "pool-2", "total_value": "500", "name": "The second"}),
    (subscription, "add_subscription", {"id": "rooms", "total_value": "99.90", "ends_before": "2027-01-01"}),
    (milestone, "add_milestone", {"id": "go-live", "on": "2026-05-04", "amount": "250"}),
    (price, "set_tier_price_override", {"product_id": "api", "tier_number": 2, "price": "0.07"}),
]


@pytest.mark.parametrize(("add", "action", "told"), AUDITED, ids=[action for _, action, _ in AUDITED])
def test_each_term_tells_the_audit_of_its_contract(
    actor: Actor, add: Callable[[Actor], Created], action: str, told: dict[str, object]
):
    agree(actor)
    add(actor)
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == (action, "contract", "acme")
    assert entry.before is None
    assert {name: entry.after[name] for name in told} == told


def test_another_price_takes_the_place_of_the_one_before(actor: Actor):
    agree(actor)
    price(actor)
    price(actor, replace(OWN_PRICE, price=Decimal("0.06")))
    price(actor, replace(OWN_PRICE, tier_number=1, price=Decimal("0.09")))

    assert {own.tier_number: own.price for own in signed(actor).tier_price_overrides} == {
        1: Decimal("0.09"),
        2: Decimal("0.06"),
    }
    price(actor, replace(OWN_PRICE, price=Decimal("0.05")))
    entry = last_entry(actor)
    assert (entry.before["price"], entry.after["price"]) == ("0.06", "0.05")
    assert "percentage" not in entry.after


REFUSED: list[tuple[Callable[..., Created], object, str]] = [
    (item, replace(ITEM, product_id="nothing"), "code_must_be_known"),
    (item, replace(ITEM, usage_group_id="nothing"), "code_must_be_known"),
    (item, replace(ITEM, id="bundled", product_id=None, usage_group_id=None, product_bundle_id="x"), "code_must_be_known"),
    (item, ACME.usage_items[0], "code_must_be_unused"),
    (item, replace(ITEM, ends_before=MARCH), "dates_must_ascend"),
    (item, replace(ITEM, id="!x"), "text_must_be_plain"),
    (commit, replace(COMMIT, product_id="nothing"), "code_must_be_known"),
    (commit, ACME.prepaid_commits[0], "code_must_be_unused"),
    (commit, replace(COMMIT, total_value=Decimal(0)), "amount_must_be_positive"),
    (commit, replace(COMMIT, total_value=Decimal("0.001")), "amount_must_fit_currency"),
    (commit, replace(COMMIT, currency="EUR"), "prepaid_commit_currency_must_match_contract"),
    (commit, replace(COMMIT, discount_percentage=Decimal(-1)), "percentage_must_be_between_0_and_100"),
    (commit, replace(COMMIT, priority=2**31), "number_must_be_exact"),
    (subscription, ACME.subscriptions[0], "code_must_be_unused"),
    (subscription, replace(SUBSCRIPTION, ends_before=MARCH), "dates_must_ascend"),
    (subscription, replace(SUBSCRIPTION, total_value=Decimal("NaN")), "number_must_be_exact"),
    (milestone, ACME.milestones[0], "code_must_be_unused"),
    (milestone, replace(MILESTONE, amount=Decimal(-5)), "amount_must_be_positive"),
    (milestone, replace(MILESTONE, on=date(1899, 12, 31)), "date_must_be_in_range"),
    (price, replace(OWN_PRICE, tier_number=3), "override_must_name_a_known_tier"),
    (price, replace(OWN_PRICE, usage_group_id="nothing"), "override_must_name_a_known_tier"),
    (price, replace(OWN_PRICE, price=None), "tier_must_have_a_price"),
    (price, replace(OWN_PRICE, percentage=Decimal(1)), "tier_must_have_a_price"),
    (price, replace(OWN_PRICE, price=Decimal("-0.01")), "amount_must_be_positive"),
    (price, replace(OWN_PRICE, price=None, percentage=Decimal(5)), "price_must_fit_the_pricing_model"),
]  # fmt: skip


def test_a_term_that_cannot_be_leaves_nothing(actor: Actor):
    agree(actor)
    for add, line, code in REFUSED:
        with refuses(actor, code):
            add(actor, line)


@each_kind
def test_only_an_own_contract_that_lives_takes_terms(new_actor: Callable[[], Actor], add: Callable[..., Created]):
    actor, other = new_actor(), new_actor()
    agree(actor)
    with refuses(other, "contract_must_be_known"):
        add(other)
    with refuses(actor, "contract_must_be_known"):
        add(actor, contract="nothing")
    with refuses(actor, "role_must_allow_it"):
        add(replace(actor, role="viewer"))
    terminate_contract(actor=actor, termination=ContractTermination(contract="acme", on=date(2026, 6, 30)), at=AT)
    with refuses(actor, "contract_must_not_be_terminated"):
        add(actor)


def test_what_closed_months_were_computed_with_stays(actor: Actor):
    agree(actor)
    close_months(actor, date(2026, 2, 1))
    with refuses(actor, "period_must_be_open"):
        price(actor)
    with refuses(actor, "period_must_be_open"):
        commit(actor, replace(COMMIT, starts_on=date(2026, 2, 28)))
    commit(actor)
    item(actor, replace(ITEM, starts_on=JANUARY))  # usage of a closed month is late usage
    assert signed(actor).prepaid_commits[1:] == (COMMIT,)


def test_a_price_of_what_nobody_used_yet_can_be_set(actor: Actor):
    agree(actor, replace(ACME, usage_items=ACME.usage_items[1:]))
    close_months(actor, date(2026, 2, 1))
    price(actor)
    item(actor)
    before = kept(actor)
    assert signed(actor).tier_price_overrides == (OWN_PRICE,)
    with refuses(actor, "period_must_be_open"):
        price(actor, replace(OWN_PRICE, price=Decimal("0.05")))
    assert kept(actor) == before
