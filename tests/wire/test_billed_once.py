"""What is billed is billed once: by two who ask at the same moment, by cycles of overage, by the revenue that is named."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from ratable_server.api.campfire.views import invoice_commits, usage_overage
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_invoices import INVOICES, Billing
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_usage_overage import overused

_WAITS_SECONDS = 1  # as long as the other one could be done, where nobody keeps it waiting


def asked_apart(api: Api, path: str, body: dict[str, Any]) -> Told:
    """A request over a connection of its own."""
    try:
        return replace(api, client=Client(headers={"host": "localhost"})).post(path, body)
    finally:
        if threading.current_thread() is not threading.main_thread():
            connection.close()


def both(api: Api, path: str, body: dict[str, Any], *, module: Any, monkeypatch: pytest.MonkeyPatch) -> list[Told]:
    """Two of the same request: the second one comes when the first has looked, and before it writes."""
    has_looked, is_done = threading.Event(), threading.Event()
    issue = module.issue_papers

    def slow(**asked: Any) -> Any:
        if not has_looked.is_set():
            has_looked.set()
            is_done.wait(_WAITS_SECONDS)
        return issue(**asked)

    monkeypatch.setattr(module, "issue_papers", slow)
    answers: list[Told] = []
    first = threading.Thread(target=lambda: answers.append(asked_apart(api, path, body)))
    first.start()
    assert has_looked.wait(60)
    answers.append(asked_apart(api, path, body))
    is_done.set()
    first.join()
    return answers


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


def test_revenue_that_was_billed_is_not_billed_again(api: Api):
    """700.00 of July are billed; what comes to it later can be, and after a void all of it again."""
    billing = Billing(api)
    consumption = f"contracts/{billing.contract['id']}/prepaid-commits/{billing.commit['id']}/consumption"
    assert api.post(consumption, {"period_month": "2026-02-01", "gross_usage_amount": "100000.00"}).status == 201
    july = api.post(consumption, {"period_month": "2026-07-01", "gross_usage_amount": "700.00"})
    row = july["overage_revenue_transaction"]
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

    assert api.put(f"{consumption}/{july['id']}", {"gross_usage_amount": "900.00"}).status == 200
    more = api.post(INVOICES, {**body, "lines": [{"amount": "200.00"}]})
    assert more.status == 201, more.text
    assert api.post(INVOICES, body).status == 400
    for invoice in (first, more):
        assert api.post(f"{INVOICES}{invoice['id']}/void/", {"void_date": "2026-08-02"}).status == 200
    assert api.post(INVOICES, {**body, "lines": [{"amount": "900.00"}]}).status == 201


def test_two_invoices_of_one_body_do_not_name_the_same_revenue(api: Api):
    billing = Billing(api)
    consumption = f"contracts/{billing.contract['id']}/prepaid-commits/{billing.commit['id']}/consumption"
    row = api.post(consumption, {"period_month": "2026-02-01", "gross_usage_amount": "200000.00"})
    named = {"revenue_transactions": [row["overage_revenue_transaction"]], "invoice_date": "2026-03-01"}
    body = billing.body({"amount": "100000.00"}, **named)
    told = api.post(f"{INVOICES}bulk-create", {"invoices": [body, body]})
    assert (told.status, told.body) == (
        400,
        {"invoices": [{}, {"revenue_transactions": ["Another of these invoices names it."]}]},
    )
    assert api.get(INVOICES)["count"] == 0
