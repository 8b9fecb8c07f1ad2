"""A minimum in units on a contract that has no usage group yet: kept, told, and earned once there is a price for it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import Policy
from ratable_server.operations.policies import set_policy
from ratable_server.operations.usage import record_usage, void_usage
from ratable_server.queries.contract_lines import usage_items
from ratable_server.queries.listing import Asked
from tests.server.conftest import AT
from tests.server.operations.agreements import kept
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_products import CALLS
from tests.wire.test_statements import trial_balance
from tests.wire.test_usage import product_of

OnDay = Callable[[int, int], None]
QUANTITY = "minimum_monthly_commitment_quantity"
AMOUNT = "minimum_monthly_commitment_amount"
BOTH = {QUANTITY: 10_000, AMOUNT: "100.00"}


@pytest.fixture
def groups(api: Api) -> list[Any]:
    """Two price plans of one product: 0.10 up to 1,000, 0.08 up to 10,000, 0.05 above; 10,000 are worth 820.00."""
    product = api.post("product", {"product_name": "API", "usage_groups": [CALLS, {**CALLS, "name": "texts"}]})
    return list(product["usage_groups"])


def used(api: Api, contract: int, group: Any, **lines: int) -> Told:
    told = [{"period_month": f"2026-{month[1:]}-01", "quantity": quantity} for month, quantity in lines.items()]
    return api.post(f"contracts/{contract}/usage", {"usage_group": group["id"], "lines": told})


def paid(api: Api, contract: int, **lines: str) -> Told:
    """Usage that came with its amount, of a product without a price plan."""
    told = [{"period_month": f"2026-{month[1:]}-01", "amount": amount} for month, amount in lines.items()]
    usage = api.post(f"contracts/{contract}/usage", {"product": product_of(api)["id"], "lines": told})
    assert usage.status == 201, usage.text
    return usage


def record(api: Api, line: Told, used_on: date, **measure: object) -> None:
    """Usage on a line that is there, which comes late where its month is closed."""
    (item,) = usage_items(actor=api.actor, asked=Asked(ids=[line["id"]])).rows
    told = {"id": "native", "item": item.code, "used_on": used_on, **measure}
    assert record_usage(actor=api.actor, records=[told], at=AT).rows_accepted == 1


def lacking(api: Api, contract: int, month: str) -> list[Any]:
    told = api.get(f"contracts/{contract}/minimum-commit-preview", period_month=f"{month}-01")
    names = ("minimum_quantity", "shortfall_quantity", "true_up_amount", "already_posted", "waits_for_usage_group")
    return [told[name] for name in names]


def true_ups(api: Api) -> list[tuple[Any, ...]]:
    rows = api.get("transactions", limit=1_000)["results"]
    return sorted(
        (row["transaction_date"], row["accounting_period"], row["amount"])
        for row in rows
        if row["description"].startswith("Minimum")
    )


def posted(api: Api, month: int) -> Told:
    told = api.post("revenue-posting", {"period_month": f"2026-{month:02}-01"})
    assert told.status == 200, told.text
    return told


def test_a_contract_is_made_with_a_minimum_in_units_that_its_usage_group_prices(api: Api, groups: list[Any]):
    """6,500 units are worth 540.00 of 820.00: 280.00."""
    contract = signed(api, **{QUANTITY: 10_000})
    assert contract[QUANTITY] == 10_000
    assert lacking(api, contract["id"], "2026-01") == [10_000, 10_000, 0, 0, True]
    assert used(api, contract["id"], groups[0], m01=6_500).status == 201
    assert lacking(api, contract["id"], "2026-01") == [10_000, 3_500, 280, 0, False]
    assert api.get(f"contracts/{contract['id']}")[QUANTITY] == 10_000


def test_it_changes_and_is_copied_while_it_waits(api: Api, groups: list[Any]):
    contract = signed(api)
    path = f"contracts/{contract['id']}"
    assert api.patch(path, {QUANTITY: 500})[QUANTITY] == 500
    assert api.put(path, {**contract.body, QUANTITY: 10_000})[QUANTITY] == 10_000
    copy = api.post(f"{path}/duplicate")["id"]
    assert api.get(f"contracts/{copy}")[QUANTITY] == 10_000
    assert used(api, copy, groups[0], m01=6_500).status == 201
    assert (lacking(api, copy, "2026-01")[2], lacking(api, contract["id"], "2026-01")[2]) == (280, 0)
    usage = used(api, contract["id"], groups[1])
    assert usage.status == 201, usage.text
    assert lacking(api, contract["id"], "2026-01") == [10_000, 10_000, 820, 0, False]
    assert api.delete(f"{path}/usage/{usage['id']}").status == 204  # the wrong one: it waits again
    assert lacking(api, contract["id"], "2026-01") == [10_000, 10_000, 0, 0, True]
    assert api.patch(path, {QUANTITY: None})[QUANTITY] is None
    assert lacking(api, contract["id"], "2026-01") == [0, 0, 0, 0, False]


def test_a_month_that_closes_before_there_is_a_price_is_made_up_for(api: Api, groups: list[Any], on_day: OnDay):
    """January is closed with nothing, and says so; 820.00 of it are booked in February, with February's own 280.00."""
    contract = signed(api, **{QUANTITY: 10_000, "deal_name": "Units"})
    on_day(2, 1)
    warning = {
        "code": "minimum_quantity_waits_for_usage_group",
        "detail": f"1 contract has a minimum in units and no usage group that prices it: {contract['deal_id']}",
    }
    draft = api.post("revenue-posting", {"period_month": "2026-01-01", "dry_run": True})
    assert (draft["revenue"], draft["obstacles"], draft["warnings"]) == ([], [], [warning])
    assert posted(api, 1)["warnings"] == [warning]
    assert used(api, contract["id"], groups[0], m02=6_500).status == 201
    on_day(3, 1)
    late = [("2026-01-01", "2026-02-01", 820), ("2026-02-01", "2026-02-01", 280)]
    assert true_ups(api) == late
    assert lacking(api, contract["id"], "2026-01") == [10_000, 10_000, 820, 0, False]
    assert posted(api, 2)["warnings"] == []
    assert true_ups(api) == late
    assert trial_balance(api, start_date="2026-01-01")["Revenue"] == (0, 820 + 280 + 540)
    assert posted(api, 3)["revenue"] == [{"kind": "minimum", "currency": "USD", "amount": 820, "transactions": 1}]


def test_what_closed_months_have_priced_keeps_its_price(api: Api, groups: list[Any], on_day: OnDay):
    contract = signed(api, **{QUANTITY: 10_000})["id"]
    usage = used(api, contract, groups[0])
    on_day(2, 1)
    posted(api, 1)
    path, before = f"contracts/{contract}/usage/{usage['id']}", kept(api.actor)
    for refused in (api.delete(path), api.patch(path, {"usage_group": groups[1]["id"]})):
        assert refused.status == 400, refused.text
    assert kept(api.actor) == before
    assert true_ups(api) == [("2026-01-01", "2026-01-01", 820)]


def test_a_usage_group_that_was_chosen_after_the_amount_made_the_true_up_can_be_another_or_none(
    api: Api, groups: list[Any], on_day: OnDay
):
    """January is closed with 100.00, before any unit has a price; the wrong group would add 720.00 in February."""
    contract = signed(api, **BOTH)["id"]
    on_day(2, 1)
    posted(api, 1)
    path = f"contracts/{contract}/usage/{used(api, contract, groups[0])['id']}"
    assert lacking(api, contract, "2026-01")[2:4] == [820, 100]
    assert api.patch(path, {"usage_group": groups[1]["id"]}).status == 200
    assert api.delete(path).status == 204
    assert lacking(api, contract, "2026-01")[2:] == [100, 100, True]
    on_day(3, 1)
    posted(api, 2)
    assert true_ups(api) == [("2026-01-01", "2026-01-01", 100), ("2026-02-01", "2026-02-01", 100)]


def test_a_usage_group_whose_units_are_worth_less_than_the_amount_lacks_can_go(
    api: Api, groups: list[Any], on_day: OnDay
):
    """1,200.00 less 300.00 that was used: 900.00, in one month at once and in the other once the usage came."""
    contract = signed(api, **{**BOTH, AMOUNT: "1200.00"})["id"]
    usage = used(api, contract, groups[0])
    other = paid(api, contract, m01="300.00")
    on_day(3, 1)
    posted(api, 1)
    posted(api, 2)
    record(api, other, date(2026, 2, 5), amount="300.00")
    on_day(4, 1)
    posted(api, 3)
    late = [("2026-01-01", "2026-01-01", 900), ("2026-02-01", "2026-02-01", 1_200), ("2026-02-01", "2026-03-01", -300)]
    assert true_ups(api) == [*late, ("2026-03-01", "2026-03-01", 1_200)]
    assert api.delete(f"contracts/{contract}/usage/{usage['id']}").status == 204
    on_day(5, 1)
    posted(api, 4)
    assert true_ups(api)[:3] == late


def test_a_minimum_by_the_days_of_a_month_is_known_to_need_no_price(api: Api, groups: list[Any], on_day: OnDay):
    """From 12 January: 20 of 31 days of 1,000.01 are 645.17 of 529.03 in units; the group is not needed."""
    set_policy(actor=api.actor, policy=Policy(minimum_partial_month="prorated"), at=AT)
    contract = signed(api, **{**BOTH, AMOUNT: "1000.01"}, contract_start_date="2026-01-12")["id"]
    usage = used(api, contract, groups[0])
    on_day(2, 1)
    posted(api, 1)
    assert true_ups(api) == [("2026-01-01", "2026-01-01", Decimal("645.17"))]
    assert api.delete(f"contracts/{contract}/usage/{usage['id']}").status == 204


def test_what_does_not_touch_the_usage_group_of_a_closed_true_up_goes_on(api: Api, groups: list[Any], on_day: OnDay):
    """A contract that still waits, and one whose group stays on another line of it."""
    waiting, priced = signed(api, **BOTH)["id"], signed(api, **BOTH)["id"]
    lines = [used(api, priced, groups[0])["id"] for _ in range(2)]
    subscription = {"start_date": "2026-01-01", "end_date": "2026-12-31", "mrr": "10.00"}
    added = api.post(f"contracts/{waiting}/subscriptions", {**subscription, "start_date": "2026-03-01"})
    assert added.status == 201, added.text
    on_day(2, 1)
    posted(api, 1)
    assert api.delete(f"contracts/{waiting}/subscriptions/{added['id']}").status == 204
    assert api.delete(f"contracts/{priced}/usage/{lines[0]}").status == 204
    assert api.delete(f"contracts/{priced}/usage/{lines[1]}").status == 400


@pytest.mark.parametrize("of", ["amount below the units", "late", "used", "used, and taken back"])
def test_a_true_up_that_its_units_made_keeps_their_usage_group(api: Api, groups: list[Any], on_day: OnDay, *, of: str):
    """However it came about: at once, in a later month, as what was used left it, and where it was taken back."""
    is_used = of.startswith("used")
    contract = signed(api, **{**BOTH, AMOUNT: "1000.00" if is_used else "100.00"})["id"]
    usage = None if of == "late" else used(api, contract, groups[0])["id"]
    if is_used:
        record(api, paid(api, contract), date(2026, 1, 5), amount="300.00")
    on_day(2, 1)
    posted(api, 1)
    usage = usage or used(api, contract, groups[0])["id"]
    if of == "used, and taken back":
        void_usage(actor=api.actor, event_id="native", at=AT)
    on_day(3, 1)
    posted(api, 2)
    path, before = f"contracts/{contract}/usage/{usage}", kept(api.actor)
    for refused in (api.patch(path, {"usage_group": groups[1]["id"]}), api.delete(path)):
        assert refused.status == 400, refused.text
    assert kept(api.actor) == before
    january = {
        "amount below the units": [("2026-01-01", 820)],
        "late": [("2026-01-01", 100), ("2026-02-01", 720)],
        "used": [("2026-01-01", 820)],
        "used, and taken back": [("2026-01-01", 820), ("2026-02-01", 180)],
    }
    assert [row[1:] for row in true_ups(api) if row[0] == "2026-01-01"] == january[of]


def test_units_of_several_usage_groups_have_no_minimum(api: Api, groups: list[Any]):
    contract = signed(api, **{QUANTITY: 10_000})["id"]
    assert used(api, contract, groups[0]).status == 201
    two = signed(api)["id"]
    for group in groups:
        assert used(api, two, group).status == 201
    before = kept(api.actor)
    second = used(api, contract, groups[1])
    assert (second.status, list(second.body)) == (400, ["usage_group", "code"]), second.text
    days = api.post("product", {"product_name": "Days", "usage_groups": [{**CALLS, "rating_group": "day"}]})
    by_day = used(api, signed(api, **{QUANTITY: 5})["id"], days["usage_groups"][0])
    assert (by_day.status, list(by_day.body)) == (400, ["usage_group", "code"]), by_day.text
    before = kept(api.actor)
    refused = api.patch(f"contracts/{two}", {QUANTITY: 10_000})
    assert (refused.status, list(refused.body)) == (400, [QUANTITY, "code"]), refused.text
    below = api.post("contracts", {"client": api.get(f"contracts/{two}")["client"], QUANTITY: -1})
    assert (below.status, below["code"]) == (400, "amount_must_be_positive"), below.text
    assert kept(api.actor) == before
    assert api.patch(f"contracts/{two}", {QUANTITY: 0})[QUANTITY] == Decimal(0)  # none is none


def test_an_evergreen_contract_has_no_units_to_count(api: Api):
    client = signed(api)["client"]
    evergreen = {"client": client, "is_evergreen": True, "contract_start_date": "2026-01-01"}
    before = kept(api.actor)
    refused = api.post("contracts", {**evergreen, QUANTITY: 10})
    assert (refused.status, list(refused.body)) == (400, [QUANTITY]), refused.text
    assert kept(api.actor) == before
    contract = api.post("contracts", evergreen)["id"]
    refused = api.patch(f"contracts/{contract}", {QUANTITY: 10})
    assert (refused.status, list(refused.body)) == (400, [QUANTITY]), refused.text
