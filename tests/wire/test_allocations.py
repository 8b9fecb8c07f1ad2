"""Splits of subscriptions and milestones over the wire: changed in open months, caught up for closed ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from ratable_server.operations.periods import close_period
from ratable_server.queries.journals import JournalAsked, journal_lines
from tests.server.conftest import AT
from tests.server.soundness import assert_sound
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_usage import product_of

SEASON = {"start_date": "2026-01-01", "end_date": "2026-04-30", "lines": [{"total_value": "40000.00"}]}


def bundle_of(api: Api, *shares: str) -> tuple[int, list[int]]:
    """A bundle of products with these percentages."""
    products = [int(product_of(api, name)["id"]) for name in ("Tokens", "Seats", "Setup")[: len(shares)]]
    lines = [{"product": each, "percentage_allocation": share} for each, share in zip(products, shares, strict=True)]
    return int(api.post("product-bundles", {"bundle_name": "All", "lines": lines})["id"]), products


def season(api: Api) -> tuple[str, list[int], Told]:
    """40,000.00 over four months, 70 and 30 %; the path of its split."""
    bundle, products = bundle_of(api, "70", "30")
    path = f"contracts/{signed(api)['id']}/subscriptions"
    told = api.post(path, {**SEASON, "product_bundle": bundle})
    assert told.status == 201, told.text
    return f"{path}/{told['id']}/allocations", products, told


def revenue(api: Api) -> list[tuple[Any, ...]]:
    """Every row: month, product, amount, what is posted."""
    rows = api.get("transactions")["results"]
    return sorted(
        (row["accounting_period"][5:7], row["product_name"], row["amount"], row["recognized"]) for row in rows
    )


def split(products: list[int], *amounts: str) -> dict[str, Any]:
    return {"lines": [{"product": each, "amount": amount} for each, amount in zip(products, amounts, strict=True)]}


def shares(told: Told) -> list[tuple[Any, Any]]:
    return [(line["amount"], line["percentage"]) for line in told["lines"]]


def test_a_subscription_of_a_bundle_is_revenue_of_its_products(api: Api):
    path, products, told = season(api)
    own = told["contract_product_bundle"]
    assert (told["product"], told["product_bundle_name"], own["total_amount"]) == (None, "All", 40_000)
    assert [(line["product"], line["amount"], line["original_percentage"]) for line in own["lines"]] == [
        (products[0], 28_000, 70), (products[1], 12_000, 30),
    ]  # fmt: skip
    found = api.get(path)
    assert (found["license_term_start_date"], shares(found)) == ("2026-01-01", [(28_000, "70.00"), (12_000, "30.00")])
    assert [line["component_type"] for line in found["lines"]] == ["SUBSCRIPTION"] * 2
    assert revenue(api)[:3] == [("01", "Seats", 3_000, 0), ("01", "Tokens", 7_000, 0), ("02", "Seats", 3_000, 0)]


def test_a_split_changes_open_months_and_is_caught_up_for_closed_ones(api: Api):
    """7,000/3,000 a month becomes 6,500/3,500: January's 500.00 are moved in February, the first open month."""
    path, products, _ = season(api)
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    before = revenue(api)
    told = api.put(path, split(products, "26000.00", "14000.00"))
    assert (told.status, shares(told)) == (200, [(26_000, "65.00"), (14_000, "35.00")])
    assert [line["original_percentage"] for line in told["lines"]] == [70, 30]
    assert revenue(api) == [
        *before[:2],
        ("02", "Seats", 500, 0), ("02", "Seats", 3_500, 0), ("02", "Tokens", -500, 0), ("02", "Tokens", 6_500, 0),
        ("03", "Seats", 3_500, 0), ("03", "Tokens", 6_500, 0), ("04", "Seats", 3_500, 0), ("04", "Tokens", 6_500, 0),
    ]  # fmt: skip
    close_period(actor=api.actor, month_on=date(2026, 2, 1), at=AT)
    rows = revenue(api)
    assert rows[:6] == [(month, name, amount, amount) for month, name, amount, _ in rows[:6]]
    assert sum(row[2] for row in rows if row[1] == "Tokens") == 26_000
    asked = JournalAsked(days_from=date(2026, 2, 1), accounts=["revenue"])
    lines = journal_lines(actor=api.actor, asked=asked).rows
    first = told["lines"][0]["product_id_str"]
    assert sorted((line.product == first, line.credit - line.debit) for line in lines) == [
        (False, Decimal(500)), (False, Decimal(3_500)), (True, Decimal(-500)), (True, Decimal(6_500)),
    ]  # fmt: skip
    assert_sound(api.actor)


def test_amounts_that_do_not_sum_are_refused_and_nothing_changes(api: Api, api_of: Callable[..., Api]):
    path, products, _ = season(api)
    other = int(product_of(api, "Other")["id"])
    before = (api.get(path).body, revenue(api))
    bodies: list[dict[str, Any]] = [
        split(products, "26000.00", "14000.01"),
        split(products, "0", "0"),
        split(products, "-1", "40001"),
        split(products[:1], "40000"),
        split([*products, other], "1", "1", "39998"),
        split([*products, products[0]], "1", "1", "39998"),
        {"lines": []},
        {},
        {"lines": [{"product": products[0]}]},
    ]
    for body in bodies:
        refused = api.put(path, body)
        assert (refused.status, next(iter(refused.body))) == (400, "lines"), (body, refused.text)
    assert api.patch(path, bodies[0]).status == 400
    assert api_of(api.actor, role="viewer").put(path, split(products, "20000", "20000")).status == 403
    assert (api.get(path).body, revenue(api)) == before


def test_three_thirds_lose_nothing_and_a_product_may_have_nothing(api: Api):
    """1,000.01 by 33.33, 33.33, 33.34 %: 333.30, 333.30, 333.41."""
    bundle, products = bundle_of(api, "33.33", "33.33", "33.34")
    path = f"contracts/{signed(api)['id']}/milestones"
    said = {"milestone_name": "Go-live", "milestone_date": "2026-01-20", "amount": "1000.01", "product_bundle": bundle}
    told = api.post(path, said)
    assert told.status == 201, told.text
    own = f"{path}/{told['id']}/allocations"
    assert [each for each, _ in shares(api.get(own))] == [Decimal("333.30"), Decimal("333.30"), Decimal("333.41")]
    assert told["contract_product_bundle"]["lines"][2]["percentage"] == "33.34"
    none = api.patch(own, split(products, "1000.01", "0.00", "0"))
    assert (none.status, shares(none)[1]) == (200, (0, "0.00"))
    assert revenue(api) == [("01", "Tokens", Decimal("1000.01"), 0)]


def test_the_split_of_a_posted_milestone_is_caught_up_and_the_rest_of_it_stays(api: Api):
    bundle, products = bundle_of(api, "60", "40")
    path = f"contracts/{signed(api)['id']}/milestones"
    said = {
        "milestone_name": "Go-live",
        "milestone_date": "2026-01-20",
        "amount": "1000.00",
        "product_bundle_id": bundle,
    }
    own = f"{path}/{api.post(path, said)['id']}"
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    assert api.put(f"{own}/allocations", split(products, "100", "900")).status == 200
    assert revenue(api) == [
        ("01", "Seats", 400, 400), ("01", "Tokens", 600, 600), ("02", "Seats", 500, 0), ("02", "Tokens", -500, 0),
    ]  # fmt: skip
    assert api.patch(own, {"amount": 2_000})["error"] == "Books are closed for this date"
    named = api.patch(own, {"milestone_name": "Live"})
    assert (named.status, named["milestone_name"], named["amount"]) == (200, "Live", 1_000)
    assert [line["amount"] for line in named["contract_product_bundle"]["lines"]] == [100, 900]
    close_period(actor=api.actor, month_on=date(2026, 2, 1), at=AT)
    assert_sound(api.actor)


def test_a_split_keeps_its_proportions_when_the_value_changes(api: Api):
    path, products, _ = season(api)
    assert api.put(path, split(products, "26000.00", "14000.00")).status == 200
    assert api.patch(path.removesuffix("/allocations"), {"lines": [{"total_value": "20000"}]}).status == 200
    assert [each for each, _ in shares(api.get(path))] == [13_000, 7_000]
    again = api.patch(path.removesuffix("/allocations"), {"product": products[0]})
    assert (again.status, again["contract_product_bundle"], api.get(path).status) == (200, None, 404)


def test_what_is_of_no_bundle_has_no_split(api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api]):
    path, products, _ = season(api)
    assert api_of(new_actor()).get(path).status == 404
    plain = f"contracts/{signed(api)['id']}/subscriptions"
    own = f"{plain}/{api.post(plain, SEASON)['id']}/allocations"
    assert (api.get(own).status, api.put(own, split(products, "1", "2")).status) == (404, 404)
