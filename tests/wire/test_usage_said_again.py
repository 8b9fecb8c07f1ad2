"""Invoices that are said again, with revenue or without, keep the ledger and what is told of overage in step."""

from __future__ import annotations

from typing import Any

import pytest

from ratable_server.queries.documents import documents
from ratable_server.queries.prepaid_commits import prepaid_commits
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_entities import entity
from tests.wire.test_invoices_of_usage import (
    CONTRACT,
    INVOICES,
    POOL,
    USAGE,
    amounts,
    balances,
    closed,
    sign,
    uninvoiced,
    used,
)
from tests.wire.test_usage_overage import billed, cycles

MARCH = ("2026-03-01", "2026-03-31", "2026-04-01")
APRIL = ("2026-04-01", "2026-04-30", "2026-05-01")
ALL = {POOL: 8_000_000, USAGE: 2_500_000}


class Saying:
    """Invoices of the contract, and its revenue by months: the pool's of February, overage of March and April."""

    def __init__(self, api: Api, contract: int) -> None:
        self.api, self.contract = api, contract
        rows = api.get("transactions", contract=contract)["results"]
        ids = {each["accounting_period"]: each["id"] for each in rows}
        self.february, self.march, self.april = (ids[f"2026-0{month}-01"] for month in (2, 3, 4))
        self.entity = entity(api)["id"]

    def body(self, *lines: dict[str, Any], **fields: Any) -> dict[str, Any]:
        told = [{"tax": "0.00", **line} for line in lines]
        days = {"invoice_date": "2026-04-03", "due_date": "2026-05-03"}
        return {"contract": self.contract, "entity": self.entity, **days, "lines": told, **fields}

    def bill(self, *lines: dict[str, Any], **fields: Any) -> str:
        """Where a new invoice is."""
        told = self.api.post(INVOICES, self.body(*lines, **fields))
        assert told.status == 201, told.text
        return f"{INVOICES}{told['id']}/"

    def overage(self, month: str) -> str:
        """Where the invoice of a month's overage is."""
        *_, last = billed(self.api, month)["invoices"]
        return f"{INVOICES}{last['invoice']}/"

    def again(self, path: str, *lines: dict[str, Any], **fields: Any) -> Told:
        """An invoice said whole again."""
        number = self.api.get(path)["invoice_number"]
        return self.api.put(path, self.body(*lines, invoice_number=number, **fields))

    @property
    def stands(self) -> tuple[Any, Any]:
        """What is unbilled, in cents by source, and what is told of overage."""
        return balances(self.api), uninvoiced(self.api, self.contract)


@pytest.fixture
def saying(api: Api) -> Saying:
    """A pool of 80,000.00, drawn in February, with overage of 20,000.00 in March and 5,000.00 in April."""
    contract = sign(api, CONTRACT)
    used(api, "pool", {2: 80_000, 3: 20_000, 4: 5_000})
    return Saying(api, contract)


@pytest.mark.parametrize("verb", ["put", "patch"])
def test_an_invoice_that_names_overage_afterwards_bills_it(saying: Saying, verb: str):
    """20,000.00 cleared the pool, and are of March now: the pool is billed by itself, and April is all that is left."""
    api, line = saying.api, {"amount": "20000.00"}
    path = saying.bill(line)
    assert saying.stands == ({POOL: 6_000_000, USAGE: 2_500_000}, 25_000)
    named = {"revenue_transactions": [saying.march]}
    told = saying.again(path, line, **named) if verb == "put" else api.patch(path, named)
    assert (told.status, told["revenue_transactions"]) == (200, [saying.march]), told.text
    assert saying.stands == ({POOL: 8_000_000, USAGE: 500_000}, 5_000)
    pool = prepaid_commits(actor=api.actor).rows[0].id
    commit = f"contracts/{saying.contract}/prepaid-commits/{pool}"
    assert api.post(f"{commit}/invoice", {"invoice_date": "2026-04-03"}).status == 201
    assert (saying.stands, balances(api, "contract_liability")) == (({USAGE: 500_000}, 5_000), {})
    assert cycles(billed(api, "2026-12-01")) == [(*APRIL, 5_000)]
    assert (saying.stands, balances(api, "contract_liability")) == (({}, 0), {})


@pytest.mark.parametrize("verb", ["put", "patch"])
def test_an_invoice_of_a_closed_month_names_overage_no_more(saying: Saying, verb: str):
    """Closed months keep what it cleared; what it named before it can be told again."""
    api, line = saying.api, {"amount": "20000.00"}
    path = saying.bill(line)
    closed(api, 1, 2, 3, 4)
    before = saying.stands, documents(actor=api.actor).rows
    named = {"revenue_transactions": [saying.march]}
    refused = saying.again(path, line, **named) if verb == "put" else api.patch(path, named)
    assert (refused.status, refused.body) == (
        400,
        {"revenue_transactions": ["It cleared what is older, in a month that is closed: void it and bill anew."]},
    )
    assert (saying.stands, documents(actor=api.actor).rows) == before
    assert api.get(path)["revenue_transactions"] == []
    assert api.patch(path, {"revenue_transactions": [saying.february], "memo": "Of the pool"}).status == 200
    assert (saying.stands, documents(actor=api.actor).rows) == before


def test_an_invoice_that_names_overage_and_the_pool_bills_what_it_cleared(saying: Saying):
    """25,000.00 of both clear the pool, which is older: all overage is still to be billed."""
    saying.bill({"amount": "25000.00"}, revenue_transactions=[saying.february, saying.march])
    assert saying.stands == ({POOL: 5_500_000, USAGE: 2_500_000}, 25_000)
    assert cycles(billed(saying.api, "2026-12-01")) == [(*MARCH, 20_000), (*APRIL, 5_000)]
    assert saying.stands == ({POOL: 5_500_000}, 0)


def test_tax_of_overage_bills_none_of_it(saying: Saying):
    """18,000.00 and 1,800.00 of tax: 2,000.00 of March are left."""
    path = saying.overage("2026-03-01")
    told = saying.again(path, {"amount": 18_000, "tax": 1_800})
    assert (told.status, told["total_amount"]) == (200, 19_800), told.text
    assert saying.stands == ({POOL: 8_000_000, USAGE: 700_000}, 7_000)
    assert cycles(billed(saying.api, "2026-12-01")) == [(*MARCH, 2_000), (*APRIL, 5_000)]
    assert saying.stands == ({POOL: 8_000_000}, 0)


@pytest.mark.parametrize("verb", ["put", "patch"])
def test_an_invoice_of_overage_of_another_contract_bills_none_of_this(saying: Saying, verb: str):
    """It bills the other one in advance; back at its own it bills March again."""
    api, line, other = saying.api, {"amount": 20_000}, signed(saying.api)["id"]
    path = saying.overage("2026-03-01")
    told = saying.again(path, line, contract=other) if verb == "put" else api.patch(path, {"contract": other})
    assert (told.status, told["contract"], told["revenue_transactions"]) == (200, other, []), told.text
    assert saying.stands == (ALL, 25_000)
    assert api.patch(path, {"contract": saying.contract}).status == 200
    assert saying.stands == ({POOL: 8_000_000, USAGE: 500_000}, 5_000)
    assert api.patch(path, {"contract": other}).status == 200
    assert cycles(billed(api, "2026-12-01")) == [(*MARCH, 20_000), (*APRIL, 5_000)]
    assert saying.stands == ({POOL: 8_000_000}, 0)


@pytest.mark.parametrize("named", [{}, {"revenue_transactions": []}], ids=["left-out", "none"])
def test_an_invoice_of_overage_bills_its_own_cycle_without_its_revenue(saying: Saying, named: dict[str, Any]):
    """April was billed and says no revenue; March is void: it is billed again, all of it."""
    api = saying.api
    march, april = saying.overage("2026-03-01"), saying.overage("2026-04-01")
    days = {"invoice_date": "2026-05-01", "due_date": "2026-05-01"}
    assert saying.again(april, {"amount": 5_000}, **days, **named).status == 200
    assert api.post(f"{march}void/", {"void_date": "2026-04-20"}).status == 200
    assert saying.stands == ({POOL: 8_000_000, USAGE: 2_000_000}, 20_000)
    assert cycles(billed(api, "2026-12-01")) == [(*MARCH, 20_000)]
    assert (saying.stands, amounts(api, "2026-12-01")) == (({POOL: 8_000_000}, 0), [])


@pytest.mark.parametrize("step", [1, -1])
def test_a_line_beside_that_of_overage_clears_what_is_older(saying: Saying, step: int):
    """20,000.00 of March as before, and 80,000.00 more that name nothing: they are of the pool."""
    path = saying.overage("2026-03-01")
    lines = [{"amount": "20000.00"}, {"amount": "80000.00", "description": "Prepaid"}]
    assert saying.again(path, *lines[::step]).status == 200
    assert (saying.stands, balances(saying.api, "contract_liability")) == (({USAGE: 500_000}, 5_000), {})


def test_a_line_of_a_prepaid_commit_never_becomes_one_of_usage(saying: Saying):
    """80,000.00 of the pool beside 20,000.00 of March, said again without what they are of."""
    pool = prepaid_commits(actor=saying.api.actor).rows[0].id
    lines: list[dict[str, Any]] = [{"amount": "20000.00"}, {"amount": "80000.00", "prepaid_commit": pool}]
    path = saying.bill(*lines, revenue_transactions=[saying.march])
    assert saying.stands == ({USAGE: 500_000}, 5_000)
    assert saying.again(path, *({"amount": line["amount"]} for line in lines)).status == 200
    assert (saying.stands, balances(saying.api, "contract_liability")) == (({USAGE: 500_000}, 5_000), {})
