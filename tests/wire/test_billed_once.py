"""What is billed is billed once: by two who ask at the same moment, by cycles of overage, by the revenue that is named."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from ratable_server.api.campfire.views import invoice_acts, invoice_commits, invoices, usage_overage
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_entities import entity
from tests.wire.test_invoices import INVOICES, SUBSCRIPTION, Billing
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_usage_overage import overused

_WAITS_SECONDS = 1  # as long as the other one could be done, where nobody keeps it waiting


def asked_apart(api: Api, method: str, path: str, body: dict[str, Any]) -> Told:
    """A request over a connection of its own."""
    try:
        apart = replace(api, client=Client(headers={"host": "localhost"}))
        return apart.patch(path, body) if method == "PATCH" else apart.post(path, body)
    finally:
        if threading.current_thread() is not threading.main_thread():
            connection.close()


def each_of(
    api: Api, asked: list[tuple[str, str, dict[str, Any]]], *, module: Any, write: str, monkeypatch: pytest.MonkeyPatch
) -> list[Told]:
    """Two requests: the second one comes when the first has looked, and before it writes."""
    has_looked, is_done = threading.Event(), threading.Event()
    writes = getattr(module, write)

    def slow(**told: Any) -> Any:
        if not has_looked.is_set():
            has_looked.set()
            is_done.wait(_WAITS_SECONDS)
        return writes(**told)

    monkeypatch.setattr(module, write, slow)
    answers: list[Told] = []
    first = threading.Thread(target=lambda: answers.append(asked_apart(api, *asked[0])))
    first.start()
    assert has_looked.wait(60)
    answers.append(asked_apart(api, *asked[1]))
    is_done.set()
    first.join()
    return answers


def both(api: Api, path: str, body: dict[str, Any], *, module: Any, monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    """Two of the same request."""
    return each_of(api, [("POST", path, body)] * 2, module=module, write="issue_papers", monkeypatch=monkeypatch)


def test_a_prepaid_commit_is_billed_once_by_two_at_the_same_moment(api: Api, monkeypatch: pytest.MonkeyPatch):
    contract = signed(api)["id"]
    path = f"contracts/{contract}/prepaid-commits/{granted(api, contract)['id']}/invoice"
    answers = both(api, path, {"invoice_date": "2026-01-01"}, module=invoice_commits, monkeypatch=monkeypatch)
    assert sorted(answer.status for answer in answers) == [201, 400]
    assert api.get(f"contracts/{contract}")["total_billed"] == 80_000


def test_overage_is_billed_once_by_two_at_the_same_moment(api: Api, monkeypatch: pytest.MonkeyPatch):
    overused(api)
    answers = both(api, "overage-invoicing", {"period_month": "2026-03-01"}, module=usage_overage,
                   monkeypatch=monkeypatch)  # fmt: skip
    assert sorted((answer.status, answer.body.get("created")) for answer in answers) == [(200, 0), (200, 1)]


def test_overage_that_an_invoice_bills_names_it(api: Api):
    """Who looks for revenue without an invoice does not bill it again; once the invoice is void, it is there again."""
    pool = overused(api)
    told = api.post("overage-invoicing", {"period_month": "2026-04-01"})
    march, april = (each["invoice"] for each in told["invoices"])
    contract = int(pool.split("/")[1])
    assert billed_by(api, contract) == {("2026-03-01", 20_000): march, ("2026-04-01", 5_000): april}
    (named,) = api.get(f"{INVOICES}{march}/")["revenue_transactions"]
    assert (api.get(f"transactions/{named}")["invoice_number"], api.get(f"transactions/{named}")["amount"]) == (
        told["invoices"][0]["invoice_number"],
        20_000,
    )
    assert api.post(f"{INVOICES}{march}/void/", {"void_date": "2026-04-30"}).status == 200
    assert billed_by(api, contract) == {("2026-03-01", 20_000): None, ("2026-04-01", 5_000): april}


def billed_by(api: Api, contract: int) -> dict[tuple[str, Any], int | None]:
    """The invoice of each month's overage."""
    rows = api.get("transactions", limit=1_000)["results"]
    return {
        (row["accounting_period"], row["amount"]): row["invoice"]
        for row in rows
        if row["contract"] == contract and row["description"].startswith("Prepaid commit overage")
    }


class July:
    """A pool that February has drawn, and 700.00 of overage in July: where they were told, and the id of their revenue."""

    def __init__(self, api: Api) -> None:
        self.billing = Billing(api)
        pool = f"contracts/{self.billing.contract['id']}/prepaid-commits/{self.billing.commit['id']}"
        february, july = (
            api.post(f"{pool}/consumption", {"period_month": month, "gross_usage_amount": amount})
            for month, amount in (("2026-02-01", "100000.00"), ("2026-07-01", "700.00"))
        )
        assert (february.status, july.status) == (201, 201)
        self.path = f"{pool}/consumption/{july['id']}"
        self.row = july["overage_revenue_transaction"]


def test_revenue_that_was_billed_is_not_billed_again(api: Api):
    """700.00 of July are billed; what comes to it later can be, and after a void all of it again."""
    july = July(api)
    billing, row = july.billing, july.row
    body = billing.body({"amount": "700.00"}, revenue_transactions=[row], invoice_date="2026-08-01")
    first = api.post(INVOICES, body)
    assert first.status == 201, first.text

    again = api.post(INVOICES, body)
    assert (again.status, again.body) == (
        400,
        {"revenue_transactions": ["INV-0000001 billed it: void it, or bill what has come to it since."]},
    )
    at_once = api.post(f"{INVOICES}bulk-create", {"invoices": [body]})
    assert at_once.status == 400
    assert api.get(f"contracts/{billing.contract['id']}")["total_billed"] == 700
    assert api.patch(f"{INVOICES}{first['id']}/", {"revenue_transactions": [row]}).status == 200

    assert api.put(july.path, {"gross_usage_amount": "900.00"}).status == 200
    more = api.post(INVOICES, {**body, "lines": [{"amount": "200.00"}]})
    assert more.status == 201, more.text
    assert api.post(INVOICES, body).status == 400
    for invoice in (first, more):
        assert api.post(f"{INVOICES}{invoice['id']}/void/", {"void_date": "2026-08-02"}).status == 200
    assert api.post(INVOICES, {**body, "lines": [{"amount": "900.00"}]}).status == 201


class Overage:
    """A contract with overage of 20,000.00 in March and 5,000.00 in April, and invoices that name it."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.contract = int(overused(api).split("/")[1])
        self.entity = entity(api, "Top Level")["id"]
        rows = [row for row in api.get("transactions", limit=1_000)["results"] if row["contract"] == self.contract]
        self.march, self.april = (
            next(row["id"] for row in rows if row["amount"] == amount) for amount in (20_000, 5_000)
        )

    def body(self, amount: str, *named: int, **fields: Any) -> dict[str, Any]:
        return {"contract": self.contract, "entity": self.entity, "invoice_date": "2026-05-01", "due_date": "2999-01-31",
                "lines": [{"amount": amount}], "revenue_transactions": list(named), **fields}  # fmt: skip

    def bill(self, amount: str, *named: int, **fields: Any) -> Told:
        return self.api.post(INVOICES, self.body(amount, *named, **fields))

    def at_once(self, *bodies: dict[str, Any]) -> Told:
        return self.api.post(f"{INVOICES}bulk-create", {"invoices": list(bodies)})

    @property
    def total(self) -> Any:
        return self.api.get(f"contracts/{self.contract}")["total_billed"]


def refused(answer: Told) -> Any:
    """By which invoices all is billed that an invoice names, where it is refused."""
    assert answer.status == 400, answer.text
    return answer["revenue_transactions"][0].removesuffix(" billed it: void it, or bill what has come to it since.")


def test_a_draft_is_judged_by_what_it_names_once_it_is_open(api: Api):
    overage = Overage(api)
    draft = overage.bill("20000.00", overage.march, payment_status="draft")
    own = f"{INVOICES}{draft['id']}/"
    assert overage.bill("20000.00", overage.march).status == 201
    for status in ("open", "sent", "uncollectible"):
        assert refused(api.patch(own, {"payment_status": status})) == "INV-0000002"
    assert refused(api.put(own, overage.body("20000.00", overage.march))) == "INV-0000002"
    assert (api.get(own)["payment_status"], overage.total) == ("draft", 20_000)
    assert api.patch(own, {"memo": "Later"}).status == 200

    other = {"payment_status": "open", "revenue_transactions": [overage.april], "lines": [{"amount": "5000.00"}]}
    assert api.patch(own, other).status == 200
    assert overage.total == 25_000
    assert refused(api.patch(own, {"revenue_transactions": [overage.march]})) == "INV-0000002"


def test_an_invoice_that_became_a_draft_again_is_judged_once_more(api: Api):
    overage = Overage(api)
    first = overage.bill("20000.00", overage.march)
    own = f"{INVOICES}{first['id']}/"
    assert api.patch(own, {"payment_status": "draft"}).status == 200
    assert overage.bill("20000.00", overage.march).status == 201
    assert refused(api.patch(own, {"payment_status": "open"})) == "INV-0000002"
    assert overage.total == 20_000


def test_the_lines_of_a_draft_are_of_what_it_names_once_it_is_open(api: Api):
    billing = Billing(api)
    seats = api.post(f"contracts/{billing.contract['id']}/subscriptions", SUBSCRIPTION)["id"]
    january = next(
        row["id"]
        for row in api.get("transactions", accounting_period="2026-01-01")["results"]
        if row["contract_subscription"] == seats
    )
    named = {"revenue_transactions": [january], "payment_status": "draft"}
    draft = billing.billed({"amount": "100.00"}, **named)
    opened = api.patch(f"{INVOICES}{draft['id']}/", {"payment_status": "open"})
    assert [line["contract_subscription"] for line in opened["lines"]] == [seats]
    assert refused(api.post(INVOICES, billing.body({"amount": "100.00"}, revenue_transactions=[january]))) == (
        "INV-0000001"
    )


def test_two_drafts_that_are_opened_at_the_same_moment_bill_once(api: Api, monkeypatch: pytest.MonkeyPatch):
    overage = Overage(api)
    drafts = [overage.bill("20000.00", overage.march, payment_status="draft")["id"] for _ in range(2)]
    asked = [("PATCH", f"{INVOICES}{id}/", {"payment_status": "open"}) for id in drafts]
    answers = each_of(api, asked, module=invoices, write="revise_paper", monkeypatch=monkeypatch)
    assert sorted(answer.status for answer in answers) == [200, 400]
    assert overage.total == 20_000


def test_overage_is_billed_once_by_its_cycle_and_by_hand_at_the_same_moment(api: Api, monkeypatch: pytest.MonkeyPatch):
    overage = Overage(api)
    asked = [
        ("POST", "overage-invoicing", {"period_month": "2026-03-01"}),
        ("POST", INVOICES, overage.body("20000.00", overage.march)),
    ]
    answers = each_of(api, asked, module=usage_overage, write="issue_papers", monkeypatch=monkeypatch)
    assert sorted(answer.status for answer in answers) == [200, 400]
    assert overage.total == 20_000


def test_halves_of_one_revenue_are_billed_one_by_one_and_at_once(api: Api):
    """10,000.00 twice are 20,000.00; a third invoice is refused in either way, and nothing is written of its body."""
    one_by_one, at_once = Overage(api), Overage(api)
    assert [one_by_one.bill("10000.00", one_by_one.march).status for _ in range(2)] == [201, 201]
    half = at_once.body("10000.00", at_once.march)
    too_many = at_once.at_once(half, half, half)
    assert (too_many.status, too_many.body) == (
        400,
        {"invoices": [{}, {}, {"revenue_transactions": ["Invoices before it in this body bill it."]}]},
    )
    assert at_once.total == 0
    assert at_once.at_once(half, half).status == 201
    for each in (one_by_one, at_once):
        assert each.total == 20_000
        assert each.bill("10000.00", each.march).status == 400
    assert refused(at_once.at_once(half)) == "INV-0000003, INV-0000004"
    drafts = [{**half, "payment_status": "draft"}] * 2
    assert at_once.at_once(*drafts).status == 201
    assert at_once.total == 20_000


def test_each_revenue_is_judged_by_itself(api: Api):
    """25,000.00 for March alone bill nothing of April, so that 5,000.00 for both are taken: they are of April."""
    overage = Overage(api)
    more = overage.bill("25000.00", overage.march)
    assert more.status == 201, more.text
    both_months = overage.bill("5000.00", overage.march, overage.april)
    assert both_months.status == 201, both_months.text
    assert refused(overage.bill("5000.00", overage.april)) == "INV-0000002"
    assert refused(overage.bill("1.00", overage.march)) == "INV-0000001, INV-0000002"

    assert api.post(f"{INVOICES}{more['id']}/void/", {"void_date": "2026-05-01"}).status == 200
    assert overage.bill("5000.00", overage.april).status == 201  # what was billed is of March first
    assert overage.bill("15000.00", overage.march).status == 201
    assert refused(overage.bill("1.00", overage.april, overage.march)) == "INV-0000002, INV-0000003, INV-0000004"
    assert overage.total == 25_000


def test_a_void_is_not_taken_back_once_its_revenue_is_billed_again(api: Api):
    overage = Overage(api)
    first = f"{INVOICES}{overage.bill('20000.00', overage.march)['id']}/"
    assert api.post(f"{first}void/", {"void_date": "2026-05-02"}).status == 200
    second = f"{INVOICES}{overage.bill('20000.00', overage.march)['id']}/"
    assert refused(api.post(f"{first}reopen/", {})) == "INV-0000002"
    assert (api.get(first)["payment_status"], overage.total) == ("voided", 20_000)

    assert api.post(f"{second}void/", {"void_date": "2026-05-02"}).status == 200
    assert api.post(f"{first}reopen/", {}).status == 200
    assert refused(api.post(f"{second}reopen/", {})) == "INV-0000001"
    assert overage.total == 20_000


def test_a_void_is_taken_back_and_its_revenue_billed_once_at_the_same_moment(api: Api, monkeypatch: pytest.MonkeyPatch):
    overage = Overage(api)
    first = f"{INVOICES}{overage.bill('20000.00', overage.march)['id']}/"
    assert api.post(f"{first}void/", {"void_date": "2026-05-02"}).status == 200
    asked: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", f"{first}reopen/", {}),
        ("POST", INVOICES, overage.body("20000.00", overage.march)),
    ]
    answers = each_of(api, asked, module=invoice_acts, write="reopen_paper", monkeypatch=monkeypatch)
    assert sorted(answer.status for answer in answers) == [200, 400]
    assert overage.total == 20_000


def test_revenue_that_is_gone_was_not_billed(api: Api):
    """700.00 of July were billed, and the usage is gone: who names it is told that it is not there, and not that it is billed."""
    july = July(api)
    billing, row = july.billing, july.row
    draft = billing.billed(
        {"amount": "700.00"}, revenue_transactions=[row], payment_status="draft", invoice_date="2026-08-01"
    )
    assert billing.billed({"amount": "700.00"}, revenue_transactions=[row], invoice_date="2026-08-01").status == 201
    own = f"{INVOICES}{draft['id']}/"
    assert refused(api.patch(own, {"payment_status": "open"})) == "INV-0000002"
    assert api.delete(july.path).status == 204
    other = f"{INVOICES}{billing.billed({'amount': '1.00'})['id']}/"
    for path, body in ((own, {"payment_status": "open"}), (other, {"revenue_transactions": [row]})):
        gone = api.patch(path, body)
        assert (gone.status, gone.body) == (
            400,
            {"revenue_transactions": [f'Invalid pk "{row}" - object does not exist.']},
        )
    assert (api.get(own)["payment_status"], api.get(other)["revenue_transactions"]) == ("draft", [])
    assert api.patch(own, {"payment_status": "open", "revenue_transactions": []}).status == 200
