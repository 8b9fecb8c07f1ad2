"""Usage groups of two products may have the same name: each is priced, and stands in the way, as one of any other name."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ratable_server.store.models import Contract
from ratable_server.store.scope import books_of, rows_of
from tests.server.operations.agreements import kept
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_minimum_quantities import QUANTITY, OnDay, lacking, posted, true_ups, used
from tests.wire.test_products import CALLS, TIERS

CHEAP, DEAR = ("0.10", "0.08", "0.05"), ("1.00", "0.80", "0.50")


@pytest.fixture
def groups(api: Api) -> list[Any]:
    """Calls of two products, of which 10,000 are worth 820.00 and 8,200.00, each with the id of its product."""
    products = [product_with_calls(api, name, prices) for name, prices in (("A", CHEAP), ("B", DEAR))]
    return [{**product["usage_groups"][0], "product": product["id"]} for product in products]


def product_with_calls(api: Api, name: str, prices: tuple[str, ...]) -> Told:
    tiers = [{**tier, "price": price} for tier, price in zip(TIERS, prices, strict=True)]
    product = api.post("product", {"product_name": name, "usage_groups": [{**CALLS, "tiers": tiers}]})
    assert product.status == 201, product.text
    return product


def with_minimum_from_before(api: Api, contract: int) -> None:
    """As books have it in which a minimum was agreed with two usage groups of one name."""
    with books_of(api.actor):
        rows_of(api.actor, Contract).filter(id=contract).update(minimum_monthly_commitment_quantity=Decimal(10_000))


def refused(told: Told, field: str, code: str) -> bool:
    return (told.status, list(told.body), told["code"]) == (400, [field, "code"], code)


def test_a_closed_true_up_keeps_the_prices_of_its_product(api: Api, groups: list[Any], on_day: OnDay):
    contract = signed(api, **{QUANTITY: 10_000})["id"]
    usage = used(api, contract, groups[0])
    on_day(2, 1)
    posted(api, 1)
    path, before = f"contracts/{contract}/usage/{usage['id']}", kept(api.actor)
    other = api.patch(path, {"product": groups[1]["product"], "usage_group": groups[1]["id"]})
    assert refused(other, "error", "period_must_be_open"), other.text
    gone = api.delete(path)
    assert refused(gone, "error", "period_must_be_open"), gone.text
    assert kept(api.actor) == before
    on_day(3, 1)
    posted(api, 2)
    assert true_ups(api) == [("2026-01-01", "2026-01-01", 820), ("2026-02-01", "2026-02-01", 820)]


def test_units_of_two_products_have_no_minimum(api: Api, groups: list[Any]):
    contract, two = signed(api, **{QUANTITY: 10_000})["id"], signed(api)["id"]
    assert used(api, contract, groups[0]).status == 201
    assert [used(api, two, group).status for group in groups] == [201, 201]
    before = kept(api.actor)
    second = used(api, contract, groups[1])
    assert refused(second, "usage_group", "minimum_quantity_needs_one_usage_group"), second.text
    late = api.patch(f"contracts/{two}", {QUANTITY: 10_000})
    assert refused(late, QUANTITY, "minimum_quantity_needs_one_usage_group"), late.text
    assert kept(api.actor) == before
    assert lacking(api, contract, "2026-01")[:3] == [10_000, 10_000, 820]


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_from_before_the_one_by_which_months_were_priced_stays(
    api: Api, groups: list[Any], on_day: OnDay, *, first: int
):
    """It is that of the item with the first id, whichever was agreed first; the other one can go."""
    contract = signed(api)["id"]
    usages = [used(api, contract, groups[number])["id"] for number in (first, 1 - first)]
    with_minimum_from_before(api, contract)
    on_day(2, 1)
    posted(api, 1)
    ((*_, worth),) = true_ups(api)
    assert worth in {820, 8_200}
    pricing, other = usages if worth == (820, 8_200)[first] else reversed(usages)
    path, before = f"contracts/{contract}/usage", kept(api.actor)
    gone = api.delete(f"{path}/{pricing}")
    assert refused(gone, "error", "period_must_be_open"), gone.text
    assert kept(api.actor) == before
    assert api.delete(f"{path}/{other}").status == 204
    on_day(3, 1)
    posted(api, 2)
    assert true_ups(api) == [("2026-01-01", "2026-01-01", worth), ("2026-02-01", "2026-02-01", worth)]


def test_the_line_that_does_not_price_can_be_of_the_one_that_does(api: Api, groups: list[Any], on_day: OnDay):
    """So a contract from before gets out of what could not be agreed."""
    contract = signed(api)["id"]
    usages = [used(api, contract, group)["id"] for group in groups]
    with_minimum_from_before(api, contract)
    on_day(2, 1)
    posted(api, 1)
    pricing = 0 if true_ups(api)[0][2] == 820 else 1
    of_it = {"product": groups[pricing]["product"], "usage_group": groups[pricing]["id"]}
    changed = api.patch(f"contracts/{contract}/usage/{usages[1 - pricing]}", of_it)
    assert changed.status == 200, changed.text
    before = true_ups(api)
    on_day(3, 1)
    posted(api, 2)
    assert true_ups(api)[:1] == before
    assert used(api, contract, groups[pricing]).status == 201


def test_each_has_its_own_prices_on_a_contract_and_on_its_copy(api: Api, groups: list[Any], on_day: OnDay):
    """An own price of the first tier for one of them: 1,000 calls cost 70.00 here, and 1,000.00 there; notes stay apart."""
    contract = signed(api)["id"]
    path = f"contracts/{contract}/tier-price-overrides"
    own = [
        {"tier": group["tiers"][0]["id"], "price": price} for group, price in zip(groups, ("0.07", "2"), strict=True)
    ]
    assert api.post(path, {**own[0], "notes": "of A"}).status == 201
    assert api.post(path, {**own[1], "notes": "of B"}).status == 201
    copy = api.post(f"contracts/{contract}/duplicate")["id"]
    for each in (contract, copy):
        rows = api.get(f"contracts/{each}/tier-price-overrides")["results"]
        told = [(row["usage_group_id"], row["price"], row["notes"]) for row in rows]
        assert told == [(groups[0]["id"], Decimal("0.07"), "of A"), (groups[1]["id"], 2, "of B")]
        assert [used(api, each, group, m01=1_000).status for group in groups] == [201, 201]
    on_day(2, 1)
    (told,) = posted(api, 1)["revenue"]
    assert told["amount"] == 2 * (70 + 2_000)
