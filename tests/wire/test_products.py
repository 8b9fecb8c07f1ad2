"""Products over the wire: what is told comes back, as documented, to the digit."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.wire.calling import Api

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


def test_bundle_of_an_unknown_product_is_refused(api: Api):
    told = api.post("product-bundles", {"bundle_name": "B", "lines": [{"product": 9, "percentage_allocation": 100}]})
    assert (told.status, list(told.body)) == (400, ["lines"])
    assert api.get("product-bundles")["count"] == 0
