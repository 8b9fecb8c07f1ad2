"""Terms, whole or one by one: the books hold the same, and a whole that cannot be leaves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ratable.terms import Contract, Entity, Opening, OpeningBalance, Policy, Terms, TierPriceOverride, UsageItem
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.catalog import create_product, create_product_bundle, create_usage_group
from ratable_server.operations.contracts import ContractHead, create_contract, modify_contract
from ratable_server.operations.customers import create_customer
from ratable_server.operations.milestones import add_milestone
from ratable_server.operations.periods import close_period
from ratable_server.operations.policies import set_policy, set_timezone
from ratable_server.operations.prepaid_commits import grant_prepaid_commit
from ratable_server.operations.price_overrides import set_tier_price_override
from ratable_server.operations.subscriptions import add_subscription
from ratable_server.operations.terms import import_terms
from ratable_server.operations.usage_items import add_usage_item
from ratable_server.store.load.close_warnings import load_close_warnings
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import Customer, RevenueTransaction
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, API, JANUARY, SUITE, TERMS, agree, last_entry, refuses

WHOLE = replace(
    TERMS,
    entity=Entity(id="main", timezone="Europe/Berlin"),
    policy=Policy(rounding="half_even"),
    contracts=(
        replace(
            ACME,
            minimum_monthly_commitment_amount=Decimal(100),
            tier_price_overrides=(
                TierPriceOverride(product_id="api", usage_group_id="calls", tier_number=1, price=Decimal("0.095")),
            ),
        ),
        Contract(
            id="brought-in",
            customer="Brought In",
            currency="EUR",
            starts_on=date(2025, 6, 1),
            opening=Opening(as_of=date(2025, 12, 31), balances=(OpeningBalance(account="cash", amount=Decimal(7)),)),
        ),
    ),
)


def one_by_one(actor: Actor) -> None:
    """The same terms, each by its own operation."""
    set_policy(actor=actor, policy=WHOLE.policy, at=AT)
    set_timezone(actor=actor, timezone=WHOLE.entity.timezone, at=AT)
    for product in WHOLE.products:
        create_product(actor=actor, product=replace(product, usage_groups=()), at=AT)
        for group in product.usage_groups:
            create_usage_group(actor=actor, product=product.id, group=group, at=AT)
    for bundle in WHOLE.product_bundles:
        create_product_bundle(actor=actor, bundle=bundle, at=AT)
    for contract in WHOLE.contracts:
        create_customer(actor=actor, code=contract.customer, name=contract.customer, at=AT)
        _sign(actor, contract)


def _sign(actor: Actor, contract: Contract) -> None:
    bare = Contract(
        id=contract.id, customer=contract.customer, currency=contract.currency, starts_on=contract.starts_on
    )
    create_contract(actor=actor, contract=replace(bare, opening=contract.opening), at=AT)
    for item in contract.usage_items:
        add_usage_item(actor=actor, contract=contract.id, item=item, at=AT)
    for override in contract.tier_price_overrides:
        set_tier_price_override(actor=actor, contract=contract.id, override=override, at=AT)
    for commit in contract.prepaid_commits:
        grant_prepaid_commit(actor=actor, contract=contract.id, commit=commit, at=AT)
    for subscription in contract.subscriptions:
        add_subscription(actor=actor, contract=contract.id, subscription=subscription, at=AT)
    for milestone in contract.milestones:
        add_milestone(actor=actor, contract=contract.id, milestone=milestone, at=AT)
    head = ContractHead(
        name="",
        customer=contract.customer,
        currency=contract.currency,
        starts_on=contract.starts_on,
        ends_before=contract.ends_before,
        minimum_monthly_commitment_amount=contract.minimum_monthly_commitment_amount,
    )
    modify_contract(actor=actor, contract=contract.id, head=head, at=AT)


def test_terms_are_the_same_whole_and_one_by_one(new_actor: Callable[[], Actor]):
    at_once, in_steps = new_actor(), new_actor()
    import_terms(actor=at_once, terms=WHOLE, at=AT)
    one_by_one(in_steps)

    for actor in (at_once, in_steps):
        found = load_terms(actor)
        assert found == replace(WHOLE, entity=replace(found.entity, timezone="Europe/Berlin"))  # its id is the tenant's
    january = [
        close_period(actor=actor, month_on=JANUARY, at=AT).journal_hash for actor in (at_once, in_steps)
    ]  # and are computed to the same journal
    assert january[0] == january[1]


def test_a_whole_tells_the_audit_what_came_and_adds_who_buys(actor: Actor):
    created = import_terms(actor=actor, terms=TERMS, at=AT)

    assert [warning.code for warning in created.warnings] == ["price_falls_at_tier"]
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("import_terms", "terms", "main")
    assert entry.after == {"products": ["api", "support"], "product_bundles": ["suite"], "contracts": ["acme"]}
    with books_of(actor):
        assert list(rows_of(actor, Customer).values_list("code", "name")) == [("Acme Inc", "Acme Inc")]


def test_a_contract_may_come_after_what_it_is_about(actor: Actor):
    import_terms(actor=actor, terms=replace(TERMS, contracts=()), at=AT)
    import_terms(actor=actor, terms=Terms(contracts=(ACME,)), at=AT)
    assert load_terms(actor).contracts == (ACME,)


def test_a_minimum_in_units_waits_for_its_usage_group_also_where_terms_come_as_a_whole(actor: Actor):
    """As it does for a contract that is told by itself; several usage groups price it never."""
    bare = Contract(
        id="waits",
        customer="Acme Inc",
        currency="USD",
        starts_on=JANUARY,
        minimum_monthly_commitment_quantity=Decimal(10),
    )
    import_terms(actor=actor, terms=replace(TERMS, contracts=(bare,)), at=AT)
    assert load_terms(actor).contracts == (bare,)
    with books_of(actor):
        (warning,) = load_close_warnings(actor, JANUARY)
    assert warning.code == "minimum_quantity_waits_for_usage_group"
    calls = UsageItem(id="waits-calls", product_id="api", usage_group_id="calls", starts_on=JANUARY)
    add_usage_item(actor=actor, contract="waits", item=calls, at=AT)
    with books_of(actor):
        assert load_close_warnings(actor, JANUARY) == ()
    close_period(actor=actor, month_on=JANUARY, at=AT)
    with books_of(actor):
        lacked = rows_of(actor, RevenueTransaction).values_list("kind", "amount_minor")
        assert list(lacked) == [("minimum", 100)]  # 10 calls at 0.10
    more = replace(calls, id="more", product_id="support", usage_group_id="seats")
    with refuses(actor, "minimum_quantity_needs_one_usage_group"):
        items = (replace(calls, id="one"), more)
        import_terms(actor=actor, terms=Terms(contracts=(replace(bare, id="two", usage_items=items),)), at=AT)


@pytest.mark.parametrize("told", ["as a whole", "by itself"])
def test_usage_groups_of_two_products_are_two_also_with_one_code(actor: Actor, *, told: str):
    """A minimum in units has the prices of one of them, not those of the item that comes first."""
    other = replace(API, id="other", name="Other")
    import_terms(actor=actor, terms=replace(TERMS, products=(*TERMS.products, other), contracts=()), at=AT)
    create_customer(actor=actor, code="Acme Inc", name="Acme Inc", at=AT)
    item = UsageItem(id="one", product_id="api", usage_group_id="calls", starts_on=JANUARY)
    two = Contract(
        id="two",
        customer="Acme Inc",
        currency="USD",
        starts_on=JANUARY,
        minimum_monthly_commitment_quantity=Decimal(10),
        usage_items=(item, replace(item, id="second", product_id="other")),
    )
    with refuses(actor, "minimum_quantity_needs_one_usage_group"):
        if told == "as a whole":
            import_terms(actor=actor, terms=Terms(contracts=(two,)), at=AT)
        else:
            create_contract(actor=actor, contract=two, at=AT)
    of_one = replace(two, usage_items=(item, replace(item, id="second")))
    create_contract(actor=actor, contract=of_one, at=AT)
    assert load_terms(actor).contracts == (of_one,)


BROKEN = {
    "code_must_be_known": replace(TERMS, products=(API,)),  # the bundle names another product
    "code_must_be_unused": replace(TERMS, products=(*TERMS.products, API)),
    "dates_must_ascend": replace(TERMS, contracts=(replace(ACME, ends_before=JANUARY),)),
    "bundle_must_sum_to_100": replace(TERMS, product_bundles=(replace(SUITE, lines=SUITE.lines[:1]),)),
    "text_must_be_plain": replace(TERMS, contracts=(replace(ACME, id="!"),)),
    "policy_must_be_sound": replace(TERMS, policy=Policy(rounding="up")),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_whole_with_one_bad_term_leaves_nothing(actor: Actor, code: str):
    with refuses(actor, code):
        import_terms(actor=actor, terms=BROKEN[code], at=AT)


def test_what_is_there_is_not_changed_by_an_import(actor: Actor):
    agree(actor)
    with refuses(actor, "code_must_be_unused"):
        import_terms(actor=actor, terms=Terms(contracts=(ACME,)), at=AT)
    for terms, field, code in (
        (TERMS, "product", "api"),
        (Terms(contracts=(ACME,)), "contract", "acme"),
        (Terms(contracts=(replace(ACME, id="other"),)), "usage_item", "acme-calls"),
        (Terms(contracts=(replace(ACME, id="other", usage_items=()),)), "prepaid_commit", "pool"),
    ):
        with pytest.raises(Refused) as refused:
            import_terms(actor=actor, terms=terms, at=AT)
        assert (refused.value.field, refused.value.detail) == (field, f"{code} is there already")
    with refuses(actor, "role_must_allow_it"):
        import_terms(actor=replace(actor, role="viewer"), terms=Terms(), at=AT)
    with refuses(actor, "role_must_allow_it"):  # another policy is an admin's decision
        import_terms(actor=replace(actor, role="preparer"), terms=Terms(policy=WHOLE.policy), at=AT)
