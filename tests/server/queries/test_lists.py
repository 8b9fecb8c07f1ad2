"""Lists by pages: every field comes back, each filter, and the same statements however long the list is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ratable.terms import Product, TierPriceOverride
from ratable_server.actor import Actor
from ratable_server.operations.catalog import change_price_plan, create_product
from ratable_server.operations.contracts import create_contract
from ratable_server.operations.customers import create_customer
from ratable_server.operations.kept import Beside
from ratable_server.operations.price_overrides import set_tier_price_override
from ratable_server.operations.register import keep_entry
from ratable_server.queries.catalog import product_bundles, products, usage_group_of_tier, usage_groups
from ratable_server.queries.contract_lines import milestones, subscriptions, tier_price_overrides, usage_items
from ratable_server.queries.contracts import ContractsAsked, contracts
from ratable_server.queries.customers import customers
from ratable_server.queries.listing import Asked, Found
from ratable_server.queries.prepaid_commits import prepaid_commits
from ratable_server.queries.register import register
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, API, CALLS, JANUARY, NEXT_YEAR, agree

LATER = AT + timedelta(days=1)


def test_a_product_comes_back_with_all_that_was_told(actor: Actor):
    beside = {
        ("usage_group", "calls"): Beside(further={"name": "Calls"}),
        ("tier", "calls", "2"): Beside(further={"name": "from 1,001"}),
    }
    further = {"price": Decimal("0.10"), "tag_ids": [3, 5], "is_taxable": True, "description": None}
    create_product(actor=actor, product=API, further=further, beside=beside, at=AT)

    found = products(actor=actor)

    assert found.count == 1
    product = found.rows[0]
    assert (product.code, product.name, product.currency, product.further) == ("api", "API", "USD", further)
    assert str(product.further["price"]) == "0.10"
    assert (product.created_at, product.modified_at, product.deleted_at) == (AT, AT, None)
    (group,) = product.usage_groups
    assert (group.code, group.pricing_model, group.further) == ("calls", "volume_based", {"name": "Calls"})
    assert [(tier.number, tier.upper_quantity, tier.price, tier.further) for tier in group.tiers] == [
        (1, Decimal(1000), Decimal("0.10"), {}),
        (2, None, Decimal("0.08"), {"name": "from 1,001"}),
    ]
    assert usage_group_of_tier(actor=actor, tier_id=group.tiers[1].id) == group
    assert usage_group_of_tier(actor=actor, tier_id=0) is None


def test_a_tier_keeps_its_id_while_its_number_stays(actor: Actor):
    create_product(actor=actor, product=API, at=AT)
    (group,) = usage_groups(actor=actor).rows
    shorter = replace(CALLS, tiers=(replace(CALLS.tiers[1], number=1, price=Decimal("0.09")),))
    change_price_plan(actor=actor, product="api", group=shorter, at=LATER)
    change_price_plan(actor=actor, product="api", group=CALLS, at=LATER)

    (again,) = usage_groups(actor=actor).rows

    assert [tier.id for tier in again.tiers] == [tier.id for tier in group.tiers]
    assert [tier.price for tier in again.tiers] == [Decimal("0.10"), Decimal("0.08")]
    assert (again.id, again.created_at, again.modified_at) == (group.id, AT, LATER)


def test_pages_are_in_the_order_of_ids(actor: Actor):
    for number in range(5):
        at = AT + timedelta(hours=number)
        create_product(actor=actor, product=Product(id=f"p{number}", name="P"), at=at)

    def codes(asked: Asked) -> tuple[int, list[str]]:
        found = products(actor=actor, asked=asked)
        return found.count, [row.code for row in found.rows]

    assert codes(Asked(limit=2)) == (5, ["p0", "p1"])
    assert codes(Asked(limit=2, offset=4)) == (5, ["p4"])
    assert codes(Asked(limit=2, offset=9)) == (5, [])
    assert codes(Asked(limit=0)) == (5, [])
    assert codes(Asked(modified_from=AT + timedelta(hours=3))) == (2, ["p3", "p4"])
    assert codes(Asked(modified_from=AT, modified_through=AT + timedelta(hours=1))) == (2, ["p0", "p1"])
    assert codes(Asked(codes=["p3", "p9"])) == (1, ["p3"])
    assert codes(Asked(is_deleted=True)) == (0, [])


def test_what_was_agreed_comes_back(actor: Actor):
    agree(actor)
    own = TierPriceOverride(product_id="api", usage_group_id="calls", tier_number=2, price=Decimal("0.07"))
    set_tier_price_override(actor=actor, contract="acme", override=own, further={"source": "manual"}, at=LATER)

    (contract,) = contracts(actor=actor).rows
    assert (contract.code, contract.customer, contract.customer_name) == ("acme", "Acme Inc", "Acme Inc")
    assert (contract.currency, contract.starts_on, contract.ends_before) == ("USD", JANUARY, NEXT_YEAR)
    assert (contract.terminated_on, contract.has_invoices, contract.has_journal_entries) == (None, False, False)

    calls, suite = usage_items(actor=actor, contract_id=contract.id).rows
    assert (calls.code, calls.product, calls.usage_group, calls.draws) == ("acme-calls", "api", "calls", True)
    assert (suite.code, suite.product, suite.bundle, suite.allocation) == ("acme-suite", None, "suite", None)
    (seats,) = subscriptions(actor=actor, contract_id=contract.id).rows
    assert (seats.code, seats.total_value, seats.contract) == ("seats", Decimal(1200), "acme")
    (setup,) = milestones(actor=actor, contract_id=contract.id).rows
    assert (setup.code, setup.on, setup.amount) == ("setup", date(2026, 2, 10), Decimal(500))
    (price,) = tier_price_overrides(actor=actor, contract_id=contract.id).rows
    (group,) = usage_groups(actor=actor).rows
    assert (price.price, price.tier_id, price.further) == (Decimal("0.07"), group.tiers[1].id, {"source": "manual"})
    (bundle,) = product_bundles(actor=actor).rows
    assert [(line.product, line.percentage) for line in bundle.lines] == [
        ("api", Decimal(70)),
        ("support", Decimal(30)),
    ]
    assert [customer.contracts for customer in customers(actor=actor).rows] == [("acme",)]
    assert usage_items(actor=actor, contract_id=0) == Found(count=0, rows=())


def test_contracts_are_found_by_text_name_and_customer(actor: Actor):
    agree(actor)
    create_customer(actor=actor, code="b", name="Bolt 100% GmbH", at=AT)
    bare = replace(ACME, customer="b", usage_items=(), prepaid_commits=(), subscriptions=(), milestones=())
    create_contract(actor=actor, contract=replace(bare, id="k2"), name="Second deal", further={"tag": 1}, at=LATER)
    bolt = customers(actor=actor, asked=Asked(codes=["b"])).rows[0]

    def codes(asked: ContractsAsked) -> list[str]:
        return [row.code for row in contracts(actor=actor, asked=asked).rows]

    assert codes(ContractsAsked(text="SECOND")) == ["k2"]
    assert codes(ContractsAsked(text="100% g")) == ["k2"]
    assert codes(ContractsAsked(text="acme")) == ["acme"]
    assert codes(ContractsAsked(text="%")) == ["k2"]
    assert codes(ContractsAsked(names=["Second deal"])) == ["k2"]
    assert codes(ContractsAsked(customer_ids=[bolt.id])) == ["k2"]
    assert codes(ContractsAsked(modified_from=LATER)) == ["k2"]
    assert [row.name for row in customers(actor=actor, text="bolt").rows] == ["Bolt 100% GmbH"]


LISTS: list[Callable[..., Found[Any]]] = [
    products, usage_groups, product_bundles, customers, contracts, usage_items, subscriptions, milestones,
    tier_price_overrides, prepaid_commits,
]  # fmt: skip


@pytest.mark.parametrize("listed", LISTS, ids=lambda listed: listed.__name__)
def test_statements_do_not_grow_with_the_list(actor: Actor, listed: Callable[..., Found[Any]]):
    agree(actor)
    few = statements(lambda: listed(actor=actor))
    for number in range(3):
        more(actor, number)

    assert listed(actor=actor).count >= (0 if listed is tier_price_overrides else 1)
    assert statements(lambda: listed(actor=actor)) == few


def more(actor: Actor, number: int) -> None:
    """Another product with a bundle's worth of groups, another customer and contract."""
    create_product(actor=actor, product=replace(API, id=f"api-{number}"), at=AT)
    create_customer(actor=actor, code=f"c{number}", name="C", at=AT)
    items = tuple(replace(item, id=f"{item.id}-{number}") for item in ACME.usage_items)
    commits = tuple(replace(commit, id=f"{commit.id}-{number}") for commit in ACME.prepaid_commits)
    again = replace(ACME, id=f"k{number}", customer=f"c{number}", usage_items=items, prepaid_commits=commits)
    create_contract(actor=actor, contract=again, at=AT)


def statements(work: Callable[[], object]) -> int:
    with CaptureQueriesContext(connection) as captured:
        work()
    return len(captured)


def test_the_register_is_listed_by_kind(actor: Actor):
    keep_entry(actor=actor, kind="tag", code="t-1", further={"name": "West"}, at=AT)
    keep_entry(actor=actor, kind="department", code="d-1", further={"name": "Sales"}, at=AT)
    keep_entry(actor=actor, kind="tag", code="t-2", further={"name": "East"}, at=LATER)

    assert [entry.further["name"] for entry in register(actor=actor, kind="tag").rows] == ["West", "East"]
    assert [row.code for row in register(actor=actor, kind="tag", asked=Asked(modified_from=LATER)).rows] == ["t-2"]
