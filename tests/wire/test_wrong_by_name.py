"""What is refused is told by the field that is wrong, as the body calls it; what cannot be told back is refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of
from tests.wire.calling import Api
from tests.wire.test_contracts import signed
from tests.wire.test_invoices import INVOICES, Billing
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_uploads import sent
from tests.wire.test_usage import product_of

POOL = {"name": "Pool", "total_value": "100.00", "start_date": "2026-01-01", "expiration_date": "2026-12-31"}
YEAR = {"start_date": "2026-01-01", "end_date": "2026-12-31", "mrr": "100.00"}
GOAL = {"milestone_name": "Go live", "milestone_date": "2026-03-31", "amount": "10.00"}
USED = {"period_month": "2026-01-01", "gross_usage_amount": "10.00"}


@pytest.mark.parametrize(
    ("route", "usual", "wrong", "field"),
    [
        ("prepaid-commits", POOL, {"total_value": "0"}, "total_value"),
        ("prepaid-commits", POOL, {"total_value": "0.001"}, "total_value"),
        ("prepaid-commits", POOL, {"expiration_date": "2025-12-31"}, "expiration_date"),
        ("prepaid-commits", POOL, {"currency": "EUR"}, "currency"),
        ("subscriptions", YEAR, {"end_date": "2025-12-31"}, "end_date"),
        ("subscriptions", YEAR, {"mrr": "-1.00"}, "total_value"),
        ("subscriptions", YEAR, {"use_catchup": True, "catchup_date": "2027-01-01"}, "catchup_date"),
        ("milestones", GOAL, {"amount": "0"}, "amount"),
        ("milestones", GOAL, {"quantity": "3", "rate": "5.00"}, "amount"),
        ("terminate", {"termination_date": "2026-06-30"}, {"termination_date": "2025-12-30"}, "termination_date"),
        ("terminate", {"termination_date": "2026-06-30"}, {"termination_date": "2027-01-01"}, "termination_date"),
    ],
)
def test_a_field_is_told_by_its_name(api: Api, *, route: str, usual: Any, wrong: Any, field: str):
    path = f"contracts/{signed(api)['id']}"
    refused = api.post(f"{path}/{route}", {**usual, **wrong})
    assert (refused.status, field in refused.body) == (400, True), refused.text
    told = api.get(path)
    assert (told["total_revenue"], told["working_end_date"]) == (0, "2026-12-31")


def test_a_part_of_a_milestone_is_judged_with_the_rest_of_it(api: Api):
    path = f"contracts/{signed(api)['id']}/milestones"
    own = f"{path}/{api.post(path, {**GOAL, 'amount': '100.00', 'quantity': '2', 'rate': '50.00'})['id']}"
    for wrong in ({"amount": "300.00"}, {"quantity": "3"}, {"rate": "40.00"}):
        refused = api.patch(own, wrong)
        assert (refused.status, "amount" in refused.body) == (400, True), refused.text
        assert [api.get(own)[name] for name in ("amount", "quantity", "rate")] == [100, 2, 50]
    for right in ({"amount": "150.00", "quantity": "3"}, {"milestone_name": "Live"}, {"amount": "90.00", "rate": None}):
        assert api.patch(own, right).status == 200
    assert [api.get(own)[name] for name in ("amount", "quantity", "rate")] == [90, 3, 30]


def test_usage_that_ends_before_it_starts_is_told_by_its_end(api: Api):
    path = f"contracts/{signed(api)['id']}/usage"
    days = {"start_date": "2026-03-01", "end_date": "2026-02-27"}
    refused = api.post(path, {"product": product_of(api)["id"], **days})
    assert (refused.status, "end_date" in refused.body) == (400, True), refused.text
    assert api.get(path)["count"] == 0


def test_a_contract_that_ends_before_it_starts_is_told_by_its_end(api: Api):
    path = f"contracts/{signed(api)['id']}"
    refused = api.patch(path, {"contract_end_date": "2025-06-30"})
    assert (refused.status, refused["code"]) == (400, "dates_must_ascend")
    assert "contract_end_date" in refused.body
    assert api.get(path)["contract_end_date"] == "2026-12-31"


def test_a_minimum_that_cannot_be_is_told_by_its_name(api: Api):
    path = f"contracts/{signed(api)['id']}"
    before = api.get(path).body
    client = before["client"]
    for field in ("minimum_monthly_commitment_amount", "minimum_monthly_commitment_quantity"):
        wrong = {field: ["an amount is below zero, or is zero where something must be owed: -0.01"],
                 "code": "amount_must_be_positive"}  # fmt: skip
        for refused in (api.patch(path, {field: "-0.01"}), api.post("contracts", {"client": client, field: "-0.01"})):
            assert (refused.status, refused.body) == (400, wrong), refused.text
    fine = api.patch(path, {"minimum_monthly_commitment_amount": "0.001"})
    assert (fine.status, list(fine.body)) == (400, ["minimum_monthly_commitment_amount", "code"]), fine.text
    assert (api.get(path).body, api.get("contracts")["count"]) == (before, 1)


def test_a_number_that_is_taken_is_told_by_its_name(api: Api):
    billing = Billing(api)
    billing.billed(invoice_number="A-1")
    again = api.post(INVOICES, billing.body(invoice_number="A-1"))
    assert (again.status, again["code"], "invoice_number" in again.body) == (400, "code_must_be_unused", True)
    account = api.post("/coa/api/account", {"name": "Sales", "account_type": "REVENUE", "number": "4711"})["id"]
    memo = {"contract": billing.contract["id"], "entity": billing.entity, "credit_memo_date": "2026-01-31",
            "client": billing.contract["client"], "credit_memo_number": "C-1", "lines": [billing.of_commit("10.00", account=account)]}  # fmt: skip
    assert api.post("/coa/api/v1/credit-memo", memo).status == 201
    twice = api.post("/coa/api/v1/credit-memo", memo)
    assert (twice.status, "credit_memo_number" in twice.body) == (400, True), twice.text


def test_an_invoice_is_due_no_earlier_than_it_bills(api: Api):
    billing = Billing(api)
    pool = f"contracts/{billing.contract['id']}/prepaid-commits/{billing.commit['id']}/invoice"
    early = {"invoice_date": "2026-01-02", "due_date": "2026-01-01"}
    wrong = {"due_date": ["It is before the invoice_date."]}
    one, several = billing.body(**early), {"invoices": [billing.body(), billing.body(**early)]}
    for path, body, told in (
        (INVOICES, one, wrong),
        (INVOICES, {**one, "payment_status": "draft"}, wrong),
        (f"{INVOICES}bulk-create", several, {"invoices": [{}, wrong]}),
        (pool, early, wrong),
    ):
        refused = api.post(path, body)
        assert (refused.status, refused.body) == (400, told), refused.text
    assert api.get(INVOICES)["count"] == 0
    own = f"{INVOICES}{billing.billed(invoice_date='2026-01-02', due_date='2026-01-02')['id']}/"
    for change in (
        api.put(own, one),
        api.patch(own, early),
        api.patch(own, {"due_date": "2026-01-01"}),
        api.patch(own, {"invoice_date": "2026-01-03"}),
    ):
        assert (change.status, change.body) == (400, wrong), change.text
    assert [api.get(own)[name] for name in ("invoice_date", "due_date")] == ["2026-01-02", "2026-01-02"]


def test_an_old_invoice_that_is_due_before_it_bills_may_stay_so(api: Api):
    """It was filed when nothing refused it."""
    own = f"{INVOICES}{Billing(api).billed(invoice_date='2026-01-10', due_date='2026-01-10')['id']}/"
    with books_of(api.actor):
        rows_of(api.actor, models.Paper).update(due_on=date(2026, 1, 5))
    told = api.get(own).body
    again, part = api.put(own, told), api.patch(own, {"due_date": "2026-01-05", "purchase_order_number": "P-1"})
    assert [(each.status, each["due_date"]) for each in (again, part)] == [(200, "2026-01-05")] * 2, again.text
    for change in ({"due_date": "2026-01-04"}, {"invoice_date": "2026-01-11"}):
        refused = api.patch(own, change)
        assert (refused.status, refused.body) == (400, {"due_date": ["It is before the invoice_date."]}), refused.text
    assert [api.get(own)[name] for name in ("invoice_date", "due_date")] == ["2026-01-10", "2026-01-05"]
    assert api.patch(own, {"due_date": "2026-01-10"})["due_date"] == "2026-01-10"


def test_events_below_none_are_refused(api: Api):
    contract = signed(api)["id"]
    path = f"contracts/{contract}/prepaid-commits/{granted(api, contract)['id']}/consumption"
    refused = api.post(path, {**USED, "total_events": -1})
    assert (refused.status, list(refused.body)) == (400, ["total_events"])
    assert api.get(path)["count"] == 0


def test_a_correction_without_its_month_is_told_by_it(api: Api):
    contract = signed(api)["id"]
    pool = f"contracts/{contract}/prepaid-commits/{granted(api, contract)['id']}"
    head = "external_id,total_revenue_dollars,is_adjustment,original_period_month,adjustment_date"
    (error,) = sent(api, pool, f"{head}\na1,-5,true,,2026-05-13\n")["errors"]
    assert (error["field"], error["message"]) == ("original_period_month", "This row cannot be taken: missing")


def test_amounts_of_a_split_are_whole_cents(api: Api):
    """500.005 and 500.005 sum to 1,000.01, and neither could be told back."""
    products = [api.post("product", {"product_name": name})["id"] for name in ("Seats", "Support")]
    lines = [{"product": each, "percentage_allocation": 50} for each in products]
    bundle = api.post("product-bundles", {"bundle_name": "Suite", "lines": lines})["id"]
    path = f"contracts/{signed(api)['id']}/subscriptions"
    fields = {"start_date": "2026-01-01", "end_date": "2026-12-31", "quantity": 1, "rate": "1000.01"}
    split = f"{path}/{api.post(path, {**fields, 'product_bundle_id': bundle})['id']}/allocations"
    before = api.get(split)["lines"]
    refused = api.put(split, {"lines": [{"product": each, "amount": "500.005"} for each in products]})
    assert (refused.status, len(refused["lines"])) == (400, 2)
    assert api.get(split)["lines"] == before


def test_pools_that_are_alike_are_drawn_as_they_were_granted(api: Api):
    """Those that were signed with the contract come first; a later one changes nothing of what earlier ones gave."""
    alike = {**POOL, "total_value": "10.00"}
    contract = signed(api, prepaid_commits=[alike] * 11)["id"]
    path = f"contracts/{contract}/prepaid-commits"
    ids = [each["id"] for each in api.get(path)["results"]]
    ids += [api.post(path, alike)["id"] for _ in range(4)]
    assert api.post(f"{path}/{ids[0]}/consumption", {**USED, "gross_usage_amount": "125.00"}).status == 201
    api.post(path, alike)
    left = {each["id"]: each["remaining_value"] for each in api.get(path)["results"]}
    assert [left[id] for id in ids] == [0] * 12 + [Decimal("5.00"), 10, 10]
