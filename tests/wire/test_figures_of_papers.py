"""What invoices, credit memos and what settles them say against each other is refused by name, and nothing is written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.server.operations.agreements import kept
from tests.wire.calling import Api
from tests.wire.test_credit_memos import MEMOS, Crediting
from tests.wire.test_invoices import INVOICES, Billing
from tests.wire.test_products import CALLS

REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"amount": 5, "quantity": 2, "rate": 3}, "amount"),
    ({"amount": "6.01", "quantity": 2, "rate": 3}, "amount"),
    ({"amount": 5, "quantity": 2, "rate": 3, "discount_percentage": 10}, "amount"),
    ({"amount": 5, "tax": -1}, "tax"),
)
TAKEN: tuple[dict[str, Any], ...] = (
    {"amount": 6, "quantity": 2, "rate": 3},
    {"amount": "3.33", "quantity": "3", "rate": "1.111"},  # 3.333, rounded
    {"amount": 6, "quantity": 2, "rate": 3, "discount_percentage": 10},  # before its discount
    {"amount": "5.40", "quantity": 2, "rate": 3, "discount_percentage": 10},  # after it
    {"amount": 5, "quantity": 2},
    {"amount": 5, "rate": 3},
    {"amount": -5, "tax": -1},
)


@pytest.mark.parametrize(("line", "field"), REFUSED)
def test_a_line_that_says_two_things_is_refused(api: Api, line: dict[str, Any], field: str):
    crediting = Crediting(api)
    before = kept(api.actor)
    told = api.post(INVOICES, crediting.body({"amount": 10}, line))
    assert (told.status, [list(each) for each in told["lines"]]) == (400, [[], [field]]), told.text
    assert kept(api.actor) == before


def test_a_credit_has_no_tax_of_another_sign(api: Api):
    crediting = Crediting(api)
    before = kept(api.actor)
    told = api.post(MEMOS, crediting.memo(crediting.of_revenue(), crediting.of_revenue("5.00", tax=-1)))
    assert (told.status, [list(each) for each in told["lines"]]) == (400, [[], ["tax"]]), told.text
    assert kept(api.actor) == before


def test_a_line_that_agrees_with_itself_is_taken_and_said_again(api: Api):
    billing = Billing(api)
    told = billing.billed({"amount": 50}, *TAKEN)
    own = f"{INVOICES}{told['id']}/"
    again = api.put(own, told.body)
    assert (again.status, again["total_amount"]) == (200, told["total_amount"]), again.text
    draft = billing.billed(*TAKEN, payment_status="draft")
    assert api.put(f"{INVOICES}{draft['id']}/", draft.body).status == 200
    changed = api.patch(own, {"lines": [{"amount": 5, "quantity": 2, "rate": 4}]})
    assert (changed.status, list(changed.body)) == (400, ["lines"])
    assert api.get(own)["total_amount"] == told["total_amount"]


def test_what_a_draft_is_told_is_that_it_is_a_draft(api: Api):
    billing = Billing(api)
    draft = billing.billed(payment_status="draft")
    told = billing.pay(draft["id"])
    assert (told.status, told["code"]) == (400, "document_must_stand")
    assert told["invoice"] == [f"the document is void, or a draft: {draft['invoice_number']} is a draft"]
    assert api.get("/coa/api/v1/invoice-payments")["results"] == []


def test_an_id_of_a_payment_that_is_taken_is_told_by_its_field(api: Api):
    billing = Billing(api)
    invoice = billing.billed()
    assert billing.pay(invoice["id"], amount=1, external_id="e-1").status == 200
    before = kept(api.actor)
    told = billing.pay(invoice["id"], amount=2, external_id="e-1")
    assert (told.status, list(told.body)) == (400, ["external_id", "code"])
    assert kept(api.actor) == before


def test_a_credit_memo_is_not_used_before_its_day(api: Api):
    crediting = Crediting(api)
    memo = crediting.credited()
    invoice = crediting.billed(crediting.of_commit("150.00"))
    before = kept(api.actor)
    told = crediting.use(invoice["id"], memo["id"], "150.00", on="2026-01-19")
    assert (told.status, list(told.body)) == (400, ["credit_memos", "code"]), told.text
    assert kept(api.actor) == before
    assert crediting.use(invoice["id"], memo["id"], "150.00", on="2026-01-20").status == 200


def test_usage_groups_are_not_removed_by_leaving_them_out(api: Api):
    product = api.post("product", {"product_name": "Calls", "usage_groups": [CALLS]})
    own = f"product/{product['id']}"
    told = api.patch(own, {"usage_groups": [], "product_name": "Other"})
    assert (told.status, list(told.body)) == (400, ["usage_groups"])
    assert api.get(own).body == product.body
    bare = api.post("product", {"product_name": "Seats"})
    assert api.patch(f"product/{bare['id']}", {"usage_groups": []}).status == 200
