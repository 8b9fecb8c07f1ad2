"""Usage lines of contracts over the wire: agreed, recorded, rated, split, closed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import Policy
from ratable_server.operations.periods import close_period
from ratable_server.operations.policies import set_policy
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_products import CALLS

MARCH = {"period_month": "2026-03-01", "quantity": 12_500}


def product_of(api: Api, name: str = "API", **fields: Any) -> Told:
    return api.post("product", {"product_name": name, **fields})


def agreed(api: Api, **fields: Any) -> tuple[str, Told]:
    """A usage line of graduated calls, with the path of its contract's usage."""
    group = product_of(api, usage_groups=[CALLS])["usage_groups"][0]["id"]
    path = f"contracts/{signed(api)['id']}/usage"
    return path, api.post(path, {"usage_group": group, **fields})


def bundled(api: Api, *shares: str, **fields: Any) -> tuple[str, list[int], Told]:
    """A usage line of a bundle; its products."""
    products = [int(product_of(api, name)["id"]) for name in ("Tokens", "Seats", "Setup")[: len(shares)]]
    lines = [
        {"product": product, "percentage_allocation": share} for product, share in zip(products, shares, strict=True)
    ]
    bundle = api.post("product-bundles", {"bundle_name": "All", "lines": lines})["id"]
    path = f"contracts/{signed(api)['id']}/usage"
    return path, products, api.post(path, {"product_bundle": bundle, **fields})


def revenue(told: Told) -> list[tuple[str, Any, bool]]:
    return [(each["period_month"], each["amount"], each["is_posted"]) for each in told["revenue_transactions"]]


def test_usage_is_rated_by_its_group(api: Api):
    """1,000 x 0.10 + 9,000 x 0.08 + 2,500 x 0.05 = 945.00."""
    path, told = agreed(api, description="Calls of the API", lines=[MARCH])
    assert told.status == 201, told.text
    assert (told["usage_group_name"], told["product_name"], told["description"]) == ("calls", "API", "Calls of the API")
    assert (told["start_date"], told["end_date"]) == ("2026-01-01", None)
    assert told["lines"] == "2026-03: quantity 12500"
    assert [(line["period_month"], line["quantity"]) for line in told["usage_lines"]] == [("2026-03-01", 12_500)]
    assert revenue(told) == [("2026-03-01", Decimal("945.00"), False)]
    assert api.get(f"{path}/{told['id']}").body == told.body
    assert api.get(path)["results"] == [told.body]


@pytest.mark.parametrize("body", ['{"usage_group": "calls"}', '{"usage_group": 999999}', '{"tags": ["none"]}', "{"])
def test_what_is_wrong_with_the_contract_is_told_before_what_is_wrong_with_the_body(api: Api, body: str):
    def post(contract: object) -> Told:
        return api.send("POST", f"contracts/{contract}/usage", body)

    assert post(999_999).status == 404
    evergreen = signed(api, contract_end_date=None, is_evergreen=True, billing_frequency="monthly")
    refused = post(evergreen["id"])
    assert (refused.status, refused.body) == (400, {"error": "An evergreen contract has no usage lines."})
    plain = signed(api)
    told = post(plain["id"])
    assert (told.status, "error" in told.body) == (400, False)
    assert api.get(f"contracts/{plain['id']}/usage")["results"] == []


def test_an_amount_that_came_rated_is_trusted(api: Api):
    _, told = agreed(api, lines=[{"period_month": "2026-03-01", "amount": "5.00"}])
    assert revenue(told) == [("2026-03-01", 5, False)]


def test_lines_are_added_changed_and_taken_back(api: Api):
    path, told = agreed(api, usage_lines=[MARCH, {**MARCH, "external_id": "late", "quantity": 100}])
    assert told.status == 201, told.text
    own = f"{path}/{told['id']}"
    assert told["lines"] == "2026-03: quantity 12600"
    more = api.patch(own, {"usage_lines": [{**MARCH, "quantity": "1000"}, {"start_date": "2026-04-01", "quantity": 5}]})
    assert more.status == 200, more.text
    assert more["lines"] == "2026-03: quantity 1100\n2026-04: quantity 5"
    whole = api.put(own, {"usage_group": told["usage_group"], "usage_lines": [{**MARCH, "quantity": 7}]})
    assert whole["lines"] == "2026-03: quantity 7"
    again = api.patch(own, {"usage_lines": [{**MARCH, "external_id": "late", "quantity": 100}]})
    assert again["lines"] == "2026-03: quantity 107"


def test_lines_may_come_as_text_of_json(api: Api):
    _, told = agreed(api, lines='[{"period_month": "2026-03-01", "quantity": "12500"}]')
    assert told["lines"] == "2026-03: quantity 12500"


def test_what_was_told_as_text_changes_nothing_when_it_comes_back(api: Api):
    path, told = agreed(api, lines=[MARCH])
    again = api.put(f"{path}/{told['id']}", {name: told[name] for name in ("usage_group", "lines", "description")})
    assert (again.status, again["usage_lines"]) == (200, told["usage_lines"])


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ([{"quantity": 1}], "period_month"),
        ([{"period_month": "2026-03-01"}], "quantity"),
        ([MARCH, MARCH], "Two lines"),
        ([{**MARCH, "quantity": -1}], "negative"),
        ([{**MARCH, "period_month": "2027-03-01"}], "contract"),
        ("[{", "JSON"),
    ],
)
def test_lines_that_cannot_be_are_told_and_nothing_is_agreed(api: Api, lines: Any, word: str):
    path, told = agreed(api, lines=lines)
    assert (told.status, list(told.body)) == (400, ["lines"]), told.text
    assert word in told.text
    assert api.get(path)["count"] == 0


def test_a_line_of_a_closed_month_is_refused_and_nothing_changes(api: Api):
    path, told = agreed(api, lines=[{**MARCH, "period_month": "2026-01-01"}])
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    own = f"{path}/{told['id']}"
    before = api.get(own)
    assert revenue(before) == [("2026-01-01", Decimal("945.00"), True)]
    for refused in (
        api.patch(own, {"lines": [{**MARCH, "period_month": "2026-01-01", "quantity": 1}]}),
        api.patch(own, {"lines": [{**MARCH, "period_month": "2026-01-01", "external_id": "late"}]}),
        api.put(own, {"usage_group": told["usage_group"], "lines": []}),
    ):
        assert (refused.status, refused["error"]) == (400, "Books are closed for this date"), refused.text
    assert api.get(own).body == before.body


def test_a_usage_line_is_taken_back_while_nothing_was_used(api: Api):
    path, told = agreed(api)
    assert api.delete(f"{path}/{told['id']}").status == 204
    assert api.get(f"{path}/{told['id']}").status == 404
    path, told = agreed(api, lines=[MARCH])
    assert api.delete(f"{path}/{told['id']}")["code"] == "nothing_must_depend_on_it"
    assert api.get(path)["count"] == 1


def test_usage_on_an_evergreen_contract_is_refused(api: Api):
    contract = signed(api, is_evergreen=True, contract_end_date=None)
    told = api.post(f"contracts/{contract['id']}/usage", {"product": product_of(api)["id"]})
    assert (told.status, list(told.body)) == (400, ["error"])


@pytest.mark.parametrize("fields", [{}, {"product": None}, {"product": 999_999}, {"usage_group": 999_999}])
def test_usage_of_nothing_is_refused(api: Api, fields: dict[str, Any]):
    path = f"contracts/{signed(api)['id']}/usage"
    told = api.post(path, fields)
    assert (told.status, list(told.body)) == (400, [next(reversed(fields), "product")])
    assert api.get(path)["count"] == 0


def test_the_amount_of_a_bundle_is_split_by_largest_remainder(api: Api):
    """1,000.01 by 33.33, 33.33 and 33.34 percent: 333.30, 333.30 and 333.41."""
    path, products, told = bundled(
        api, "33.33", "33.33", "33.34", lines=[{"period_month": "2026-03-01", "amount": "1000.01"}]
    )
    assert told.status == 201, told.text
    assert (told["product_bundle_name"], told["contract_product_bundle"]["total_amount"]) == ("All", Decimal("1000.01"))
    split = api.get(f"{path}/{told['id']}/allocations")
    assert [(line["product"], line["amount"]) for line in split["lines"]] == list(
        zip(products, [Decimal("333.30"), Decimal("333.30"), Decimal("333.41")], strict=True)
    )
    assert [line["percentage"] for line in split["lines"]] == ["33.33", "33.33", "33.34"]


def test_another_split_must_sum_to_the_total(api: Api):
    path, (one, other), told = bundled(api, "70", "30", lines=[{"period_month": "2026-03-01", "amount": 10_000}])
    own = f"{path}/{told['id']}/allocations"
    wrong = api.put(own, {"lines": [{"product": one, "amount": 6_500}, {"product": other, "amount": 3_499}]})
    assert (wrong.status, list(wrong.body)) == (400, ["lines"])
    part = api.put(own, {"lines": [{"product": one, "amount": 10_000}]})
    assert (part.status, part["lines"]) == (400, ["A line of Seats is missing."])
    assert [line["amount"] for line in api.get(own)["lines"]] == [7_000, 3_000]
    right = api.put(own, {"lines": [{"product": one, "amount": "6500.00"}, {"product": other, "amount": 3_500}]})
    assert right.status == 200, right.text
    assert [(line["amount"], line["percentage"], line["original_percentage"]) for line in right["lines"]] == [
        (6_500, "65.00", 70), (3_500, "35.00", 30),
    ]  # fmt: skip
    assert sorted(each["amount"] for each in api.get(f"{path}/{told['id']}")["revenue_transactions"]) == [3_500, 6_500]


def test_only_bundles_have_allocations(api: Api):
    path, told = agreed(api)
    assert api.get(f"{path}/{told['id']}/allocations").status == 404


def test_a_usage_line_that_comes_back_as_it_was_told_changes_nothing(api: Api):
    """A month is told as the sum of its records: neither doubled, nor priced at the nothing that nobody has told."""
    path, told = agreed(api, usage_lines=[{**MARCH, "external_id": "a"}, {**MARCH, "period_month": "2026-04-01"}])
    own = f"{path}/{told['id']}"
    rows = "external_id,dt,quantity\nx1,2026-02-03,100\nx2,2026-02-04,100\n"
    assert api.send("POST", f"{path}/upload?usage={told['id']}", rows, content_type="text/csv").status == 200
    before = api.get(own)
    assert [(line["external_id"], line["quantity"], line["amount"]) for line in before["usage_lines"]] == [
        (None, 200, None), ("a", 12_500, None), (None, 12_500, None),
    ]  # fmt: skip
    assert revenue(before) == [("2026-02-01", 20, False), ("2026-03-01", 945, False), ("2026-04-01", 945, False)]
    for send in (api.patch, api.put):
        again = send(own, before.body)
        assert again.status == 200, again.text
        assert {**again.body, "last_modified_at": 0} == {**before.body, "last_modified_at": 0}
    line = {**before["usage_lines"][1], "quantity": 1_000}
    assert revenue(api.patch(own, {"usage_lines": [line]}))[1] == ("2026-03-01", 100, False)


def test_a_sum_of_records_is_not_told_beside_them(api: Api):
    """A month of two records, told as another sum: by which record it is another one is for the client to say."""
    path, told = agreed(api, usage_lines=[{**MARCH, "external_id": each} for each in "ab"])
    own = f"{path}/{told['id']}"
    before = api.get(own)
    sum_of_both = {**before["usage_lines"][0], "quantity": 20_000}
    refused = api.patch(own, {"usage_lines": [sum_of_both]})
    assert (refused.status, list(refused.body)) == (400, ["lines"]), refused.text
    assert "2 records" in refused.text
    assert api.get(own).body == before.body
    whole = api.put(own, {**before.body, "usage_lines": [sum_of_both]})
    assert whole["lines"] == "2026-03: quantity 20000"


def test_a_sum_of_a_file_is_not_told_beside_it(api: Api):
    path, told = agreed(api)
    own = f"{path}/{told['id']}"
    rows = "dt,quantity\n2026-02-03,100\n"
    assert api.send("POST", f"{path}/upload?usage={told['id']}", rows, content_type="text/csv").status == 200
    before = api.get(own)
    for send in (api.patch, api.put):
        refused = send(own, {**before.body, "usage_lines": [{**before["usage_lines"][0], "quantity": 150}]})
        assert (refused.status, list(refused.body)) == (400, ["lines"]), refused.text
    assert api.get(own).body == before.body


@pytest.mark.parametrize(
    ("group", "months"),
    [
        (CALLS, 0),
        ({"name": "base", "pricing_model": "fixed_fee", "tiers": [{"price": "499.00"}]}, 3),
        ({"name": "flat", "pricing_model": "volume_based", "tiers": [{"price": "0.10", "flat_fee": "5.00"}]}, 3),
        ({**CALLS, "tiers": [{"to_quantity": 1_000, "price": "0.10"}, {"price": "0.08", "flat_fee": "5.00"}]}, 0),
        ({"name": "share", "pricing_model": "percentage_based", "tiers": [{"percentage": "0.9"}]}, 0),
    ],
)
def test_a_line_is_told_with_what_it_costs_without_usage(
    api: Api, on_day: Callable[[int, int], None], group: dict[str, Any], months: int
):
    """What is told of a line that was just agreed, where nothing has to be calculated, is what is calculated of it."""
    on_day(3, 31)
    set_policy(actor=api.actor, policy=Policy(zero_usage_flat_fee=True), at=AT)
    told = product_of(api, usage_groups=[group])
    path = f"contracts/{signed(api)['id']}/usage"
    line = api.post(path, {"usage_group": told["usage_groups"][0]["id"], "start_date": "2026-01-01"})
    assert line.status == 201, line.text
    assert len(revenue(line)) == months
    assert api.get(f"{path}/{line['id']}").body == line.body
