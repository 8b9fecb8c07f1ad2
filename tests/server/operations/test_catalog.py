"""What is sold: products with price plans, and bundles; a price that closed months were computed with stays."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.db import connections

from ratable.terms import (
    BundleLine,
    Contract,
    Product,
    ProductBundle,
    Terms,
    Tier,
    TierPriceOverride,
    UsageGroup,
    UsageItem,
)
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations import catalog
from ratable_server.operations.catalog import (
    change_price_plan,
    create_product,
    create_product_bundle,
    create_usage_group,
)
from ratable_server.operations.contracts import create_contract, duplicate_contract
from ratable_server.operations.customers import create_customer
from ratable_server.operations.price_overrides import set_tier_price_override
from ratable_server.operations.terms import import_terms
from ratable_server.operations.usage_items import add_usage_item
from ratable_server.store import models
from ratable_server.store.load.terms import load_terms
from ratable_server.store.locks import share_month
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import (
    ACME,
    API,
    CALLS,
    JANUARY,
    SUITE,
    SUPPORT,
    agree,
    close_months,
    held,
    kept,
    last_entry,
    refuses,
)
from tests.server.rows import lock_months

ONE = Decimal(1)
ONE_PRICE = UsageGroup(id="storage", pricing_model="unit_based", tiers=(Tier(number=1, price=Decimal("0.25")),))
BARE = Contract(id="bare", customer="Acme", currency="USD", starts_on=JANUARY)
CHEAPER = replace(CALLS, tiers=(replace(CALLS.tiers[0], price=Decimal("0.09")), CALLS.tiers[1]))


def test_a_product_comes_back_with_its_price_plans(actor: Actor):
    created = create_product(actor=actor, product=API, at=AT)

    assert created.code == "api"
    assert [(warning.id, warning.code) for warning in created.warnings] == [("calls", "price_falls_at_tier")]
    assert load_terms(actor).products == (API,)
    assert {table: held(actor)[table] for table in ("product", "usage_group", "tier")} == {
        "product": 1,
        "usage_group": 1,
        "tier": 2,
    }


def test_a_product_tells_the_audit_everything_that_was_agreed(actor: Actor):
    create_product(actor=actor, product=replace(API, usage_groups=(ONE_PRICE,)), at=AT)
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("create_product", "product", "api")
    assert entry.before is None
    assert (entry.after["name"], entry.after["currency"]) == ("API", "USD")
    (group,) = entry.after["usage_groups"]
    assert (group["id"], group["tiers"][0]["price"]) == ("storage", "0.25")


REFUSED_GROUPS = [
    ((Tier(number=2, price=Decimal(1)),), "tiers_must_ascend"),
    ((Tier(number=1, upper_quantity=Decimal(10), price=Decimal(1)),), "tiers_must_have_one_open_end"),
    ((Tier(number=1),), "tier_must_have_a_price"),
    ((Tier(number=1, price=Decimal(-1)),), "amount_must_be_positive"),
    ((Tier(number=1, price=Decimal("NaN")),), "number_must_be_exact"),
    ((Tier(number=1, price=Decimal("1e-13")),), "number_must_be_exact"),
    (
        (Tier(number=1, upper_quantity=Decimal(9), price=Decimal(1)), Tier(number=2, lower_quantity=Decimal(12), price=Decimal(1))),
        "tiers_must_not_leave_a_gap",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("tiers", "code"), REFUSED_GROUPS, ids=lambda value: str(value)[:50])
def test_a_price_plan_that_cannot_be_leaves_nothing(actor: Actor, tiers: tuple[Tier, ...], code: str):
    create_product(actor=actor, product=SUPPORT, at=AT)
    group = replace(ONE_PRICE, tiers=tiers)
    with refuses(actor, code):
        create_product(actor=actor, product=replace(API, usage_groups=(group,)), at=AT)
    with refuses(actor, code):
        create_usage_group(actor=actor, product="support", group=group, at=AT)


def test_ids_are_taken_once(actor: Actor):
    create_product(actor=actor, product=API, at=AT)
    create_product(actor=actor, product=SUPPORT, at=AT)
    create_product_bundle(actor=actor, bundle=SUITE, at=AT)
    with refuses(actor, "code_must_be_unused"):
        create_product(actor=actor, product=API, at=AT)
    with refuses(actor, "code_must_be_unused"):
        create_usage_group(actor=actor, product="api", group=CALLS, at=AT)
    with refuses(actor, "code_must_be_unused"):
        create_product_bundle(actor=actor, bundle=SUITE, at=AT)
    for bad in ("", "!api", "a\nb", "x" * 501):
        with refuses(actor, "text_must_be_plain"):
            create_product(actor=actor, product=replace(API, id=bad), at=AT)


def test_a_usage_group_is_the_last_of_its_product(actor: Actor):
    create_product(actor=actor, product=API, at=AT)
    create_usage_group(actor=actor, product="api", group=ONE_PRICE, at=AT)

    assert load_terms(actor).products == (replace(API, usage_groups=(CALLS, ONE_PRICE)),)
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("create_usage_group", "usage_group", "storage")
    assert (entry.after["product"], entry.after["pricing_model"]) == ("api", "unit_based")
    with refuses(actor, "code_must_be_known"):
        create_usage_group(actor=actor, product="nothing", group=ONE_PRICE, at=AT)


def test_a_price_plan_changes_while_no_closed_month_depends_on_it(actor: Actor):
    agree(actor)
    created = change_price_plan(actor=actor, product="api", group=CHEAPER, at=AT)

    assert [warning.code for warning in created.warnings] == ["price_falls_at_tier"]
    assert load_terms(actor).products[0].usage_groups == (CHEAPER,)
    entry = last_entry(actor)
    assert (entry.action, entry.subject_code) == ("change_price_plan", "calls")
    assert [entry.before["tiers"][0]["price"], entry.after["tiers"][0]["price"]] == ["0.10", "0.09"]

    close_months(actor, JANUARY)
    with refuses(actor, "period_must_be_open"):
        change_price_plan(actor=actor, product="api", group=CALLS, at=AT)
    create_usage_group(actor=actor, product="api", group=ONE_PRICE, at=AT)
    change_price_plan(actor=actor, product="api", group=replace(ONE_PRICE, free_units=Decimal(5)), at=AT)
    assert load_terms(actor).products[0].usage_groups[1].free_units == 5  # nobody used it in a closed month


def between_the_looks(
    monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], object], *, waits: bool = False
) -> threading.Thread:
    """Let somebody else do something before a change holds the contracts that use its plan; or begin, if that waits."""
    holding = catalog.users_of

    def doing() -> None:
        try:
            meanwhile()
        finally:
            connections.close_all()

    thread = threading.Thread(target=doing)

    def users_of(actor: Actor, groups: list[int]) -> list[str]:
        if thread.ident is None:
            thread.start()
            thread.join(0.5 if waits else 30)
            assert thread.is_alive() is waits
        return holding(actor, groups)

    monkeypatch.setattr(catalog, "users_of", users_of)
    return thread


def sell(actor: Actor) -> None:
    """The plan of the tests, to Acme, from January on."""
    item = UsageItem(id="late", product_id="api", usage_group_id=ONE_PRICE.id, starts_on=JANUARY)
    add_usage_item(actor=actor, contract="acme", item=item, at=AT)


def test_a_price_plan_that_is_sold_while_it_changes_is_judged_by_the_months_that_are_closed(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    """Nobody used it at the first look; once the contracts are held, one does."""
    agree(actor)
    close_months(actor, JANUARY)
    create_usage_group(actor=actor, product="api", group=ONE_PRICE, at=AT)
    with books_of(actor):
        share_month(actor, date(2026, 2, 1))  # somebody has booked into the open month: two can share it
    between_the_looks(monkeypatch, lambda: sell(actor))
    with pytest.raises(Refused, match="period_must_be_open: usage_group storage"):
        change_price_plan(actor=actor, product="api", group=replace(ONE_PRICE, free_units=Decimal(5)), at=AT)
    assert (last_entry(actor).action, load_terms(actor).products[0].usage_groups[1]) == ("add_usage_item", ONE_PRICE)


def test_a_month_of_who_buys_while_a_price_plan_changes_is_closed_after_the_change(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    """Nothing is closed, and nobody uses the plan: the close finds the one that it will be read with."""
    agree(actor)
    create_usage_group(actor=actor, product="api", group=ONE_PRICE, at=AT)
    closed_with: list[Decimal | None] = []

    def meanwhile() -> None:
        sell(actor)
        close_months(actor, JANUARY)
        closed_with.append(load_terms(actor).products[0].usage_groups[1].free_units)

    thread = between_the_looks(monkeypatch, meanwhile, waits=True)
    change_price_plan(actor=actor, product="api", group=replace(ONE_PRICE, free_units=Decimal(5)), at=AT)
    thread.join(30)
    assert closed_with == [Decimal(5)]


def test_a_contract_of_an_earlier_month_that_is_signed_and_closed_while_a_price_plan_changes_keeps_its_plan(
    actor: Actor, monkeypatch: pytest.MonkeyPatch
):
    """The month that is kept is after its own: the months are taken anew, and then its own is closed."""
    agree(actor)
    create_usage_group(actor=actor, product="api", group=ONE_PRICE, at=AT)
    december = date(2025, 12, 1)
    item = UsageItem(id="early", product_id="api", usage_group_id=ONE_PRICE.id, starts_on=december)
    early = Contract(
        id="early", customer="Acme Inc", currency="USD", starts_on=december, ends_before=JANUARY, usage_items=(item,)
    )

    def meanwhile() -> None:
        create_contract(actor=actor, contract=early, at=AT)
        lock_months(actor, [december])

    between_the_looks(monkeypatch, meanwhile)
    with pytest.raises(Refused, match="2025-12-01 is closed, 2026-01 is open"):
        change_price_plan(actor=actor, product="api", group=replace(ONE_PRICE, free_units=Decimal(5)), at=AT)
    assert (last_entry(actor).action, load_terms(actor).products[0].usage_groups[1]) == ("create_contract", ONE_PRICE)


def test_a_price_plan_stays_one_that_its_contracts_can_have(actor: Actor):
    agree(actor)
    with refuses(actor, "price_plan_currency_must_match_contract"):
        change_price_plan(actor=actor, product="api", group=replace(CALLS, currency="EUR"), at=AT)
    with refuses(actor, "code_must_be_known"):
        change_price_plan(actor=actor, product="api", group=ONE_PRICE, at=AT)
    with refuses(actor, "code_must_be_known"):
        change_price_plan(actor=actor, product="nothing", group=CALLS, at=AT)


IN_PERCENT = replace(CALLS, pricing_model="percentage_based", tiers=(Tier(number=1, percentage=Decimal("0.9")),))
OTHER_MEASURES = (
    replace(IN_PERCENT, tiers=(Tier(number=1, price=Decimal("0.9")),)),
    replace(ONE_PRICE, tiers=(Tier(number=1, percentage=Decimal(10)),)),
    replace(
        ONE_PRICE, pricing_model="package", package_size=Decimal(5), tiers=(Tier(number=1, percentage=Decimal(1)),)
    ),
)


def own_price(**price: Decimal) -> TierPriceOverride:
    return TierPriceOverride(product_id="api", usage_group_id=CALLS.id, tier_number=1, **price)


def test_prices_in_another_measure_than_their_plan_are_not_told(actor: Actor):
    create_product(actor=actor, product=SUPPORT, at=AT)
    for group in OTHER_MEASURES:
        with refuses(actor, "price_must_fit_the_pricing_model"):
            create_product(actor=actor, product=replace(API, usage_groups=(group,)), at=AT)
        with refuses(actor, "price_must_fit_the_pricing_model"):
            create_usage_group(actor=actor, product="support", group=group, at=AT)
        with refuses(actor, "price_must_fit_the_pricing_model"):
            import_terms(actor=actor, terms=Terms(products=(replace(API, usage_groups=(group,)),)), at=AT)
    terms = Terms(
        products=(replace(API, usage_groups=(IN_PERCENT,)),),
        contracts=(replace(BARE, tier_price_overrides=(own_price(price=Decimal("0.5")),)),),
    )
    with refuses(actor, "price_must_fit_the_pricing_model"):
        import_terms(actor=actor, terms=terms, at=AT)


def test_own_prices_in_another_measure_than_their_plan_are_not_told(actor: Actor):
    create_product(actor=actor, product=replace(API, usage_groups=(IN_PERCENT,)), at=AT)
    create_customer(actor=actor, code="Acme", name="Acme", at=AT)
    with refuses(actor, "price_must_fit_the_pricing_model"):
        own = (own_price(price=Decimal("0.5")),)
        create_contract(actor=actor, contract=replace(BARE, tier_price_overrides=own), at=AT)
    own = (own_price(percentage=Decimal("0.5")),)
    create_contract(actor=actor, contract=replace(BARE, tier_price_overrides=own), at=AT)
    with refuses(actor, "price_must_fit_the_pricing_model"):
        set_tier_price_override(actor=actor, contract="bare", override=own_price(price=Decimal("0.5")), at=AT)
    with refuses(actor, "price_must_fit_the_pricing_model"):  # 0.5 % would be half a cent for each call
        change_price_plan(actor=actor, product="api", group=replace(ONE_PRICE, id=CALLS.id), at=AT)
    change_price_plan(actor=actor, product="api", group=replace(IN_PERCENT, free_units=Decimal(1)), at=AT)


def test_prices_of_before_that_are_in_another_measure_stay_as_they_were_told(actor: Actor):
    """They are computed as they were, and a plan may be told again and changed with them, though not to others of their kind."""
    create_product(actor=actor, product=replace(API, usage_groups=(IN_PERCENT,)), at=AT)
    create_customer(actor=actor, code="Acme", name="Acme", at=AT)
    own = (own_price(percentage=Decimal("0.5")),)
    create_contract(actor=actor, contract=replace(BARE, tier_price_overrides=own), at=AT)
    with books_of(actor):
        rows_of(actor, models.Tier).update(price=Decimal("0.9"), percentage=None)
        rows_of(actor, models.TierPriceOverride).update(price=Decimal("0.9"), percentage=None)
    old = OTHER_MEASURES[0]
    change_price_plan(actor=actor, product="api", group=old, at=AT)
    assert load_terms(actor).products[0].usage_groups == (old,)
    set_tier_price_override(actor=actor, contract="bare", override=own_price(price=Decimal("0.9")), at=AT)
    duplicate_contract(actor=actor, contract="bare", code="copy", at=AT)
    assert [contract.tier_price_overrides for contract in load_terms(actor).contracts] == [
        (own_price(price=Decimal("0.9")),)
    ] * 2
    for other in (
        replace(old, tiers=(Tier(number=1, price=Decimal("0.8")),)),
        replace(
            old,
            tiers=(
                Tier(number=1, upper_quantity=Decimal(5), price=Decimal("0.9")),
                Tier(number=2, price=Decimal("0.9")),
            ),
        ),
        replace(OTHER_MEASURES[1], id=old.id),
    ):
        with refuses(actor, "price_must_fit_the_pricing_model"):
            change_price_plan(actor=actor, product="api", group=other, at=AT)
    more_free = replace(old, free_units=Decimal(1), unit_of_measure="dollar")
    change_price_plan(actor=actor, product="api", group=more_free, at=AT)
    assert load_terms(actor).products[0].usage_groups == (more_free,)


def test_starts_of_tiers_stay_as_they_were_told_where_they_say_the_same(actor: Actor):
    """A start that was not told is the end of the tier before: who tells that one tells the same plan."""
    ends = (Decimal(1000), Decimal(2000), None)

    def plan(*starts: int | None, ends: tuple[Decimal | None, ...] = ends) -> UsageGroup:
        tiers = tuple(
            Tier(number=number, lower_quantity=None if start is None else Decimal(start), upper_quantity=end, price=ONE)
            for number, (start, end) in enumerate(zip(starts, ends, strict=True), 1)
        )
        return UsageGroup(id="calls", pricing_model="graduated_tiered", tiers=tiers)

    create_product(actor=actor, product=replace(API, usage_groups=(plan(None, None, 2001),)), at=AT)
    for said, is_kept in (
        (plan(0, 1000, 2001), plan(None, None, 2001)),
        (plan(0, 1001, 2000), plan(None, 1001, 2000)),
        (plan(None, None, None), plan(None, None, 2000)),
        (
            plan(0, 1001, 2000, ends=(Decimal(1001), Decimal(2000), None)),
            plan(None, None, 2000, ends=(Decimal(1001), *ends[1:])),  # what is told is where the one before ends
        ),
    ):
        change_price_plan(actor=actor, product="api", group=said, at=AT)
        assert load_terms(actor).products[0].usage_groups == (is_kept,)


def test_a_bundle_comes_back_with_its_lines_in_their_order(actor: Actor):
    for product in (SUPPORT, API):
        create_product(actor=actor, product=product, at=AT)
    create_product_bundle(actor=actor, bundle=SUITE, name="The suite", at=AT)

    assert load_terms(actor).product_bundles == (SUITE,)
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == (
        "create_product_bundle",
        "product_bundle",
        "suite",
    )
    assert entry.after["name"] == "The suite"
    assert [line["percentage"] for line in entry.after["lines"]] == ["70", "30"]


REFUSED_BUNDLES = [
    ([("api", 70, None), ("support", 20, None)], "bundle_must_sum_to_100"),
    ([("api", 70, None), ("support", None, 30)], "bundle_must_use_one_basis"),
    ([("api", 170, None), ("support", -70, None)], "percentage_must_be_between_0_and_100"),
    ([("api", None, 0)], "amount_must_be_positive"),
    ([("api", 50, None), ("nothing", 50, None)], "code_must_be_known"),
    ([("api", 50, None), ("api", 50, None)], "code_must_be_unused"),
]


@pytest.mark.parametrize(("lines", "code"), REFUSED_BUNDLES, ids=[code for _, code in REFUSED_BUNDLES])
def test_a_bundle_that_cannot_be_leaves_nothing(
    actor: Actor, lines: list[tuple[str, int | None, int | None]], code: str
):
    for product in (SUPPORT, API):
        create_product(actor=actor, product=product, at=AT)
    told = tuple(
        BundleLine(
            product_id=product,
            percentage=None if percentage is None else Decimal(percentage),
            standalone_price=None if price is None else Decimal(price),
        )
        for product, percentage, price in lines
    )
    with refuses(actor, code):
        create_product_bundle(actor=actor, bundle=ProductBundle(id="suite", lines=told), at=AT)


def test_the_catalogue_of_another_tenant_is_not_there(new_actor: Callable[[], Actor]):
    ours, theirs = new_actor(), new_actor()
    agree(theirs)
    before = kept(theirs)
    with refuses(ours, "code_must_be_known"):
        create_usage_group(actor=ours, product="api", group=ONE_PRICE, at=AT)
    with refuses(ours, "code_must_be_known"):
        change_price_plan(actor=ours, product="api", group=CHEAPER, at=AT)
    with refuses(ours, "code_must_be_known"):
        create_product_bundle(actor=ours, bundle=SUITE, at=AT)
    create_product(actor=ours, product=Product(id="api", name="Our own"), at=AT)  # an id is taken within a tenant
    assert kept(theirs) == before


def test_a_viewer_changes_nothing(actor: Actor):
    agree(actor, ACME)
    viewer = replace(actor, role="viewer")
    before = kept(actor)
    for attempt in (
        lambda: create_product(actor=viewer, product=replace(API, id="new"), at=AT),
        lambda: create_usage_group(actor=viewer, product="api", group=ONE_PRICE, at=AT),
        lambda: change_price_plan(actor=viewer, product="api", group=CHEAPER, at=AT),
        lambda: create_product_bundle(actor=viewer, bundle=replace(SUITE, id="new"), at=AT),
    ):
        with pytest.raises(Refused, match="role_must_allow_it"):
            attempt()
    assert kept(actor) == before
