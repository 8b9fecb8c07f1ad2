"""Subscriptions over the wire: agreed, planned, changed, posted; every month's figure by hand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.server.soundness import assert_sound
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_usage import product_of

YEAR = {"start_date": "2026-01-15", "end_date": "2027-01-14", "mrr": "1000.00"}
SEATS = {"start_date": "2026-01-01", "end_date": "2026-12-31", "quantity": 10, "rate": "120.00"}


def agreed(api: Api, **fields: Any) -> tuple[str, Told]:
    contract = signed(api, contract_end_date="2027-12-31")["id"]
    path = f"contracts/{contract}/subscriptions"
    return path, api.post(path, {"contract": contract, **fields})


def months(api: Api) -> list[Any]:
    """What each month has."""
    return [row["amount"] for row in api.get("transactions")["results"]]


def test_a_subscription_comes_back_as_it_was_agreed(api: Api):
    """The example of the published document."""
    product = product_of(api, "Seats", is_renewable=True)["id"]
    lines = [{"start_date": "2026-01-01", "end_date": "2026-12-31", "total_value": "30000.00", "mrr": "2500.00"}]
    path, told = agreed(
        api, product=product, start_date="2026-01-01", end_date="2026-12-31", mrr="2500.00", lines=lines, notes="Signed",
        invoiced_amount_migration=100, external_id="S-1",
    )  # fmt: skip
    assert told.status == 201, told.text
    assert (told["total_value"], told["mrr"], told["lines"]) == (30_000, 2_500, "2026-01-01 to 2026-12-31: 30000.00")
    assert (told["product_name"], told["product_is_renewable"], told["notes"]) == ("Seats", True, "Signed")
    assert (told["proration_method"], told["use_daily_accounting"], told["renewal_behavior"]) == (
        "standard", False, "FIXED_END",
    )  # fmt: skip
    assert "invoiced_amount_migration" not in told.body
    assert api.get(f"{path}/{told['id']}").body == told.body
    assert api.get(path).body == [told.body]
    assert months(api) == [2_500] * 12
    row = api.get("transactions")["results"][0]
    assert (row["contract_subscription"], row["revenue_type"], row["product"]) == (told["id"], "SUBSCRIPTION", product)


@pytest.mark.parametrize(
    ("method", "first", "second", "last"),
    [("standard", "548.39", "1000.00", "451.61"), ("thirty_day", "533.33", "1000.00", "466.67"),
     ("daily", "558.90", "920.55", "460.27")],
)  # fmt: skip
def test_each_subscription_has_its_own_proration(api: Api, method: str, first: str, second: str, last: str):
    """12,000.00 from 15 January for a year."""
    _, told = agreed(api, **YEAR, proration_method=method)
    assert told["total_value"] == 12_000
    assert (told["proration_method"], told["use_daily_accounting"]) == (method, method == "daily")
    found = months(api)
    assert [found[0], found[1], found[-1], sum(found)] == [Decimal(first), Decimal(second), Decimal(last), 12_000]


def test_the_legacy_word_for_daily_counts_where_no_method_is_named(api: Api):
    path, told = agreed(api, **YEAR, use_daily_accounting=True)
    assert (told["proration_method"], months(api)[0]) == ("daily", Decimal("558.90"))
    again = api.patch(f"{path}/{told['id']}", {"use_daily_accounting": False})
    assert (again["proration_method"], months(api)[0]) == ("standard", Decimal("548.39"))
    won = api.patch(f"{path}/{told['id']}", {"use_daily_accounting": True, "proration_method": "thirty_day"})
    assert (won["proration_method"], won["use_daily_accounting"]) == ("thirty_day", False)


def test_months_before_the_catch_up_are_booked_with_it(api: Api):
    """548.39 + 1,000.00 + 1,000.00 in March."""
    _, told = agreed(api, **YEAR, use_catchup=True, catchup_date="2026-03-10")
    assert (told["use_catchup"], told["catchup_date"]) == (True, "2026-03-10")
    rows = api.get("transactions")["results"]
    assert [(row["accounting_period"], row["amount"]) for row in rows[:2]] == [
        ("2026-03-01", Decimal("2548.39")), ("2026-04-01", 1_000),
    ]  # fmt: skip
    assert sum(row["amount"] for row in rows) == 12_000


def test_a_discount_is_of_each_unit(api: Api):
    """10 x (120.00 - 20.50) = 995.00."""
    _, told = agreed(api, **SEATS, discount="20.50")
    assert (told["total_value"], told["quantity"], told["rate"], told["discount"]) == (995, 10, 120, Decimal("20.5"))


def test_lines_have_amounts_of_their_own(api: Api):
    """A month that is free, two of 100.00, then 250.01 a month by quantity and rate."""
    lines = [
        {"start_date": "2026-01-01", "end_date": "2026-01-31", "total_value": 0},
        {"start_date": "2026-02-01", "end_date": "2026-03-31", "total_value": "200.00"},
        {"start_date": "2026-04-01", "quantity": 2, "rate": "125.005"},
    ]
    path, told = agreed(api, start_date="2026-01-01", end_date="2026-04-30", lines=lines)
    assert told.status == 201, told.text
    assert told["total_value"] == Decimal("450.01")
    assert [line["total_value"] for line in told["subscription_lines"]] == [0, 200, Decimal("250.01")]
    assert months(api) == [100, 100, Decimal("250.01")]
    again = api.put(f"{path}/{told['id']}", {**told.body, "notes": "Same"})
    assert (again["subscription_lines"], again["notes"]) == (told["subscription_lines"], "Same")


def test_some_of_it_changes_and_the_rest_stays(api: Api):
    path, told = agreed(api, **SEATS, notes="First")
    own = f"{path}/{told['id']}"
    more = api.patch(own, {"quantity": 20})
    assert (more["total_value"], more["notes"], months(api)) == (2_400, "First", [200] * 12)
    shorter = api.patch(own, {"end_date": "2026-06-30"})
    assert (shorter["total_value"], months(api)) == (2_400, [400] * 6)
    assert api.put(own, shorter.body).body | {"last_modified_at": 0} == shorter.body | {"last_modified_at": 0}
    other = api.patch(own, {"mrr": 100})
    assert (other["total_value"], other["mrr"]) == (600, 100)


def test_closed_months_stay_and_the_first_open_one_catches_up(api: Api):
    """1,200.00, 100.00 a month: raised to 2,400.00 after January, February has 100.00 of January more."""
    path, told = agreed(api, **SEATS)
    own = f"{path}/{told['id']}"
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    assert api.patch(own, {"quantity": 20})["total_value"] == 2_400
    rows = api.get("transactions")["results"]
    assert sorted((row["accounting_period"], row["amount"], row["recognized"]) for row in rows[:3]) == [
        ("2026-01-01", 100, 100), ("2026-02-01", 100, 0), ("2026-02-01", 200, 0),
    ]  # fmt: skip
    for fields in ({"start_date": "2026-01-02"}, {"end_date": "2026-01-31"}, {"use_catchup": True, "catchup_date": "2026-03-01"},
                   {"product": product_of(api, "Other")["id"]}):  # fmt: skip
        refused = api.patch(own, fields)
        assert (refused.status, refused["error"]) == (400, "Books are closed for this date"), refused.text
    assert api.delete(own)["code"] == "nothing_must_depend_on_it"
    assert (api.get(own)["total_value"], sum(months(api))) == (2_400, 2_400)
    close_period(actor=api.actor, month_on=date(2026, 2, 1), at=AT)
    assert_sound(api.actor)


def test_what_a_month_brings_is_told_of_contracts_and_customers(api: Api):
    """250.00 and 100.00 a month; one has not begun, one is over, one is of a product that does not count."""
    contract = signed(api)
    path = f"contracts/{contract['id']}/subscriptions"
    long = {"start_date": "2020-01-01", "end_date": "2049-12-31", "mrr": 250}
    out = product_of(api, "Setup", exclude_from_mrr=True)["id"]
    for fields in ({}, {"mrr": None, "quantity": 1, "rate": 36_000}, {"start_date": "2049-01-01"}, {"product": out},
                   {"end_date": "2020-12-31"}):  # fmt: skip
        assert api.post(path, {**long, **fields}).status == 201
    assert api.get(f"contracts/{contract['id']}")["total_mrr"] == 350
    assert [each["total_mrr"] for each in api.get("customers")["results"]] == [350]
    assert api.get(f"contracts/{contract['id']}")["total_unbilled"] > 0
    assert api.post(f"contracts/{contract['id']}/terminate", {"termination_date": "2026-01-31"}).status == 200
    assert api.get(f"contracts/{contract['id']}")["total_mrr"] == 0


def test_a_subscription_is_taken_back(api: Api):
    path, told = agreed(api, **SEATS)
    assert api.delete(f"{path}/{told['id']}").status == 204
    assert api.get(f"{path}/{told['id']}").status == 404
    assert (api.get(path).body, months(api)) == ([], [])
    assert [row["is_deleted"] for row in api.get(path, include_deleted="true").body] == [True]


def test_a_subscription_that_is_told_twice_under_a_key_is_agreed_once(api: Api):
    path = f"contracts/{signed(api)['id']}/subscriptions"
    first, again = (api.post(path, SEATS, key="once") for _ in range(2))
    assert (first.status, again.status, again.body) == (201, 201, first.body)
    assert api.get(path).body == [first.body]


def test_a_form_says_the_same(api: Api):
    contract = signed(api)["id"]
    lines = '[{"start_date": "2026-01-01", "end_date": "2026-12-31", "total_value": "30000.00"}]'
    told = api.form("POST", f"contracts/{contract}/subscriptions", {"start_date": "2026-01-01", "lines": lines})
    assert (told.status, told["total_value"], told["end_date"]) == (201, 30_000, "2026-12-31"), told.text


WRONG: list[tuple[dict[str, Any], str | None]] = [
    ({}, "lines"),
    ({"quantity": 10}, "lines"),
    ({**SEATS, "product": 999_999}, "product"),
    ({**SEATS, "end_date": "2025-12-31"}, None),
    ({**SEATS, "rate": 0}, None),
    ({**SEATS, "discount": -1}, "discount"),
    ({**SEATS, "use_catchup": True}, "catchup_date"),
    ({**SEATS, "proration_method": "weekly"}, "proration_method"),
    ({**SEATS, "modified_subscription": 999_999}, "modified_subscription"),
    ({**SEATS, "product_bundle": "x"}, "product_bundle"),
    ({**SEATS, "product_bundle_id": 999_999}, "product_bundle"),
    ({**SEATS, "lines": "[{"}, "lines"),
    ({**SEATS, "lines": [{"end_date": "2027-01-31", "total_value": 5}, {"total_value": 5}]}, None),
    ({**SEATS, "lines": [{"end_date": "2026-01-31", "total_value": -5}, {"total_value": 10}]}, None),
    ({**SEATS, "contract": 999_999}, "contract"),
    ({**SEATS, "quantity": "NaN"}, "quantity"),
    ({**SEATS, "quantity": "9" * 18, "rate": "9" * 13}, None),
    ({**SEATS, "end_date": "9999-12-31"}, None),
    ({**SEATS, "lines": 5}, "lines"),
]


def test_what_cannot_be_is_refused_and_not_agreed(api: Api):
    path = f"contracts/{signed(api)['id']}/subscriptions"
    for fields, field in WRONG:
        told = api.post(path, fields)
        assert told.status == 400, (fields, told.text)
        assert field is None or list(told.body) == [field], told.text
    assert (api.get(path).body, months(api)) == ([], [])


def test_a_subscription_is_of_its_contract_and_tenant(
    api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api]
):
    path, told = agreed(api, **SEATS)
    other = f"contracts/{signed(api)['id']}/subscriptions/{told['id']}"
    theirs = api_of(new_actor())
    for refused in (api.get(other), api.delete(other), theirs.get(path), theirs.patch(f"{path}/{told['id']}", {})):
        assert refused.status == 404
    assert api_of(api.actor, role="viewer").delete(f"{path}/{told['id']}").status == 403
    assert api.get(f"{path}/{told['id']}").body == told.body
