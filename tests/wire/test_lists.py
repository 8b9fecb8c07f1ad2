"""Lists cost the same however long they are: the same few statements for one row as for many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.wire.calling import Api
from tests.wire.counting import counted
from tests.wire.test_contracts import customer_of, signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_products import CALLS
from tests.wire.test_usage import MARCH


def statements(api: Api, path: str) -> int:
    with counted() as captured:
        assert api.get(path).status == 200
    return len(captured)


def products(api: Api) -> str:
    api.post("product", {"product_name": "API", "usage_groups": [CALLS]})
    return "product"


def bundles(api: Api) -> str:
    product = api.post("product", {"product_name": "API"})["id"]
    api.post("product-bundles", {"bundle_name": "B", "lines": [{"product": product, "percentage_allocation": 100}]})
    return "product-bundles"


def vendors(api: Api) -> str:
    customer_of(api)
    return "/coa/api/vendor"


def customers(api: Api) -> str:
    signed(api)
    return "customers"


def contracts(api: Api) -> str:
    signed(api)
    return "contracts"


class OnOneContract:
    """Lists below a contract, which is the same one each time."""

    def __init__(self, kind: str, add: Callable[[Api, int], object]) -> None:
        self.kind, self.add = kind, add

    def __call__(self, api: Api) -> str:
        found = api.get("contracts")["results"]
        contract = found[0]["id"] if found else signed(api)["id"]
        self.add(api, contract)
        return f"contracts/{contract}/{self.kind}"


def add_usage(api: Api, contract: int) -> None:
    product = api.post("product", {"product_name": "API", "usage_groups": [CALLS]})
    group = product["usage_groups"][0]["id"]
    assert api.post(f"contracts/{contract}/usage", {"usage_group": group, "lines": [MARCH]}).status == 201


def add_override(api: Api, contract: int) -> None:
    tier = api.post("product", {"product_name": "API", "usage_groups": [CALLS]})["usage_groups"][0]["tiers"][0]["id"]
    assert api.post(f"contracts/{contract}/tier-price-overrides", {"tier": tier, "price": 1}).status == 201


def add_subscription(api: Api, contract: int) -> None:
    product = api.post("product", {"product_name": "Seats"})["id"]
    lines = [{"product": product, "percentage_allocation": 100}]
    bundle = api.post("product-bundles", {"bundle_name": "B", "lines": lines})["id"]
    said = {"product_bundle": bundle, "mrr": 100}
    assert api.post(f"contracts/{contract}/subscriptions", said).status == 201


def add_contract_bundle(api: Api, contract: int) -> None:
    lines = [{"product": api.post("product", {"product_name": "Seats"})["id"], "amount": 5}]
    said = {"bundle_name": "B", "start_date": "2026-01-01", "end_date": "2026-12-31", "lines": lines}
    assert api.post(f"contracts/{contract}/bundles", said).status == 201


def add_milestone(api: Api, contract: int) -> None:
    product = api.post("product", {"product_name": "Setup"})["id"]
    said = {"milestone_name": "Setup", "milestone_date": "2026-01-20", "amount": 100, "product": product}
    assert api.post(f"contracts/{contract}/milestones", said).status == 201


def revenue(api: Api) -> str:
    add_milestone(api, signed(api)["id"])
    (row, *_) = api.get("transactions")["results"]
    assert api.patch(f"transactions/{row['id']}", {"description": "Noted"}).status == 200
    return "transactions"


class OfNames:
    """Things of one kind, each of which points to others."""

    def __init__(self, kind: str, **fields: Any) -> None:
        self.path, self.fields, self.count = f"/coa/api/{kind}", fields, 0

    def __call__(self, api: Api) -> str:
        self.count += 1
        group = api.post("/coa/api/tag-group", {"name": f"Group {self.count}"})["id"]
        tag = api.post("/coa/api/tag", {"name": f"Tag {self.count}", "group": group})["id"]
        links = {"tag": {"group": group}, "account": {"default_tags": [tag]}}.get(
            self.path.rsplit("/", 1)[1], {"tag_ids": [tag]}
        )
        told = api.post(
            self.path,
            {
                "name": f"Name {self.count}",
                **links,
                **{name: f"{value}{self.count}" for name, value in self.fields.items()},
            },
        )
        assert told.status == 201, told.text
        return self.path


LISTS: dict[str, Callable[[Api], str]] = {
    "products": products,
    "bundles": bundles,
    "vendors": vendors,
    "customers": customers,
    "contracts": contracts,
    "prepaid commits": OnOneContract("prepaid-commits", granted),
    "usage": OnOneContract("usage", add_usage),
    "subscriptions": OnOneContract("subscriptions", add_subscription),
    "bundles of contracts": OnOneContract("bundles", add_contract_bundle),
    "milestones": OnOneContract("milestones", add_milestone),
    "revenue": revenue,
    "departments": OfNames("department", code="D"),
    "accounts": OfNames("account", number="9"),
    "entities": OfNames("entity"),
    "own prices": OnOneContract("tier-price-overrides", add_override),
}


@pytest.mark.parametrize("add", LISTS.values(), ids=LISTS)
def test_a_list_takes_the_same_statements_however_long_it_is(api: Api, add: Any):
    path = add(api)
    api.get(path)
    few = statements(api, path)
    for _ in range(3):
        add(api)
    api.get(path)
    told = api.get(path).body
    rows = told if isinstance(told, list) else told["results"]
    assert len([row for row in rows if not row.get("protected")]) == 4
    assert statements(api, path) == few
