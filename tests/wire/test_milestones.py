"""Milestones over the wire: agreed, moved, posted."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed

SETUP = {"milestone_name": "Setup", "milestone_date": "2026-01-20", "amount": "1500.00", "description": "On site"}


def agreed(api: Api, **fields: Any) -> tuple[str, Told]:
    path = f"contracts/{signed(api)['id']}/milestones"
    return path, api.post(path, {**SETUP, **fields})


def test_a_milestone_comes_back_as_it_was_agreed_with_its_revenue(api: Api):
    product = api.post("product", {"product_name": "Onboarding"})["id"]
    path, told = agreed(api, product=product, quantity=3, rate="500.00")
    assert told.status == 201, told.text
    assert (told["milestone_name"], told["milestone_date"], told["amount"]) == ("Setup", "2026-01-20", 1_500)
    assert (told["product_name"], told["description"], told["quantity"], told["rate"]) == (
        "Onboarding",
        "On site",
        3,
        500,
    )
    revenue = api.get(f"transactions/{told['revenue_transaction_id']}")
    assert (revenue["amount"], revenue["accounting_period"], revenue["revenue_type"]) == (
        1_500,
        "2026-01-01",
        "MILESTONE",
    )
    assert revenue["contract_milestone"] == told["id"]
    assert api.get(f"{path}/{told['id']}").body == told.body
    assert api.get(path)["results"] == [told.body]


@pytest.mark.parametrize(
    ("parts", "told_parts"),
    [
        ({}, ("1", "1500")),
        ({"quantity": 3}, ("3", "500")),
        ({"quantity": 7}, ("7", "214.285714285714")),
        ({"rate": "600"}, ("2.5", "600")),
    ],
)
def test_a_part_that_was_not_told_is_what_the_amount_and_the_other_make_it(
    api: Api, parts: dict[str, Any], told_parts: tuple[str, str]
):
    """Whoever sends back what is told is not told that it does not fit."""
    path, told = agreed(api, **parts)
    assert (told.status, [told["quantity"], told["rate"]]) == (201, [Decimal(part) for part in told_parts]), told.text
    back = {name: told[name] for name in ("milestone_name", "milestone_date", "amount", "quantity", "rate")}
    again = api.put(f"{path}/{told['id']}", back)
    assert again.status == 200, again.text
    names = ("amount", "quantity", "rate")
    assert [again[name] for name in names] == [told[name] for name in names]


def test_of_none_of_a_part_no_other_part_is_made(api: Api):
    for parts, told_parts in (({"quantity": 0}, [0, 1_500]), ({"rate": 0}, [1, 0])):
        _, told = agreed(api, **parts)
        assert (told.status, [told["quantity"], told["rate"]]) == (201, told_parts), told.text


def test_its_revenue_moves_with_it_until_its_month_is_closed(api: Api):
    path, told = agreed(api)
    own = f"{path}/{told['id']}"
    moved = api.patch(own, {"milestone_date": "2026-02-10"})
    assert (moved["milestone_name"], moved["amount"], moved["description"]) == ("Setup", 1_500, "On site")
    (row,) = api.get("transactions")["results"]
    assert (row["accounting_period"], row["amount"]) == ("2026-02-01", Decimal(1_500))
    whole = api.put(own, {"milestone_name": "Go-live", "milestone_date": "2026-01-31", "amount": 900})
    assert (whole["milestone_name"], whole["amount"], whole["description"]) == ("Go-live", 900, None)
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    refused = api.patch(own, {"amount": 1})
    assert (refused.status, refused["error"]) == (400, "Books are closed for this date")
    assert api.delete(own)["code"] == "nothing_must_depend_on_it"
    assert api.get(own)["amount"] == 900


def test_a_milestone_is_taken_back(api: Api):
    path, told = agreed(api)
    assert api.delete(f"{path}/{told['id']}").status == 204
    assert api.get(f"{path}/{told['id']}").status == 404
    assert api.get("transactions")["count"] == 0
    assert [row["is_deleted"] for row in api.get(path, include_deleted="true")["results"]] == [True]


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"amount": -1}, None), ({"amount": "1.005"}, None), ({"milestone_date": None}, "milestone_date"),
     ({"product": 999_999}, "product"), ({"contract": 999_999}, "contract"), ({"department": 999_999}, "department")],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_not_agreed(api: Api, fields: dict[str, Any], field: str | None):
    path, told = agreed(api, **fields)
    assert told.status == 400, told.text
    assert field is None or list(told.body) == [field]
    assert api.get(path)["count"] == 0
