"""Changes of the same thing at the same time: each says some of it, and nothing of either is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from ratable_server.api.campfire.views.view import CampfireView
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import customer_of, signed
from tests.wire.test_invoices import Billing
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_usage import product_of

_WAITS_SECONDS = 1  # as long as the other one could be done, where nobody keeps it waiting


def contract(api: Api) -> tuple[str, str, str]:
    return f"contracts/{signed(api)['id']}", "consultant", "purchase_order_number"


def prepaid_commit(api: Api) -> tuple[str, str, str]:
    told = granted(api, signed(api)["id"])
    return f"contracts/{told['contract']}/prepaid-commits/{told['id']}", "name", "description"


def customer(api: Api) -> tuple[str, str, str]:
    return f"/coa/api/vendor/{customer_of(api)}", "notes", "website"


def product(api: Api) -> tuple[str, str, str]:
    return f"product/{product_of(api)['id']}", "product_name", "product_description"


def subscription(api: Api) -> tuple[str, str, str]:
    path = f"contracts/{signed(api)['id']}/subscriptions"
    fields = {"start_date": "2026-01-01", "end_date": "2026-12-31", "mrr": "100.00", "product": product_of(api)["id"]}
    return f"{path}/{api.post(path, fields)['id']}", "external_id", "notes"


def usage(api: Api) -> tuple[str, str, str]:
    path = f"contracts/{signed(api)['id']}/usage"
    return f"{path}/{api.post(path, {'product': product_of(api)['id']})['id']}", "description", "end_date"


def invoice(api: Api) -> tuple[str, str, str]:
    billing = Billing(api)
    return f"/coa/api/v1/invoice/{billing.billed(billing.of_commit())['id']}/", "message_on_invoice", "ref_number"


def entity(api: Api) -> tuple[str, str, str]:
    return f"/coa/api/entity/{api.post('/coa/api/entity', {'name': 'Acme'})['id']}", "city", "logo_url"


def department(api: Api) -> tuple[str, str, str]:
    return (
        f"/coa/api/department/{api.post('/coa/api/department', {'name': 'Sales', 'code': 'S'})['id']}",
        "name",
        "code",
    )


_MADE = [contract, prepaid_commit, customer, product, subscription, usage, invoice, entity, department]


@pytest.mark.parametrize("made", _MADE)
def test_two_who_change_some_of_the_same_thing_both_do(
    api: Api, made: Callable[[Api], tuple[str, str, str]], monkeypatch: pytest.MonkeyPatch
):
    path, one, other = made(api)
    values = {one: "One", other: "2026-11-30" if other == "end_date" else "https://other.test"}
    has_read, is_done = threading.Event(), threading.Event()
    read = CampfireView.read

    def slow(view: CampfireView, *args: Any, **kwargs: Any) -> dict[str, Any]:
        if not has_read.is_set():
            has_read.set()
            is_done.wait(_WAITS_SECONDS)
        return read(view, *args, **kwargs)

    monkeypatch.setattr(CampfireView, "read", slow)
    answers: list[Told] = []
    first = threading.Thread(target=lambda: answers.append(sent(api, path, {one: values[one]})))
    first.start()
    assert has_read.wait(60)
    answers.append(sent(api, path, {other: values[other]}))
    is_done.set()
    first.join()
    assert [answer.status for answer in answers] == [200, 200], [answer.text for answer in answers]
    assert {name: api.get(path)[name] for name in values} == values


def sent(api: Api, path: str, fields: dict[str, Any]) -> Told:
    """A change over a connection of its own."""
    try:
        return replace(api, client=Client(headers={"host": "localhost"})).patch(path, fields)
    finally:
        if threading.current_thread() is not threading.main_thread():
            connection.close()
