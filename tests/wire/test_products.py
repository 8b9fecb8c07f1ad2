"""Products over the wire: what is told comes back, as documented, to the digit."""

from __future__ import annotations

from decimal import Decimal

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
