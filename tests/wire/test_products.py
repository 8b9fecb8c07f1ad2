"""Products over the wire: what is told comes back, as documented, to the digit."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import ZERO, BundleLine, Product, ProductBundle
from ratable_server.operations.catalog import create_product, create_product_bundle
from ratable_server.operations.periods import close_period
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.test_contracts import signed

TIERS = [
    {"name": "first", "from_quantity": 0, "to_quantity": 1000, "price": Decimal("0.10")},
    {"name": "next", "from_quantity": 1000, "to_quantity": 10000, "price": Decimal("0.08")},
    {"name": "rest", "from_quantity": 10000, "to_quantity": None, "price": Decimal("0.05")},
]
CALLS = {"name": "calls", "pricing_model": "graduated_tiered", "unit_of_measure": "call", "tiers": TIERS}


def test_product_comes_back_as_it_was_told(api: Api):
    told = api.post(
        "product",
        {"product_id": "api", "product_name": "API", "price": Decimal("0.123456"), "product_description": "Calls",
         "usage_groups": [CALLS]},
    )  # fmt: skip
    assert told.status == 201
    assert (told["product_id"], told["product_name"], told["price"]) == ("api", "API", Decimal("0.123456"))
    (group,) = told["usage_groups"]
    assert (group["name"], group["pricing_model"], group["tier_count"]) == ("calls", "graduated_tiered", 3)
    assert [(tier["name"], tier["to_quantity"], tier["price"]) for tier in group["tiers"]] == [
        ("first", 1000, Decimal("0.10")),
        ("next", 10000, Decimal("0.08")),
        ("rest", None, Decimal("0.05")),
    ]
    assert api.get(f"product/{told['id']}").body == told.body
    assert api.get("product").body == {"count": 1, "next": None, "previous": None, "results": [told.body]}


def test_a_product_changes_with_its_price_plans(api: Api):
    told = api.post("product", {"product_name": "API", "product_description": "Calls", "usage_groups": [CALLS]})
    (calls,) = told["usage_groups"]
    cheaper = [{**tier, "price": "0.01"} for tier in TIERS]
    again = api.patch(
        f"product/{told['id']}",
        {"product_name": "API 2", "usage_groups": [{**CALLS, "id": calls["id"], "tiers": cheaper}, {**CALLS, "name": "more"}]},
    )  # fmt: skip
    assert again.status == 200, again.text
    assert (again["product_name"], again["product_description"]) == ("API 2", "Calls")
    assert [(group["name"], group["tiers"][0]["price"]) for group in again["usage_groups"]] == [
        ("calls", Decimal("0.01")),
        ("more", Decimal("0.10")),
    ]
    assert again["usage_groups"][0]["id"] == calls["id"]
    whole = api.put(f"product/{told['id']}", {"product_name": "API 3", "usage_groups": [{**CALLS, "id": calls["id"]}]})
    assert (whole["product_description"], whole["usage_group_count"]) == (None, 1)


def test_rating_options_of_a_price_plan_come_back_as_they_were_told(api: Api):
    days = {
        **CALLS, "rating_group": "dimension", "group_dimension": "team", "quantity_decimals": 2,
        "quantity_rounding": "up", "maximum_amount": Decimal("99.5"), "overage_price": Decimal("0.07"),
        "tiers": [{"to_quantity": 10, "price": 1, "minimum_amount": 5, "maximum_amount": Decimal("7.5")}],
    }  # fmt: skip
    carried = {"name": "own", "pricing_model": "unit_based", "price_dimension": "rate", "rated_individually": True}
    told = api.post("product", {"product_name": "API", "usage_groups": [days, carried, {**CALLS, "name": "plain"}]})
    assert told.status == 201, told.text
    by_group, own, plain = told["usage_groups"]
    asked = ("rating_group", "group_dimension", "quantity_decimals", "quantity_rounding", "maximum_amount")
    assert [by_group[name] for name in asked] == ["dimension", "team", 2, "up", Decimal("99.5")]
    assert (by_group["overage_price"], by_group["tier_count"]) == (Decimal("0.07"), 1)
    assert (by_group["tiers"][0]["minimum_amount"], by_group["tiers"][0]["maximum_amount"]) == (5, Decimal("7.5"))
    assert (own["price_dimension"], own["rated_individually"], own["tiers"]) == ("rate", True, [])
    assert (plain["rating_group"], plain["aggregation"], plain["overage_price"]) == ("month", "sum", None)
    again = api.patch(
        f"product/{told['id']}", {"usage_groups": [{**CALLS, "id": by_group["id"], "aggregation": "highest_day"}]}
    )
    changed = again["usage_groups"][0]
    assert (changed["aggregation"], changed["rating_group"], changed["maximum_amount"]) == (
        "highest_day",
        "month",
        None,
    )


def test_rating_options_that_cannot_be_change_nothing(api: Api):
    told = api.post("product", {"product_name": "API", "usage_groups": [CALLS]})
    for options, code in (
        ({"rating_group": "dimension"}, "options_must_go_together"),
        ({"pricing_model": "package", "package_size": 5, "rating_group": "day"}, "option_must_fit_the_pricing_model"),
        ({"pricing_model": "unit_based", "price_dimension": "rate"}, "prerated_plan_must_not_have_tiers"),
        ({"quantity_decimals": 13}, "quantity_decimals_must_be_at_most_12"),
        ({"rating_group": "dimension", "group_dimension": "a b"}, "dimension_must_have_a_plain_name"),
    ):
        refused = api.patch(f"product/{told['id']}", {"usage_groups": [{**CALLS, **options}]})
        assert (refused.status, refused["code"]) == (400, code)
    for malformed in (
        {"rating_group": "week"},
        {"quantity_decimals": -1},
        {"quantity_decimals": 10**30},
        {"price_dimension": 7},
    ):
        assert api.patch(f"product/{told['id']}", {"usage_groups": [{**CALLS, **malformed}]}).status == 400
    assert api.get(f"product/{told['id']}").body == told.body


def test_price_plan_that_cannot_be_rated_changes_nothing(api: Api):
    told = api.post("product", {"product_name": "API", "usage_groups": [CALLS]})
    gap = [TIERS[0], {**TIERS[1], "from_quantity": 2000}, TIERS[2]]
    refused = api.patch(f"product/{told['id']}", {"product_name": "Other", "usage_groups": [{**CALLS, "tiers": gap}]})
    assert (refused.status, refused["code"]) == (400, "tiers_must_not_leave_a_gap")
    assert api.get(f"product/{told['id']}").body == told.body


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"pricing_model": "multi_attribute"}, "pricing_model"), ({"rating_group": "billing_period"}, "rating_group"),
     ({"formula": "usageQuantity() * 2"}, "formula"), ({"rolling_window": 3}, "rolling_window"),
     ({"bill_cycle_day": 15}, "bill_cycle_day")],
)  # fmt: skip
def test_what_no_price_here_depends_on_is_refused_by_name_and_not_left_out(
    api: Api, fields: dict[str, Any], field: str
):
    told = api.post("product", {"product_name": "API", "usage_groups": [{**CALLS, **fields}]})
    assert (told.status, list(told["usage_groups"]["0"])) == (400, [field])
    in_tier = {**CALLS, "tiers": [{**TIERS[0], field: 1}]}
    product = api.post("product", {"product_name": "Other"})["id"]
    assert api.post(f"product/{product}/usage-groups", in_tier).status == 400
    assert [row["product_name"] for row in api.get("product")["results"]] == ["Other"]
    assert api.get(f"product/{product}/usage-groups").body == []


@pytest.mark.parametrize(
    ("model", "tier", "field"),
    [
        ("percentage_based", {"price": "0.9"}, "price"),
        ("unit_based", {"percentage": "10"}, "percentage"),
        ("fixed_fee", {"percentage": "10"}, "percentage"),
    ],
)
def test_a_price_is_in_the_measure_of_its_plan(api: Api, model: str, tier: dict[str, Any], field: str):
    """0.9 of a plan in percent would be 90 %, and 10 % of a unit a price of 0.10."""
    right = {
        "name": "calls",
        "pricing_model": model,
        "tiers": [{"percentage": 1} if field == "price" else {"price": 2}],
    }
    wrong = {**right, "tiers": [tier]}
    told = api.post("product", {"product_name": "API", "usage_groups": [right]})
    assert told.status == 201, told.text
    own, (group,) = f"product/{told['id']}", told["usage_groups"]
    for refused in (
        api.post("product", {"product_name": "Other", "usage_groups": [wrong]}),
        api.post(f"{own}/usage-groups", {**wrong, "name": "more"}),
        api.put(f"{own}/usage-groups/{group['id']}", wrong),
        api.patch(own, {"product_name": "API 2", "usage_groups": [{**wrong, "id": group["id"]}]}),
    ):
        assert (refused.status, list(refused.body)) == (400, [field, "code"]), refused.text
        assert refused["code"] == "price_must_fit_the_pricing_model"
        assert refused[field][0].endswith(f", which is {model}, has a {'percentage' if field == 'price' else 'price'}")
    assert api.get("product")["results"] == [told.body]


def test_tiers_may_be_of_money(api: Api):
    """1 % of the first 1,000.00, then 2 %."""
    shares = [{"to_quantity": 1000, "percentage": 1}, {"percentage": 2}]
    for model in ("graduated_tiered", "volume_based"):
        told = api.post("product", {"product_name": model, "usage_groups": [{"pricing_model": model, "tiers": shares}]})
        assert (told.status, [tier["percentage"] for tier in told["usage_groups"][0]["tiers"]]) == (201, [1, 2])


def test_a_plan_that_was_told_without_starts_of_its_tiers_comes_back_and_is_taken_again(api: Api):
    """Each starts where the one before ends, and a plan that is told so is the same: also one of a closed month."""
    tiers = [{"to_quantity": 1000, "price": "0.10"}, {"to_quantity": 2000, "price": "0.09"}, {"price": "0.08"}]
    by_tiers = {"name": "calls", "pricing_model": "graduated_tiered", "tiers": tiers}
    one_price = {"name": "storage", "tiers": [{"price": "0.25"}]}
    told = api.post("product", {"product_name": "API", "usage_groups": [by_tiers, one_price]})
    assert told.status == 201, told.text
    starts = [[tier["from_quantity"] for tier in group["tiers"]] for group in told["usage_groups"]]
    assert starts == [[0, 1000, 2000], [0]]
    own, contract = f"product/{told['id']}", signed(api)["id"]
    for group in told["usage_groups"]:
        january = [{"period_month": "2026-01-01", "quantity": 1500}]
        assert api.post(f"contracts/{contract}/usage", {"usage_group": group["id"], "lines": january}).status == 201
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    again = api.put(own, told.body)
    assert (again.status, said(again)) == (200, said(told)), again.text
    for group in told["usage_groups"]:
        assert api.put(f"{own}/usage-groups/{group['id']}", group).body == group
    first, *others = told["usage_groups"][0]["tiers"]
    later = {**told["usage_groups"][0], "tiers": [first, {**others[0], "from_quantity": 1001}, others[1]]}
    refused = api.put(f"{own}/usage-groups/{later['id']}", later)
    assert (refused.status, refused["code"]) == (400, "period_must_be_open")
    assert said(api.get(own)) == said(told)


def test_a_plan_of_before_with_a_price_in_another_measure_is_told_again(api: Api):
    """0.9 in a plan in percent was taken once: the plan may be told and changed, its price to no other of that kind."""
    plan = {"name": "volume", "pricing_model": "percentage_based", "tiers": [{"percentage": 1}]}
    own = f"product/{api.post('product', {'product_name': 'Payments', 'usage_groups': [plan]})['id']}"
    with books_of(api.actor):
        rows_of(api.actor, models.Tier).update(price=Decimal("0.9"), percentage=None)
    told = api.get(own)
    (group,) = told["usage_groups"]
    assert said(api.put(own, told.body)) == said(told)
    assert api.put(f"{own}/usage-groups/{group['id']}", group).body == group
    (tier,) = group["tiers"]
    dearer = api.patch(own, {"usage_groups": [{**group, "tiers": [{**tier, "price": 1}]}]})
    detail = (
        "a plan in percent has percentages, one of units prices, and a contract's own price is like that of its tier: "
        "tier 1 of volume, which is percentage_based, has a percentage"
    )
    assert (dearer.status, dearer.body) == (400, {"price": [detail], "code": "price_must_fit_the_pricing_model"})
    assert said(api.get(own)) == said(told)
    renamed = {**group, "name": "turnover", "unit_of_measure": "EUR"}
    beside = api.patch(own, {"usage_groups": [renamed, {"name": "calls", "tiers": [{"price": 2}]}]})
    assert beside.status == 200, beside.text
    assert beside["usage_groups"][0] == renamed
    assert [each["name"] for each in beside["usage_groups"]] == ["turnover", "calls"]
    right = {**renamed, "tiers": [{**tier, "price": None, "percentage": 90}]}
    assert api.put(f"{own}/usage-groups/{group['id']}", right).body == right


def said(product: Any) -> dict[str, Any]:
    """All that a product says but when it was last changed."""
    return {name: value for name, value in product.body.items() if name != "last_modified_at"}


def test_usage_groups_have_a_route_of_their_own(api: Api):
    product = api.post("product", {"product_name": "API"})["id"]
    told = api.post(f"product/{product}/usage-groups", CALLS)
    assert (told.status, told["tier_count"]) == (201, 3)
    assert api.get(f"product/{product}/usage-groups").body == [told.body]
    path = f"product/{product}/usage-groups/{told['id']}"
    flat = {"name": "calls", "pricing_model": "unit_based", "tiers": [{"name": "all", "price": "0.10"}]}
    assert api.put(path, flat)["tier_count"] == 1
    assert api.delete(path).status == 204
    assert api.get(path).status == 404


def test_a_product_is_deleted(api: Api):
    told = api.post("product", {"product_name": "API", "usage_groups": [CALLS]})
    assert api.delete(f"product/{told['id']}").status == 204
    assert api.get(f"product/{told['id']}").status == 404
    assert api.get("product")["count"] == 0
    (gone,) = api.get("product", include_deleted="true")["results"]
    assert (gone["id"], gone["is_deleted"]) == (told["id"], True)


def test_bundle_comes_back_as_it_was_told_and_changes(api: Api):
    one, other = (api.post("product", {"product_name": name})["id"] for name in ("Seats", "Setup"))
    lines = [
        {"product": one, "percentage_allocation": "70", "component_type": "SUBSCRIPTION"},
        {"product": other, "percentage_allocation": 30},
    ]
    told = api.post("product-bundles", {"bundle_name": "Start", "bundle_description": "All of it", "lines": lines})
    assert told.status == 201, told.text
    shares = [(line["product"], line["percentage_allocation"], line["component_type"]) for line in told["lines"]]
    assert shares == [(one, 70, "SUBSCRIPTION"), (other, 30, None)]
    path = f"product-bundles/{told['id']}"
    assert api.get("product-bundles")["results"] == [told.body]
    again = api.patch(path, {"bundle_name": "Begin"})
    assert (again["bundle_name"], again["bundle_description"], again["lines"]) == ("Begin", "All of it", told["lines"])
    refused = api.patch(path, {"lines": lines[:1]})
    assert (refused.status, refused["code"]) == (400, "bundle_must_sum_to_100")
    assert api.get(path).body == again.body
    assert api.delete(path).status == 204
    assert api.get(path).status == 404


def test_a_product_has_some_share_of_its_bundle(api: Api):
    """As it is published; a split on a contract may leave a product nothing."""
    one, other = (api.post("product", {"product_name": name})["id"] for name in ("Seats", "Setup"))
    shares = [{"product": one, "percentage_allocation": "100"}, {"product": other, "percentage_allocation": "0"}]
    refused = api.post("product-bundles", {"bundle_name": "B", "lines": shares})
    wrong = {"percentage_allocation": ["Ensure this value is greater than or equal to 0.01."]}
    assert (refused.status, refused["lines"]) == (400, {"1": wrong}), refused.text
    assert api.get("product-bundles")["count"] == 0
    least = [{"product": one, "percentage_allocation": "99.99"}, {"product": other, "percentage_allocation": "0.01"}]
    assert api.post("product-bundles", {"bundle_name": "B", "lines": least}).status == 201


def test_a_share_that_a_bundle_has_already_is_told_again_however_small_it_is(api: Api):
    """Case files and the engine know a line without a share; here no other line becomes one."""
    for code in ("seats", "setup"):
        create_product(actor=api.actor, product=Product(id=code, name=code), at=AT)
    lines = (BundleLine(product_id="seats", percentage=Decimal(100)), BundleLine(product_id="setup", percentage=ZERO))
    create_product_bundle(actor=api.actor, bundle=ProductBundle(id="start", lines=lines), name="Start", at=AT)
    (told,) = api.get("product-bundles")["results"]
    path, (seats, setup) = f"product-bundles/{told['id']}", told["lines"]
    assert (seats["percentage_allocation"], setup["percentage_allocation"]) == (100, 0)
    again = api.put(path, told)
    assert again.status == 200, again.text
    assert again["lines"] == told["lines"]
    renamed = api.patch(path, {"bundle_name": "Begin", "lines": [setup, seats]})
    assert (renamed["bundle_name"], renamed["lines"]) == ("Begin", [{**setup, "id": 1}, {**seats, "id": 2}])
    there = api.get(path).body
    wrong = {"percentage_allocation": ["Ensure this value is greater than or equal to 0.01."]}
    for shares, place in (("0.005", "99.995"), "0"), (("100", "0"), "1"):
        said = [{**line, "percentage_allocation": share} for line, share in zip((setup, seats), shares, strict=True)]
        for refused in (api.put(path, {**told, "lines": said}), api.patch(path, {"lines": said})):
            assert (refused.status, refused.body) == (400, {"lines": {place: wrong}})
    below = api.put(path, {**told, "lines": [{**setup, "percentage_allocation": "-1"}, seats]})
    wrong = {"percentage_allocation": ["Ensure this value is greater than or equal to 0."]}
    assert (below.status, below.body) == (400, {"lines": {"0": wrong}})
    assert api.get(path).body == there


def test_a_line_of_a_bundle_is_told_whole_by_who_changes_some_of_it(api: Api):
    product = api.post("product", {"product_name": "Seats"})["id"]
    whole = {"product": product, "percentage_allocation": 100}
    told = api.post("product-bundles", {"bundle_name": "Start", "lines": [whole]})
    needed = ["This field is required."]
    for line, wrong in (
        ({"product": product}, {"percentage_allocation": needed}),
        ({"percentage_allocation": 100}, {"product": needed}),
        ({}, {"product": needed, "percentage_allocation": needed}),
    ):
        for send in (api.patch, api.put):
            refused = send(f"product-bundles/{told['id']}", {"bundle_name": "Begin", "lines": [whole, line]})
            assert (refused.status, refused.body) == (400, {"lines": {"1": wrong}})
    assert api.get(f"product-bundles/{told['id']}").body == told.body


def test_bundle_of_an_unknown_product_is_refused(api: Api):
    told = api.post("product-bundles", {"bundle_name": "B", "lines": [{"product": 9, "percentage_allocation": 100}]})
    assert (told.status, list(told.body)) == (400, ["lines"])
    assert api.get("product-bundles")["count"] == 0
