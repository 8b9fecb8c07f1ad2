"""What is agreed is changed or taken away: as long as no closed month and nothing that happened depends on it."""

# mypy: disable-error-code="comparison-overlap"
# Whole decimals are told as whole numbers.

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import Contract, Milestone, PrepaidCommit, Subscription, UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.catalog import create_product
from ratable_server.operations.catalog_changes import (
    ProductHead,
    delete_product,
    delete_product_bundle,
    delete_usage_group,
    modify_product,
    modify_product_bundle,
)
from ratable_server.operations.contracts import create_contract, delete_contract
from ratable_server.operations.customers import create_customer, delete_customer, modify_customer
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.milestones import delete_milestone, modify_milestone
from ratable_server.operations.periods import close_period
from ratable_server.operations.prepaid_commits import delete_prepaid_commit, modify_prepaid_commit
from ratable_server.operations.subscriptions import delete_subscription, modify_subscription
from ratable_server.operations.usage import record_usage
from ratable_server.operations.usage_items import delete_usage_item, modify_usage_item
from ratable_server.queries.catalog import product_bundles, products
from ratable_server.queries.contract_lines import milestones, usage_items
from ratable_server.queries.contracts import contracts
from ratable_server.queries.customers import customers
from ratable_server.queries.listing import Asked
from ratable_server.queries.prepaid_commits import prepaid_balances, prepaid_commits
from ratable_server.queries.revenue import RevenueAsked, revenue_transactions
from ratable_server.store.load.terms import load_terms
from tests.server.conftest import AT
from tests.server.operations.agreements import (
    ACME,
    API,
    JANUARY,
    MARCH,
    NEXT_YEAR,
    SUITE,
    agree,
    last_entry,
    refuses,
)

LATER = AT + timedelta(days=1)
FEBRUARY = date(2026, 2, 1)
ITEM, BUNDLED = ACME.usage_items
(POOL,) = ACME.prepaid_commits
(SEATS,) = ACME.subscriptions
(SETUP,) = ACME.milestones


def signed(actor: Actor) -> Contract:
    (contract,) = load_terms(actor, ["acme"]).contracts
    return contract


def use(actor: Actor, used_on: date, quantity: int = 500, item: str = "acme-calls") -> None:
    record = {"item": item, "used_on": used_on, "quantity": quantity, "id": f"{item}-{used_on}"}
    record_usage(actor=actor, records=[record], at=AT)


def close_january(actor: Actor) -> None:
    """500 calls of January at 0.10 are drawn from the pool, and posted."""
    use(actor, date(2026, 1, 20))
    close_period(actor=actor, month_on=JANUARY, at=LATER)


def item(actor: Actor, line: UsageItem, **told: Any) -> UsageItem:
    return modify_usage_item(actor=actor, contract="acme", item=line, at=LATER, **told)


def commit(actor: Actor, line: PrepaidCommit, **told: Any) -> PrepaidCommit:
    return modify_prepaid_commit(actor=actor, contract="acme", commit=line, at=LATER, **told)


def subscription(actor: Actor, line: Subscription, **told: Any) -> Subscription:
    return modify_subscription(actor=actor, contract="acme", subscription=line, at=LATER, **told)


def milestone(actor: Actor, line: Milestone, **told: Any) -> Milestone:
    return modify_milestone(actor=actor, contract="acme", milestone=line, at=LATER, **told)


OTHER_ITEM = replace(ITEM, draws=False, ends_before=NEXT_YEAR)
OTHER_POOL = replace(POOL, total_value=Decimal(1500), discount_percentage=Decimal(10), starts_on=FEBRUARY, priority=3)
OTHER_SEATS = replace(SEATS, total_value=Decimal(2400), product_id="support", ends_before=MARCH)
OTHER_SETUP = replace(SETUP, on=MARCH, amount=Decimal(700))


# ── before anything is closed everything may change ──────────────────────────────────────────


def test_each_line_is_changed_as_a_whole_and_gives_what_it_was(actor: Actor):
    agree(actor)
    assert item(actor, OTHER_ITEM, further={"description": "Calls"}) == ITEM
    assert commit(actor, OTHER_POOL, name="Pool") == POOL
    assert subscription(actor, OTHER_SEATS, seen=SEATS) == SEATS
    assert milestone(actor, OTHER_SETUP) == SETUP

    assert signed(actor) == replace(
        ACME,
        usage_items=(OTHER_ITEM, BUNDLED),
        prepaid_commits=(OTHER_POOL,),
        subscriptions=(OTHER_SEATS,),
        milestones=(OTHER_SETUP,),
    )
    first = usage_items(actor=actor).rows[0]
    assert (first.further, first.created_at, first.modified_at) == ({"description": "Calls"}, AT, LATER)
    assert prepaid_commits(actor=actor).rows[0].name == "Pool"


def test_a_change_tells_the_audit_of_its_contract(actor: Actor):
    agree(actor)
    milestone(actor, OTHER_SETUP, further={"milestone_name": "Set-up"})
    entry = last_entry(actor)
    assert (entry.action, entry.subject_kind, entry.subject_code) == ("modify_milestone", "contract", "acme")
    assert (entry.before["amount"], entry.after["amount"]) == ("500", "700")
    assert entry.after["further"] == {"milestone_name": "Set-up"}


def test_what_is_kept_beside_stays_unless_it_is_told(actor: Actor):
    agree(actor)
    commit(actor, POOL, name="Pool", further={"cadence": "monthly"})
    commit(actor, replace(POOL, priority=2))
    (found,) = prepaid_commits(actor=actor).rows
    assert (found.name, found.further, found.priority) == ("Pool", {"cadence": "monthly"}, 2)


REFUSED: list[tuple[Any, Any, dict[str, Any], str]] = [
    (item, replace(ITEM, id="none"), {}, "item_must_be_known"),
    (item, replace(ITEM, usage_group_id="none"), {}, "code_must_be_known"),
    (item, replace(ITEM, ends_before=JANUARY), {}, "dates_must_ascend"),
    (item, OTHER_ITEM, {"seen": OTHER_ITEM}, "change_must_be_of_what_was_seen"),
    (item, ITEM, {"further": {"x": "\x00"}}, "text_must_be_plain"),
    (commit, replace(POOL, id="none"), {}, "prepaid_commit_must_be_known"),
    (commit, replace(POOL, total_value=Decimal(0)), {}, "amount_must_be_positive"),
    (commit, replace(POOL, currency="EUR"), {}, "prepaid_commit_currency_must_match_contract"),
    (subscription, replace(SEATS, id="none"), {}, "item_must_be_known"),
    (subscription, replace(SEATS, total_value=Decimal("0.001")), {}, "amount_must_fit_currency"),
    (milestone, replace(SETUP, amount=Decimal(-1)), {}, "amount_must_be_positive"),
    (milestone, replace(SETUP, product_id="none"), {}, "code_must_be_known"),
]


@pytest.mark.parametrize(("change", "line", "told", "code"), REFUSED)
def test_what_cannot_be_agreed_is_refused_and_changes_nothing(
    actor: Actor, change: Any, line: Any, told: dict[str, Any], code: str
):
    agree(actor)
    with refuses(actor, code):
        change(actor, line, **told)


# ── closed months stay ───────────────────────────────────────────────────────────────────────


def test_what_a_closed_month_has_posted_keeps_its_terms(actor: Actor):
    agree(actor)
    close_january(actor)

    tried: tuple[tuple[Any, Any], ...] = (
        (item, replace(ITEM, draws=False)),
        (item, replace(ITEM, product_id="support", usage_group_id=None)),
        (commit, replace(POOL, discount_percentage=Decimal(10))),
        (commit, replace(POOL, rate=Decimal("0.2"))),
        (commit, replace(POOL, product_id=None)),
        (commit, replace(POOL, starts_on=FEBRUARY)),
        (commit, replace(POOL, ends_before=FEBRUARY)),
        (commit, replace(POOL, total_value=Decimal(900))),
        (subscription, replace(SEATS, starts_on=FEBRUARY)),
        (subscription, replace(SEATS, product_id="support")),
        (subscription, replace(SEATS, ends_before=FEBRUARY)),
    )
    for change, line in tried:
        with refuses(actor, "period_must_be_open"):
            change(actor, line)
    with refuses(actor, "item_must_cover_its_usage"):
        item(actor, replace(ITEM, starts_on=FEBRUARY))
    with refuses(actor, "prepaid_commit_must_cover_its_draws"):
        commit(actor, replace(POOL, total_value=Decimal(49)))


def test_what_only_open_months_have_may_change(actor: Actor):
    agree(actor)
    close_january(actor)

    item(actor, replace(ITEM, ends_before=MARCH), further={"note": "ends"})
    commit(actor, replace(POOL, priority=2, ends_before=MARCH), name="Short pool")
    milestone(actor, OTHER_SETUP)
    subscription(actor, replace(SEATS, total_value=Decimal(2400)))

    rows = revenue_transactions(actor=actor, on=MARCH, asked=RevenueAsked(booked_through=FEBRUARY)).rows
    assert sorted((f"{row.booked_on:%m}", row.kind, row.amount, row.is_posted) for row in rows) == [
        ("01", "drawdown", Decimal("50.00"), True),
        ("01", "subscription", Decimal("101.92"), True),  # 1,200 x 31/365
        ("02", "breakage", Decimal("950.00"), False),
        ("02", "subscription", Decimal("101.92"), False),  # 2,400 x 31/365 less what January posted
        ("02", "subscription", Decimal("184.11"), False),  # 2,400 x 28/365, rounded with the month before
    ]


def test_more_for_a_pool_that_began_in_a_closed_month_is_a_top_up(actor: Actor):
    agree(actor)
    close_january(actor)

    commit(actor, replace(POOL, total_value=Decimal(1500)))

    (found,) = prepaid_commits(actor=actor).rows
    assert (found.total_value, found.added) == (1000, 500)
    assert prepaid_balances(actor=actor, commits=[found], on=FEBRUARY)["pool"].remaining == 1450
    commit(actor, replace(POOL, total_value=Decimal(1500)), name="The same again")
    assert [(one.total_value, one.added) for one in prepaid_commits(actor=actor).rows] == [(1000, 500)]
    with refuses(actor, "period_must_be_open"):
        commit(actor, replace(POOL, total_value=Decimal(1400)))


def test_usage_of_open_months_limits_what_an_item_can_become(actor: Actor):
    agree(actor)
    use(actor, date(2026, 2, 10))
    with refuses(actor, "item_must_cover_its_usage"):
        item(actor, replace(ITEM, ends_before=FEBRUARY))
    with refuses(actor, "nothing_must_depend_on_it"):
        item(actor, replace(ITEM, usage_group_id=None))
    item(actor, replace(ITEM, draws=False))
    (row,) = revenue_transactions(actor=actor, on=MARCH, asked=RevenueAsked(usage_items=["acme-calls"])).rows
    assert (row.kind, row.amount) == ("usage", Decimal("50.00"))


# ── taken away ───────────────────────────────────────────────────────────────────────────────


def test_what_is_gone_does_not_count_and_is_listed_as_gone(actor: Actor):
    agree(actor)
    use(actor, date(2026, 1, 20))
    delete_prepaid_commit(actor=actor, contract="acme", code="pool", at=LATER)
    delete_subscription(actor=actor, contract="acme", code="seats", at=LATER)
    delete_milestone(actor=actor, contract="acme", code="setup", at=LATER)
    delete_usage_item(actor=actor, contract="acme", code="acme-suite", at=LATER)

    assert signed(actor) == replace(ACME, usage_items=(ITEM,), prepaid_commits=(), subscriptions=(), milestones=())
    (row,) = revenue_transactions(actor=actor, on=MARCH).rows
    assert (row.kind, row.amount) == ("usage", Decimal("50.00"))  # no pool to draw on
    (gone,) = milestones(actor=actor, asked=Asked(is_deleted=True)).rows
    assert (gone.code, gone.deleted_at, gone.modified_at) == ("setup", LATER, LATER)
    assert milestones(actor=actor).count == 0
    with refuses(actor, "item_must_be_known"):
        delete_milestone(actor=actor, contract="acme", code="setup", at=LATER)
    with refuses(actor, "item_must_be_known"):
        milestone(actor, SETUP)


def test_what_something_stands_on_stays(actor: Actor):
    agree(actor)
    close_january(actor)
    invoice = Invoice(contract="acme", amount=Decimal(500), milestone="setup")
    file_invoice(actor=actor, invoice=invoice, on=FEBRUARY, further={"number": "INV-1"}, at=LATER)

    for delete, code in (
        (delete_usage_item, "acme-calls"),
        (delete_prepaid_commit, "pool"),
        (delete_subscription, "seats"),
        (delete_milestone, "setup"),
    ):
        with refuses(actor, "nothing_must_depend_on_it"):
            delete(actor=actor, contract="acme", code=code, at=LATER)
    with refuses(actor, "nothing_must_depend_on_it"):
        delete_contract(actor=actor, contract="acme", at=LATER)


def test_no_usage_is_taken_for_what_is_gone(actor: Actor):
    agree(actor)
    delete_usage_item(actor=actor, contract="acme", code="acme-calls", at=LATER)
    receipt = record_usage(
        actor=actor,
        records=[{"item": "acme-calls", "used_on": FEBRUARY, "quantity": 1, "id": "late"}],
        is_partial=True,
        at=LATER,
    )
    assert (receipt.rows_accepted, receipt.rows_rejected) == (0, 1)


def test_a_contract_goes_with_all_that_is_on_it_and_the_close_does_without(actor: Actor):
    agree(actor)
    create_customer(actor=actor, code="bolt", name="Bolt", at=AT)
    bare = replace(ACME, id="k2", customer="bolt", usage_items=(), prepaid_commits=(), milestones=())
    create_contract(actor=actor, contract=bare, at=AT)
    delete_contract(actor=actor, contract="acme", at=LATER)

    assert [row.code for row in contracts(actor=actor).rows] == ["k2"]
    assert [row.code for row in contracts(actor=actor, asked=Asked(is_deleted=True)).rows] == ["acme"]
    assert (usage_items(actor=actor).count, usage_items(actor=actor, asked=Asked(is_deleted=True)).count) == (0, 2)
    close_period(actor=actor, month_on=JANUARY, at=LATER)
    extra = replace(ACME, id="k3", customer="bolt", usage_items=(), prepaid_commits=(), subscriptions=())
    create_contract(actor=actor, contract=extra, at=LATER)
    delete_contract(actor=actor, contract="k3", at=LATER)
    close_period(actor=actor, month_on=FEBRUARY, at=LATER)

    rows = revenue_transactions(actor=actor, on=FEBRUARY, asked=RevenueAsked(booked_through=FEBRUARY)).rows
    assert [(row.contract, row.amount) for row in rows] == [("k2", Decimal("101.92")), ("k2", Decimal("92.05"))]
    with refuses(actor, "code_must_be_unused"):
        create_contract(actor=actor, contract=replace(bare, id="acme"), at=LATER)
    with refuses(actor, "contract_must_be_known"):
        delete_contract(actor=actor, contract="acme", at=LATER)


# ── the catalogue and customers ──────────────────────────────────────────────────────────────


def test_a_product_changes_and_goes_while_nobody_has_agreed_to_it(actor: Actor):
    agree(actor)
    create_product(actor=actor, product=replace(API, id="new"), at=AT)
    head = ProductHead(name="API calls", currency="USD")
    was = modify_product(actor=actor, product="api", head=head, further={"price": Decimal("1.10")}, at=LATER)
    assert was == ProductHead(name="API", currency="USD")
    with refuses(actor, "price_plan_currency_must_match_contract"):
        modify_product(actor=actor, product="api", head=replace(head, currency="EUR"), at=LATER)
    with refuses(actor, "change_must_be_of_what_was_seen"):
        modify_product(actor=actor, product="api", head=head, seen=was, at=LATER)
    with refuses(actor, "nothing_must_depend_on_it"):
        delete_usage_group(actor=actor, product="api", group="calls", at=LATER)
    with refuses(actor, "nothing_must_depend_on_it"):
        delete_product(actor=actor, product="support", at=LATER)  # a bundle has it
    delete_usage_group(actor=actor, product="new", group="calls", at=LATER)
    delete_product(actor=actor, product="new", at=LATER)

    assert [(row.code, row.name) for row in products(actor=actor).rows] == [
        ("api", "API calls"),
        ("support", "Support"),
    ]
    assert products(actor=actor).rows[0].further == {"price": Decimal("1.10")}
    (gone,) = products(actor=actor, asked=Asked(is_deleted=True)).rows
    assert (gone.code, gone.usage_groups, gone.deleted_at) == ("new", (), LATER)


def test_a_bundle_changes_for_what_is_agreed_later(actor: Actor):
    agree(actor)
    use_amount(actor)
    halves = replace(SUITE, lines=tuple(replace(line, percentage=Decimal(50)) for line in SUITE.lines))
    assert modify_product_bundle(actor=actor, bundle=halves, name="Halves", at=LATER) == SUITE
    later = UsageItem(id="suite-2", product_bundle_id="suite", starts_on=JANUARY)
    create_customer(actor=actor, code="bolt", name="Bolt", at=AT)
    create_contract(
        actor=actor,
        contract=Contract(id="k2", customer="bolt", currency="USD", starts_on=JANUARY, usage_items=(later,)),
        at=LATER,
    )
    use_amount(actor, "suite-2")

    rows = revenue_transactions(actor=actor, on=MARCH, asked=RevenueAsked(kinds=["usage"])).rows
    assert sorted((row.contract, row.product, row.amount) for row in rows) == [
        ("acme", "api", Decimal("70.00")),
        ("acme", "support", Decimal("30.00")),
        ("k2", "api", Decimal("50.00")),
        ("k2", "support", Decimal("50.00")),
    ]
    assert product_bundles(actor=actor).rows[0].name == "Halves"
    with refuses(actor, "nothing_must_depend_on_it"):
        delete_product_bundle(actor=actor, bundle="suite", at=LATER)
    with refuses(actor, "bundle_must_sum_to_100"):
        modify_product_bundle(actor=actor, bundle=replace(SUITE, lines=SUITE.lines[:1]), at=LATER)


def use_amount(actor: Actor, item_code: str = "acme-suite") -> None:
    record = {"item": item_code, "used_on": date(2026, 1, 9), "amount": 100, "id": item_code}
    record_usage(actor=actor, records=[record], at=AT)


def test_customers_change_and_go_while_they_have_no_contract(actor: Actor):
    agree(actor)
    create_customer(actor=actor, code="bolt", name="Bolt", further={"email": "b@example.com"}, at=AT)
    assert modify_customer(actor=actor, customer="bolt", name="Bolt GmbH", at=LATER) == "Bolt"
    (bolt,) = customers(actor=actor, asked=Asked(codes=["bolt"])).rows
    assert (bolt.name, bolt.further, bolt.modified_at) == ("Bolt GmbH", {"email": "b@example.com"}, LATER)
    delete_customer(actor=actor, customer="bolt", at=LATER)
    assert [row.code for row in customers(actor=actor).rows] == ["Acme Inc"]
    with refuses(actor, "nothing_must_depend_on_it"):
        delete_customer(actor=actor, customer="Acme Inc", at=LATER)
    with refuses(actor, "code_must_be_known"):
        modify_customer(actor=actor, customer="bolt", name="x", at=LATER)
