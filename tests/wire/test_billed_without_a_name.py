"""Usage that invoices have billed without naming its revenue is not billed again by its name."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.server.operations.agreements import kept
from tests.wire.calling import Api
from tests.wire.test_entities import entity
from tests.wire.test_invoices_of_usage import (
    CONTRACT,
    INVOICES,
    POOL,
    USAGE,
    balances,
    invoiced,
    sign,
    uninvoiced,
    used,
)
from tests.wire.test_usage_overage import billed

NOTHING_LEFT = {"revenue_transactions": ["Invoices that do not name it billed it: nothing of it is unbilled."]}


class Overage:
    """A contract with a pool of 80,000.00, drawn in February, and overage of 20,000.00 in March and 5,000.00 in April."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.contract = sign(api, CONTRACT)
        used(api, "pool", {2: 80_000, 3: 20_000, 4: 5_000})
        self.entity = entity(api)["id"]
        rows = api.get("transactions", contract=self.contract)["results"]
        ids = {row["accounting_period"]: row["id"] for row in rows}
        self.pool, self.march, self.april = (ids[f"2026-0{month}-01"] for month in (2, 3, 4))

    def body(self, amount: str, *named: int, **fields: Any) -> dict[str, Any]:
        days = {"invoice_date": "2026-05-03", "due_date": "2026-06-03"}
        return {"contract": self.contract, "entity": self.entity, **days, "lines": [{"amount": amount, "tax": 0}],
                "revenue_transactions": list(named), **fields}  # fmt: skip

    def bill(self, amount: str, *named: int, **fields: Any) -> str:
        told = self.api.post(INVOICES, self.body(amount, *named, **fields))
        assert told.status == 201, told.text
        return f"{INVOICES}{told['id']}/"

    def refuses(self, method: str, path: str, body: dict[str, Any]) -> None:
        before, stood = kept(self.api.actor), self.stands
        answer = getattr(self.api, method)(path, body)
        assert (answer.status, answer.body) == (400, NOTHING_LEFT)
        assert (kept(self.api.actor), self.stands) == (before, stood)

    @property
    def stands(self) -> tuple[Any, Any, Any]:
        """What is unbilled, what was billed in advance, and what is told of overage that nobody has invoiced."""
        unbilled, in_advance = balances(self.api), balances(self.api, "contract_liability")
        return unbilled, in_advance, uninvoiced(self.api, self.contract)


@pytest.fixture
def overage(api: Api) -> Overage:
    return Overage(api)


def test_overage_that_an_invoice_of_usage_billed_is_not_billed_by_its_name(api: Api, overage: Overage):
    """By an invoice, by several at once, by one that names it later, by a draft that is opened, by a void taken back."""
    march = f"{INVOICES}{billed(api, '2026-03-01')['invoices'][0]['invoice']}/"
    assert api.post(f"{march}void/", {"void_date": "2026-04-20"}).status == 200
    draft = overage.bill("20000.00", overage.march, payment_status="draft")
    other = overage.bill("1.00")
    assert overage.stands == ({POOL: 7_999_900, USAGE: 2_500_000}, {}, 25_000)
    invoiced(api, 25_000, date(2026, 5, 2), is_of_usage=True)
    assert overage.stands == ({POOL: 7_999_900}, {}, 0)

    body = overage.body("20000.00", overage.march)
    overage.refuses("post", INVOICES, body)
    overage.refuses("post", INVOICES, overage.body("1.00", overage.march, overage.april))
    overage.refuses("post", f"{INVOICES}bulk-create", {"invoices": [overage.body("1.00"), body]})
    overage.refuses("patch", other, {"revenue_transactions": [overage.march]})
    overage.refuses("patch", draft, {"payment_status": "open"})
    overage.refuses("post", f"{march}reopen/", {})
    assert [api.get(path)["payment_status"] for path in (draft, march)] == ["draft", "voided"]


def test_the_oldest_is_billed_first_and_a_rest_can_be_billed(overage: Overage):
    """19,000.00 without a name are of March; its rest is billed, and once 1,000.00 more are, only April is left."""
    invoiced(overage.api, 19_000, date(2026, 5, 2), is_of_usage=True)
    rest = overage.bill("1000.00", overage.march)
    assert overage.stands == ({POOL: 8_000_000, USAGE: 500_000}, {}, 5_000)
    overage.refuses("post", INVOICES, overage.body("1.00", overage.march))
    overage.bill("5000.00", overage.april)
    assert overage.stands == ({POOL: 8_000_000}, {}, 0)
    assert overage.api.patch(rest, {"revenue_transactions": [overage.march]}).status == 200


def test_an_invoice_that_says_the_same_stays(api: Api, overage: Overage):
    """Though more was billed without a name than there is: what it bills itself it may name, and other usage, too."""
    own = overage.bill("20000.00", overage.march)
    invoiced(api, 25_000, date(2026, 5, 2), is_of_usage=True)
    stood = overage.stands
    assert stood == ({POOL: 8_000_000}, {USAGE: -2_000_000}, 0)
    assert api.put(own, api.get(own).body).status == 200
    assert api.patch(own, {"revenue_transactions": [overage.march]}).status == 200
    assert overage.stands == stood
    overage.refuses("post", INVOICES, overage.body("5000.00", overage.april))
    assert api.patch(own, {"revenue_transactions": [overage.april, overage.march]}).status == 200
    assert overage.stands == stood


def test_what_is_void_on_a_day_to_come_bills_nothing(api: Api, overage: Overage):
    march = f"{INVOICES}{billed(api, '2026-03-01')['invoices'][0]['invoice']}/"
    assert api.post(f"{march}void/", {"void_date": "2027-03-20"}).status == 200
    assert api.post(f"{march}reopen/", {}).status == 200
    assert api.post(f"{march}void/", {"void_date": "2027-03-20"}).status == 200
    overage.bill("20000.00", overage.march)


def test_what_clears_the_pool_bills_no_overage(overage: Overage):
    """An invoice that names nothing is of the oldest; once the pool is billed, it is of overage."""
    overage.bill("80000.00")
    overage.bill("1.00", overage.march)
    nameless = overage.bill("24999.00")
    assert overage.stands == ({}, {}, 0)
    overage.refuses("post", INVOICES, overage.body("1.00", overage.april))
    assert overage.api.patch(nameless, {"revenue_transactions": [overage.march, overage.april]}).status == 200
    assert overage.stands == ({}, {}, 0)
