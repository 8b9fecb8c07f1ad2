"""Invoices over the wire: what they bill, who pays them, how they are taken back, and what the books have of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest

from ratable_server.api.json_text import json_text
from ratable_server.operations.document_voids import void_document
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.periods import close_period
from ratable_server.queries.contracts import contracts
from ratable_server.queries.documents import DocumentsAsked, documents
from ratable_server.queries.statements import balance_sheet
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_entities import entity
from tests.wire.test_lists import statements
from tests.wire.test_prepaid_commits import granted

INVOICES = "/coa/api/v1/invoice/"
JANUARY, FEBRUARY = date(2026, 1, 1), date(2026, 2, 1)
SUBSCRIPTION = {"start_date": "2026-01-01", "end_date": "2026-12-31", "quantity": 1, "rate": "1200.00"}


class Billing:
    """A contract with a prepaid commit of 80,000, an entity, and what it takes to bill it."""

    def __init__(self, api: Api, **contract: Any) -> None:
        self.api = api
        self.contract = signed(api, **contract)
        self.commit = granted(api, self.contract["id"])
        self.entity = entity(api, "Top Level")["id"]

    def body(self, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
        usual = {"contract": self.contract["id"], "entity": self.entity, "invoice_date": "2026-01-01",
                 "due_date": "2999-01-31", "lines": list(lines) or [self.of_commit()]}  # fmt: skip
        return {**usual, **fields}

    def of_commit(self, amount: str = "80000.00", **fields: Any) -> dict[str, Any]:
        return {"amount": amount, "prepaid_commit": self.commit["id"], **fields}

    def billed(self, *lines: dict[str, Any], **fields: Any) -> Told:
        told = self.api.post(INVOICES, self.body(*lines, **fields))
        assert told.status == 201, told.text
        return told

    def pay(self, invoice: Any, **fields: Any) -> Told:
        usual = {"account_id": 1, "account_name": "1000 - Bank", "amount": "80000.00", "payment_date": "2026-01-20"}
        return self.api.post(f"{INVOICES}{invoice}/pay/", {"empty_transactions": [{**usual, **fields}]})

    def commit_now(self) -> Told:
        return self.api.get(f"contracts/{self.contract['id']}/prepaid-commits/{self.commit['id']}")


@pytest.fixture
def billing(api: Api) -> Billing:
    return Billing(api)


def close(api: Api, month_on: date) -> None:
    close_period(actor=api.actor, month_on=month_on, at=AT)


def stands(api: Api, on: date) -> dict[str, Decimal]:
    """What stands on each account, debits less credits, but for what is zero."""
    (column,) = balance_sheet(actor=api.actor, days=[on])
    return {row.account: row.net for row in column.rows if row.net}


def test_the_invoice_of_a_prepaid_commit_is_paid_in_parts(billing: Billing):
    api = billing.api
    told = billing.billed(billing.of_commit(description="Credits", quantity=1, rate="80000.00"), terms="net_30")
    assert (told["status"], told["payment_status"], told["invoice_number"]) == ("open", "open", "INV-0000001")
    assert (told["total_amount"], told["amount_paid"], told["amount_due"]) == (80_000, 0, 80_000)
    assert (told["client_name"], told["contract_name"], told["entity_name"]) == ("Acme Inc", "Acme 2026", "Top Level")
    (line,) = told["lines"]
    assert (line["amount"], line["description"], line["prepaid_commit"]) == (80_000, "Credits", billing.commit["id"])
    assert (told["terms"], told["payments"]) == ("net_30", [])
    entry = api.get(f"/coa/api/journal_entry/{told['journal_entry']}")
    assert (entry["invoice"], entry["type"]) == (told["id"], "invoice")
    assert {line["invoice_number"] for line in entry["transactions"]} == {"INV-0000001"}
    assert [(line["debit_amount_native"], line["credit_amount_native"]) for line in entry["transactions"]] == [
        (80_000, None), (None, 80_000),
    ]  # fmt: skip
    assert api.get(f"{INVOICES}{told['id']}/").body == told.body
    (listed,) = api.get(INVOICES)["results"]
    assert listed == {name: value for name, value in told.body.items() if name in listed}
    assert (billing.commit_now()["is_invoiced"], billing.commit_now()["invoice"]) == (True, told["id"])

    paid = billing.pay(told["id"], amount="30000.00", external_id="btxn_1", memo="Wire")
    assert (paid.status, len(paid["journal_entry_ids"]), len(paid["payment_ids"])) == (200, 1, 1)
    part = api.get(f"{INVOICES}{told['id']}/")
    assert (part["payment_status"], part["amount_paid"], part["amount_due"]) == ("partial", 30_000, 50_000)
    assert (part["paid_date"], part["payments"][0]["external_id"]) == (None, "btxn_1")
    assert billing.pay(told["id"], amount="50000.00", payment_date="2026-01-25").status == 200
    whole = api.get(f"{INVOICES}{told['id']}/")
    assert (whole["payment_status"], whole["amount_due"], whole["paid_date"]) == ("paid", 0, "2026-01-25")

    close(api, JANUARY)
    assert stands(api, JANUARY.replace(day=31)) == {"cash": 80_000, "contract_liability": -80_000}
    posted = api.get(f"{INVOICES}{told['id']}/")
    assert posted["journal_entry"] == told["journal_entry"] == entry["id"]
    assert posted["payment_journal_entries"] == [each["payment_journal_entry"] for each in posted["payments"]]


def test_a_void_leaves_nothing_and_can_be_taken_back(billing: Billing):
    api = billing.api
    told = billing.billed()
    own = f"{INVOICES}{told['id']}/"
    void = api.post(f"{own}void/", {"void_date": "2026-01-10"})
    assert (void.status, void["payment_status"], void["voided_date"], void["amount_due"]) == (
        200, "voided", "2026-01-10", 0,
    )  # fmt: skip
    assert (billing.commit_now()["is_invoiced"], billing.commit_now()["invoice"]) == (False, None)
    assert api.post(f"{own}void/", {"void_date": "2026-01-11"})["invoice"]
    assert billing.pay(told["id"]).status == 400
    assert api.post(f"{own}reopen/")["payment_status"] == "open"
    assert api.post(f"{own}reopen/").status == 400
    assert billing.commit_now()["invoice"] == told["id"]

    assert api.post(f"{own}void/", {"void_date": "2026-01-12"}).status == 200
    close(api, JANUARY)
    assert stands(api, FEBRUARY) == {}
    refused = api.post(f"{own}reopen/")
    assert (refused.status, refused["error"]) == (400, "Books are closed for this date")


def test_an_invoice_of_a_closed_month_is_taken_back_in_an_open_one(billing: Billing):
    api = billing.api
    told = billing.billed()
    own = f"{INVOICES}{told['id']}/"
    close(api, JANUARY)
    refused = api.post(f"{own}void/", {"void_date": "2026-01-31"})
    assert (refused.status, refused["error"]) == (400, "Books are closed for this date")
    assert api.delete(own)["error"] == "Books are closed for this date"
    assert api.patch(own, {"message_on_invoice": "Thank you"})["message_on_invoice"] == "Thank you"
    assert api.patch(own, {"lines": [billing.of_commit("70000.00")]})["error"] == "Books are closed for this date"
    assert api.get(own)["total_amount"] == 80_000
    assert api.post(f"{own}void/", {"void_date": "2026-02-03"})["voided_date"] == "2026-02-03"
    close(api, FEBRUARY)
    assert stands(api, JANUARY.replace(day=31)) == {"accounts_receivable": 80_000, "contract_liability": -80_000}
    assert stands(api, FEBRUARY.replace(day=28)) == {}
    (void,) = api.get("/coa/api/journal_entry", start_date="2026-02-01", end_date="2026-02-28")["results"]
    assert api.get(own)["voided_journal_entry"] == void["id"]


def test_lines_take_the_place_of_those_before(billing: Billing):
    api = billing.api
    told = billing.billed(invoice_number="2026-1", message_on_invoice="Hello")
    own = f"{INVOICES}{told['id']}/"
    changed = api.put(own, billing.body(billing.of_commit("50000"), {"amount": "100.00", "tax": "19.00"}))
    assert changed.status == 200, changed.text
    assert (changed["invoice_number"], changed["total_amount"]) == ("2026-1", 50_119)
    assert changed["message_on_invoice"] is None
    assert [line["prepaid_commit"] for line in changed["lines"]] == [billing.commit["id"], None]
    close(api, JANUARY)
    assert stands(api, FEBRUARY) == {"accounts_receivable": 50_100, "contract_liability": -50_100}


def test_a_deleted_invoice_has_never_been(billing: Billing):
    api = billing.api
    told = billing.billed(invoice_number="INV-7")
    assert billing.pay(told["id"]).status == 200
    assert api.delete(f"{INVOICES}{told['id']}/")["code"] == "document_must_not_be_settled"
    (payment,) = api.get(f"{INVOICES}{told['id']}/")["payments"]
    assert api.delete(f"{INVOICES}{told['id']}/payment/{payment['id']}/void/").status == 204
    assert api.delete(f"{INVOICES}{told['id']}/").status == 204
    assert api.get(f"{INVOICES}{told['id']}/").status == 404
    assert api.get("/coa/api/v1/invoice-payments")["count"] == 0
    assert [each["is_deleted"] for each in api.get(INVOICES, include_deleted="true")["results"]] == [True]
    again = billing.billed(invoice_number="INV-7")
    assert again["id"] != told["id"]
    close(api, JANUARY)
    assert stands(api, FEBRUARY) == {"accounts_receivable": 80_000, "contract_liability": -80_000}


def test_tax_is_billed_and_paid_and_not_in_the_books(billing: Billing):
    api = billing.api
    told = billing.billed(billing.of_commit("100.00", tax="19.00"))
    assert (told["total_amount"], told["amount_due"]) == (119, 119)
    for amount in ("40.00", "40.00", "39.00"):
        assert billing.pay(told["id"], amount=amount).status == 200
    assert api.get(f"{INVOICES}{told['id']}/")["payment_status"] == "paid"
    close(api, JANUARY)
    assert stands(api, FEBRUARY) == {"cash": 100, "contract_liability": -100}


def test_a_draft_is_not_in_the_books_until_it_is_open(billing: Billing):
    api = billing.api
    told = billing.billed(payment_status="draft")
    own = f"{INVOICES}{told['id']}/"
    assert (told["payment_status"], billing.commit_now()["is_invoiced"]) == ("draft", False)
    assert billing.pay(told["id"]).status == 400
    opened = api.patch(own, {"payment_status": "sent"})
    assert (opened["payment_status"], opened["sent_date"] is not None) == ("sent", True)
    assert opened["lines"][0]["prepaid_commit"] == billing.commit["id"]
    assert billing.commit_now()["invoice"] == told["id"]
    assert api.patch(own, {"payment_status": "paid"}).status == 400


def test_lines_find_what_sells_their_product(api: Api):
    seats = api.post("product", {"product_name": "Seats"})["id"]
    calls = api.post("product", {"product_name": "Calls"})["id"]
    billing = Billing(api)
    path = f"contracts/{billing.contract['id']}"
    subscription = api.post(f"{path}/subscriptions", {"product": seats, **SUBSCRIPTION})["id"]
    milestone = api.post(
        f"{path}/milestones",
        {"product": calls, "milestone_name": "Setup", "milestone_date": "2026-02-01", "amount": 10},
    )["id"]
    told = billing.billed(
        {"amount": 1100, "product": seats},
        {"amount": 10, "product": calls},
        {"amount": 5},
        {"quantity": "2.5", "rate": "3.333", "discount_percentage": 10, "contract_milestone": milestone},
    )
    assert [(each["contract_subscription"], each["contract_milestone"]) for each in told["lines"]] == [
        (subscription, None), (None, milestone), (None, None), (None, milestone),
    ]  # fmt: skip
    assert told["total_amount"] == Decimal("1122.50")  # the last line: 7.49925, rounded once
    assert [each["product_name"] for each in told["lines"]] == ["Seats", "Calls", None, None]

    rows = [row for row in api.get("transactions")["results"] if row["contract_subscription"] == subscription]
    ids = [row["id"] for row in rows if row["accounting_period"] == "2026-12-01"]  # what is not billed yet
    body = billing.body({"amount": 100}, revenue_transactions=ids[:1])
    del body["contract"]
    found = api.post(INVOICES, body)
    assert found.status == 201, found.text
    assert (found["contract"], found["revenue_transactions"]) == (billing.contract["id"], ids[:1])
    assert found["lines"][0]["contract_subscription"] == subscription


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"contract": None}, "contract"),
        ({"contract": 999_999}, "contract"),
        ({"client": 999_999}, "client"),
        ({"currency": "EUR"}, "currency"),
        ({"entity": 999_999}, "entity"),
        ({"entity": None}, "entity"),
        ({"lines": []}, "lines"),
        ({"lines": [{"description": "Nothing"}]}, "lines"),
        ({"lines": [{"amount": 1, "product": 999_999}]}, "lines"),
        ({"lines": [{"amount": 1, "prepaid_commit": 999_999}]}, "lines"),
        ({"lines": [{"amount": "1.005"}]}, "lines"),
        ({"lines": [{"amount": -1}]}, None),
        ({"lines": [{"quantity": "9" * 18, "rate": "9" * 18}]}, None),
        ({"invoice_date": "2026-13-01"}, "invoice_date"),
        ({"payment_status": "paid"}, "payment_status"),
        ({"discount": 5}, "discount"),
        ({"revenue_transactions": [1]}, "revenue_transactions"),
    ],
)
def test_what_cannot_be_billed_is_refused_and_nothing_is_written(
    billing: Billing, fields: dict[str, Any], field: str | None
):
    told = billing.api.post(INVOICES, {**billing.body({"amount": 1}), **fields})
    assert told.status == 400, told.text
    assert field is None or next(iter(told.body)) == field
    assert billing.api.get(INVOICES)["count"] == 0


def test_payments_that_cannot_be_are_refused(billing: Billing):
    api = billing.api
    told = billing.billed()
    assert billing.pay(told["id"], amount=0).status == 400
    assert billing.pay(told["id"], amount="1.005").status == 400
    assert billing.pay(told["id"], currency="EUR").status == 400
    assert billing.pay(told["id"], withholding_amount=1).status == 400
    assert billing.pay(told["id"], amount=1, external_id="e-1").status == 200
    assert billing.pay(told["id"], amount=1, external_id="e-1").status == 400
    assert api.post(f"{INVOICES}{told['id']}/pay/", {}).status == 400
    bank = {"transactions": [{"transaction_id": 1, "amount": 1}]}
    assert list(api.post(f"{INVOICES}{told['id']}/pay/", bank).body) == ["transactions"]
    assert api.post(f"{INVOICES}{told['id']}/void/", {"void_date": "2026-01-31"})["code"]
    close(api, JANUARY)
    refused = billing.pay(told["id"])
    assert (refused.status, refused["error"]) == (400, "Books are closed for this date")
    assert api.get(f"{INVOICES}{told['id']}/")["amount_paid"] == 1
    assert billing.pay(told["id"], amount="79999.00", payment_date="2026-02-01").status == 200


def test_a_payment_is_taken_back(billing: Billing):
    api = billing.api
    told = billing.billed()
    (payment,) = billing.pay(told["id"])["payment_ids"]
    close(api, JANUARY)
    own = f"{INVOICES}{told['id']}/payment/{payment}/void/"
    assert api.post(own, {"void_date": "2026-01-31"})["error"] == "Books are closed for this date"
    void = api.post(own, {"void_date": "2026-02-10"})
    assert (void.status, void["voided_date"], void["amount"]) == (200, "2026-02-10", 80_000)
    assert api.post(own, {}).status == 400
    assert api.get(f"{INVOICES}{told['id']}/")["amount_due"] == 80_000
    close(api, FEBRUARY)
    assert stands(api, FEBRUARY.replace(day=28)) == {"accounts_receivable": 80_000, "contract_liability": -80_000}
    assert api.post(f"{INVOICES}{told['id']}/payment/999999/void/", {}).status == 404


def test_several_invoices_at_once_are_all_there_or_none(billing: Billing):
    api = billing.api
    lines = {"amount": 5}
    told = api.post(f"{INVOICES}bulk-create", {"invoices": [billing.body(lines), billing.body(lines)]})
    assert told.status == 201, told.text
    assert [each["invoice_number"] for each in told.body] == ["INV-0000001", "INV-0000002"]
    bad = api.post(f"{INVOICES}bulk-create", {"invoices": [billing.body(lines), billing.body({})]})
    assert bad.status == 400
    late = api.post(f"{INVOICES}bulk-create", {"invoices": [billing.body(lines), billing.body({"amount": "0.001"})]})
    assert late.status == 400
    assert api.get(INVOICES)["count"] == 2
    wanted = {"invoices": [{"invoice_number": "INV-0000002"}, {"invoice_number": "no such"}]}
    known = api.post(f"{INVOICES}bulk-search", wanted)["invoices"]
    assert [each["invoice_number"] for each in known] == ["INV-0000002"]


def test_a_list_is_narrowed_by_whose_when_and_how_it_stands(billing: Billing, api_of: Callable[..., Api]):
    api = billing.api
    other = Billing(api, deal_name="Other", currency="EUR")
    first = billing.billed(invoice_date="2026-01-05", invoice_number="A-1", ref_number="R-1")
    second = billing.billed({"amount": 7}, invoice_date="2026-02-05", payment_status="sent")
    third = other.billed({"amount": 9}, due_date="2026-01-31", message_on_invoice="For the shop")
    assert billing.pay(first["id"]).status == 200

    def found(**asked: Any) -> list[int]:
        return [each["id"] for each in api.get(INVOICES, **asked)["results"]]

    assert found() == [second["id"], first["id"], third["id"]]
    assert found(sort="total_amount") == [second["id"], third["id"], first["id"]]
    assert found(client=billing.contract["client"]) == [second["id"], first["id"]]
    assert found(contract=other.contract["id"]) == [third["id"]]
    assert found(currency="EUR") == found(entity=other.entity) == found(q="shop") == [third["id"]]
    assert found(start_date="2026-01-05", end_date="2026-01-31") == found(invoice_number="A-1") == [first["id"]]
    assert found(ref_number="R-1") == found(status="paid") == found(paid_date_from="2026-01-20") == [first["id"]]
    assert found(status="unpaid") == [second["id"], third["id"]]
    assert found(status="current") == found(status="sent") == found(sentStatus="sent") == [second["id"]]
    assert found(status="past_due") == [third["id"]]
    assert found(status=["voided", "uncollectible", "partially_paid"]) == []
    assert found(limit=1, offset=1) == [first["id"]]
    for wrong in (
        {"q": "\0"},
        {"sort": "x"},
        {"status": "x"},
        {"client": "x"},
        {"start_date": "x"},
        {"download": "true"},
    ):
        assert api.get(INVOICES, **wrong).status == 400
    payments = api.get("/coa/api/v1/invoice-payments", invoice_id=first["id"])["results"]
    assert [(each["invoice_number"], each["amount"], each["payment_type"]) for each in payments] == [
        ("A-1", 80_000, "MANUAL_TRANSACTION"),
    ]
    assert api.get("/coa/api/v1/invoice-payments", voided="true")["count"] == 0


def test_nobody_else_sees_or_changes_an_invoice(
    billing: Billing, new_actor: Callable[..., Any], api_of: Callable[..., Api]
):
    told = billing.billed()
    own = f"{INVOICES}{told['id']}/"
    other, viewer = api_of(new_actor()), api_of(billing.api.actor, role="viewer")
    assert [other.get(own).status, other.delete(own).status, other.post(f"{own}void/", {}).status] == [404] * 3
    assert other.post(f"{own}pay/", {}).status == 404
    assert other.get(INVOICES)["count"] == 0
    assert viewer.get(own).status == 200
    assert [viewer.post(INVOICES, {}).status, viewer.delete(own).status] == [403] * 2
    assert billing.api.get(own)["payment_status"] == "open"


def test_a_prepaid_commit_is_billed_as_a_whole_once(billing: Billing):
    api = billing.api
    path = f"contracts/{billing.contract['id']}/prepaid-commits/{billing.commit['id']}/invoice"
    told = api.post(path, {"invoice_date": "2026-01-01", "due_date": "2026-01-31", "entity": billing.entity})
    assert told.status == 201, told.text
    assert (told["total_amount"], told["due_date"], told["entity"]) == (80_000, "2026-01-31", billing.entity)
    assert (told["lines"][0]["prepaid_commit"], told["lines"][0]["description"]) == (billing.commit["id"], "Pool")
    assert (billing.commit_now()["is_invoiced"], billing.commit_now()["invoice"]) == (True, told["id"])
    again = api.post(path, {"invoice_date": "2026-01-02"})
    assert (again.status, again["error"]) == (400, f"Invoice {told['id']} has billed it.")
    assert api.post(f"{INVOICES}{told['id']}/void/", {"void_date": "2026-01-02"}).status == 200
    assert api.post(path, {"invoice_date": "2026-01-02"})["invoice_number"] == "INV-0000002"
    close(api, JANUARY)
    assert stands(api, FEBRUARY) == {"accounts_receivable": 80_000, "contract_liability": -80_000}


def test_an_invoice_without_an_entity_says_so_again(billing: Billing):
    """One that the books made of a prepaid commit whose contract names none; where there is one, it stays."""
    pool = f"contracts/{billing.contract['id']}/prepaid-commits/{billing.commit['id']}"
    own = f"{INVOICES}{billing.api.post(f'{pool}/invoice', {'invoice_date': '2026-01-01'})['id']}/"
    told = billing.api.get(own).body
    assert told["entity"] is None
    again = billing.api.put(own, {**told, "ref_number": "PO-1"})
    assert (again.status, again["entity"], again["ref_number"]) == (200, None, "PO-1"), again.text
    assert billing.api.patch(own, {"entity": billing.entity})["entity"] == billing.entity
    for refused in (billing.api.put(own, told), billing.api.patch(own, {"entity": None})):
        assert (refused.status, refused.body) == (400, {"entity": ["This field may not be null."]}), refused.text
    assert billing.api.get(own)["entity"] == billing.entity


def test_an_invoice_is_told_in_every_kind_of_body(billing: Billing):
    """Ids as text, empty text where there is no id, fields that are only told: as existing programs send them."""
    api = billing.api
    line = {"amount": 50, "tax": 5, "rate": 50, "quantity": 1, "description": "Line", "service_date": "2026-01-01"}
    body = {
        "terms": "net_30", "invoice_date": "2026-01-01", "due_date": "2026-01-31", "entity": str(billing.entity),
        "entity_name": "Top Level", "currency": "USD", "stripe_connection": "", "stripe_connection_entity": "54",
        "exchange_rate_book": 1, "client": str(billing.contract["client"]), "client_email": None,
        "contract": str(billing.contract["id"]), "invoice_number": "987654321", "billing_address": "",
    }  # fmt: skip
    told = api.post(INVOICES, {**body, "lines": [{**line, "product_name": "A", "anrok_item_id": None}]})
    assert told.status == 201, told.text
    assert (told["total_amount"], told["stripe_connection"], told["terms"]) == (55, None, "net_30")
    flat = {**{name: value for name, value in body.items() if value is not None}, "invoice_number": "2"}
    form = api.form("POST", INVOICES, {**flat, "lines": json_text([line])})
    assert form.status == 201, form.text
    encoded = api.send(
        "POST", INVOICES, urlencode({**flat, "invoice_number": "3", "lines": json_text([line])}),
        content_type="application/x-www-form-urlencoded",
    )  # fmt: skip
    assert [each["lines"][0]["description"] for each in (told, form, encoded)] == ["Line"] * 3
    assert api.post(INVOICES, {**body, "lines": [line]}, key="k-1").status == 400  # the number is taken
    first = api.post(INVOICES, {**body, "invoice_number": "4", "lines": [line]}, key="k-1")
    assert api.post(INVOICES, {**body, "invoice_number": "4", "lines": [line]}, key="k-1").body == first.body
    assert api.get(INVOICES)["count"] == 4


def test_a_document_that_was_filed_by_other_doors_is_an_invoice_too(billing: Billing):
    api = billing.api
    invoice = Invoice(contract=contracts(actor=api.actor).rows[0].code, amount=Decimal(70), code="X-1")
    file_invoice(actor=api.actor, invoice=invoice, on=JANUARY, at=AT)
    (told,) = api.get(INVOICES)["results"]
    assert (told["invoice_number"], told["total_amount"], told["entity"]) == ("X-1", 70, None)
    assert billing.pay(told["id"], amount=70).status == 200
    void_document(actor=api.actor, kind="payment", code=payment_of(api), on=FEBRUARY, at=AT)
    assert api.get(f"{INVOICES}{told['id']}/")["payment_status"] == "open"
    void_document(actor=api.actor, kind="invoice", code="X-1", on=FEBRUARY, at=AT)
    assert api.get(f"{INVOICES}{told['id']}/")["voided_date"] == "2026-02-01"


def payment_of(api: Api) -> str:
    (payment,) = documents(actor=api.actor, asked=DocumentsAsked(kinds=["payment"])).rows
    return payment.code


def test_lists_take_as_many_statements_however_long_they_are(billing: Billing):
    api, lists = billing.api, (INVOICES, "/coa/api/v1/invoice-payments")

    def one_more(name: str) -> None:
        told = billing.billed(billing.of_commit("10.00"), {"amount": 1}, invoice_number=name)
        assert billing.pay(told["id"], amount=1).status == 200

    one_more("A-1")
    few = [statements(api, path) for path in lists]
    for name in ("A-2", "A-3"):
        one_more(name)
    assert [statements(api, path) for path in lists] == few


def test_who_asks_is_told(billing: Billing, api_of: Callable[..., Api]):
    api = billing.api
    told = api.get("/users/api/get_user_info")
    assert (told["customer_id"], told["email"], told["role"]) == (api.actor.tenant_id, "admin@example.test", "admin")
    assert (told["root_entity"], told["root_currency"]) == (billing.entity, "USD")
    assert told["deduct_credit_memos_from_invoiced_amount"] is False
    assert api_of(api.actor, role="preparer").get("/users/api/get_user_info")["role"] == "clerk"


def test_what_is_paid_above_what_is_due_is_credited(billing: Billing):
    api = billing.api
    told, other = billing.billed(billing.of_commit("100.00")), billing.billed(billing.of_commit("30.00"))
    paid = billing.pay(told["id"], amount="125.00")
    (credit,) = paid["auto_created_credit_memos"]
    own = f"/coa/api/v1/credit-memo/{credit['id']}"
    memo = api.get(own)
    assert (
        (memo["credit_memo_number"], memo["total_amount"]) == (credit["credit_memo_number"], 25) == ("CM-0000001", 25)
    )
    assert (memo["credit_memo_type"], memo["application_status"]) == ("overpayment", "open")
    assert api.get(f"{INVOICES}{told['id']}/")["amount_paid"] == 100
    assert billing.pay(told["id"], amount="1.00").status == 400
    for refused in (api.delete(own), api.post(f"{own}/void/", {"void_date": "2026-01-31"}), api.patch(own, {})):
        assert (refused.status, refused["code"]) == (400, "credit_memo_must_go_with_its_cause")

    used = {"credit_memo_id": credit["id"], "amount": "25.00", "posted_at": "2026-01-25"}
    (use,) = api.post(f"{INVOICES}{other['id']}/pay/", {"credit_memos": [used]})["payment_ids"]
    (payment,) = paid["payment_ids"]
    void = f"{INVOICES}{told['id']}/payment/{payment}/void/"
    assert api.post(void, {"void_date": "2026-01-26"})["code"] == "document_must_not_be_settled"
    assert api.delete(f"{INVOICES}{other['id']}/payment/{use}/void/").status == 204
    assert api.post(void, {"void_date": "2026-01-26"}).status == 200
    assert api.get(own)["application_status"] == "voided"
    close(api, JANUARY)
    assert stands(api, FEBRUARY) == {"accounts_receivable": 130, "contract_liability": -130}


def test_overage_is_billed_and_clears_what_is_unbilled(billing: Billing):
    """The chain of a pool of 80,000 at 20 %: what March used above it is billed in April."""
    api = billing.api
    assert billing.pay(billing.billed()["id"]).status == 200
    months = f"contracts/{billing.contract['id']}/prepaid-commits/{billing.commit['id']}/consumption"
    for month, gross in (("2026-01-01", 30_000), ("2026-02-01", 50_000), ("2026-03-01", 40_000)):
        assert api.post(months, {"period_month": month, "gross_usage_amount": gross}).status == 201
    for number in (1, 2, 3):
        close(api, date(2026, number, 1))
    assert stands(api, date(2026, 3, 31)) == {"cash": 80_000, "unbilled_revenue": 20_000, "income": -100_000}
    (consumed,) = [each for each in api.get(months)["results"] if each["period_month"] == "2026-03-01"]
    body = billing.body({"amount": "20000.00"}, revenue_transactions=[consumed["overage_revenue_transaction"]],
                        invoice_date="2026-04-01", period_start="2026-03-01")  # fmt: skip
    told = api.post(INVOICES, body)
    assert told.status == 201, told.text
    assert told["lines"][0]["prepaid_commit"] is None
    assert api.get(f"transactions/{consumed['overage_revenue_transaction']}")["invoice"] == told["id"]
    close(api, date(2026, 4, 1))
    assert stands(api, date(2026, 4, 30)) == {"accounts_receivable": 20_000, "cash": 80_000, "income": -100_000}


def test_what_an_invoice_names_stays_in_the_register(billing: Billing):
    billing.billed(billing.of_commit("10.00", department=None))
    assert billing.api.delete(f"/coa/api/entity/{billing.entity}").status == 409
    draft = Billing(billing.api, deal_name="Drafted")
    draft.billed(draft.of_commit(), payment_status="draft")
    assert billing.api.delete(f"contracts/{draft.contract['id']}")["code"] == "nothing_must_depend_on_it"
