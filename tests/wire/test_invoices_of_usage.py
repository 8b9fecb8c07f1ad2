"""Overage is billed to the cent, whatever else of its contract nobody has billed: what is told agrees with the ledger."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable.terms import Contract, Opening, OpeningBalance, PrepaidCommit
from ratable_server.api.campfire.translate.usage_overage import COMMIT, PERIOD
from ratable_server.operations.contracts import create_contract
from ratable_server.operations.customers import create_customer
from ratable_server.operations.documents import (
    CreditMemo,
    Invoice,
    Payment,
    file_credit_memo,
    file_invoice,
    file_payment,
)
from ratable_server.operations.paper_told import Line, Paper, PaperBeside
from ratable_server.operations.papers import issue_papers
from ratable_server.operations.periods import close_period
from ratable_server.operations.usage import record_usage
from ratable_server.queries.contracts import ContractsAsked, contracts
from ratable_server.queries.documents import documents
from ratable_server.queries.ledger_books import ledger_of
from ratable_server.queries.prepaid_commits import prepaid_commits
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.test_adjustments import HEADER
from tests.wire.test_contracts import signed
from tests.wire.test_entities import entity
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_uploads import sent
from tests.wire.test_usage_overage import billed, cycles

INVOICES = "/coa/api/v1/invoice/"
POOL = ("prepaid_commit", "pool")
USAGE = ("usage", "acme")
CONTRACT = Contract(
    id="acme",
    customer="acme",
    currency="USD",
    starts_on=date(2026, 1, 1),
    prepaid_commits=(PrepaidCommit(id="pool", total_value=Decimal(80_000), starts_on=date(2026, 1, 1)),),
)


@pytest.fixture
def contract(api: Api) -> int:
    """A contract with a pool of 80,000.00, drawn in February, with overage of 20,000.00 in March and 5,000.00 in April."""
    id = sign(api, CONTRACT)
    used(api, "pool", {2: 80_000, 3: 20_000, 4: 5_000})
    return id


def sign(api: Api, terms: Contract) -> int:
    """The id of a new contract."""
    create_customer(actor=api.actor, code="acme", name="Acme Inc", at=AT)
    create_contract(actor=api.actor, contract=terms, at=AT)
    return contracts(actor=api.actor, asked=ContractsAsked(codes=["acme"])).rows[0].id


def used(api: Api, pool: str, months: dict[int, int]) -> None:
    """Usage of a pool in list value, on the 28th of months."""
    records = [
        {"id": f"{pool}/{month}", "prepaid_commit": pool, "used_on": date(2026, month, 28), "amount": gross}
        for month, gross in months.items()
    ]
    record_usage(actor=api.actor, records=records, at=AT)


def invoiced(api: Api, amount: int, on: date, **named: Any) -> None:
    """An invoice of another door; what names nothing clears what is unbilled, the oldest first."""
    file_invoice(actor=api.actor, invoice=Invoice(contract="acme", amount=Decimal(amount), **named), on=on, at=AT)


def credited(api: Api, amount: int, on: date, *, against: Any) -> None:
    memo = CreditMemo(contract="acme", amount=Decimal(amount), against=against)
    file_credit_memo(actor=api.actor, memo=memo, on=on, at=AT)


def amounts(api: Api, month: str) -> list[Any]:
    """What is billed of overage by a month."""
    return [each["amount"] for each in billed(api, month)["invoices"]]


def uninvoiced(api: Api, contract: int) -> Any:
    return api.get(f"contracts/{contract}/prepaid-commit-summary")["overage_uninvoiced"]


def balances(
    api: Api, account: str = "unbilled_revenue", *, on: date = date(2026, 12, 31)
) -> dict[tuple[str, str], int]:
    """What the ledger has on an account, in cents by source; sources with nothing are left out."""
    found: dict[tuple[str, str], int] = defaultdict(int)
    for line in ledger_of(api.actor, on=on).lines.to_pylist():
        if line["account"] == account:
            found[line["source_kind"], line["source_id"]] += line["debit_minor"] - line["credit_minor"]
    return {source: minor for source, minor in found.items() if minor}


def closed(api: Api, *months: int) -> None:
    for month in months:
        close_period(actor=api.actor, month_on=date(2026, month, 1), at=AT)


def test_an_invoice_that_names_nothing_clears_the_pool_and_all_overage_is_billed(api: Api, contract: int):
    """The pool of 80,000.00 is older than the overage: the invoice of March 2 is of it."""
    invoiced(api, 80_000, date(2026, 3, 2))
    assert (balances(api), uninvoiced(api, contract)) == ({USAGE: 2_500_000}, 25_000)
    assert amounts(api, "2026-03-01") == [20_000]
    assert (balances(api), uninvoiced(api, contract)) == ({USAGE: 500_000}, 5_000)
    assert amounts(api, "2026-04-01") == [5_000]
    assert amounts(api, "2026-12-01") == []
    assert (balances(api), uninvoiced(api, contract)) == ({}, 0)


def test_invoices_of_overage_leave_a_pool_unbilled_that_nobody_has_invoiced(api: Api, contract: int):
    """In closed months and in open ones."""
    closed(api, 1, 2, 3)
    assert amounts(api, "2026-04-01") == [20_000, 5_000]
    assert amounts(api, "2026-12-01") == []
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000}, 0)
    closed(api, 4, 5)
    assert (amounts(api, "2026-12-01"), uninvoiced(api, contract)) == ([], 0)
    invoiced(api, 80_000, date(2026, 6, 2))
    assert (balances(api), uninvoiced(api, contract)) == ({}, 0)


def test_an_invoice_of_usage_by_another_door_covers_the_oldest_overage(api: Api, contract: int):
    """19,000.00 of the 20,000.00 of March; 6,000.00 are left, and a rest of 1,000.00 waits for what is used next."""
    invoiced(api, 19_000, date(2026, 4, 2), is_of_usage=True)
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000, USAGE: 600_000}, 6_000)
    assert amounts(api, "2026-04-01") == [1_000, 5_000]
    invoiced(api, 1_000, date(2026, 5, 3), is_of_usage=True)
    assert balances(api, "contract_liability") == {USAGE: -100_000}
    used(api, "pool", {5: 3_000})
    assert (uninvoiced(api, contract), amounts(api, "2026-05-01")) == (2_000, [2_000])


def test_an_invoice_of_overage_that_is_void_is_billed_again(api: Api, contract: int):
    """In the month that booked it, and in a later one: each time what it covered is unbilled again."""
    first = billed(api, "2026-03-01")["invoices"][0]
    assert api.post(f"{INVOICES}{first['invoice']}/void/", {"void_date": "2026-04-20"}).status == 200
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000, USAGE: 2_500_000}, 25_000)
    second, april = billed(api, "2026-04-01")["invoices"]
    assert (second["amount"], second["invoice_number"]) == (20_000, f"{first['invoice_number']}-2")
    closed(api, 1, 2, 3, 4, 5)
    assert api.post(f"{INVOICES}{april['invoice']}/void/", {"void_date": "2026-06-20"}).status == 200
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000, USAGE: 500_000}, 5_000)
    assert amounts(api, "2026-06-01") == [5_000]
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000}, 0)


def test_what_an_adjustment_credits_and_another_takes_back_is_billed_again(api: Api, contract: int):
    """The 20,000.00 of March were billed; 15,000.00 less are credited, and of these 6,000.00 are found after all."""
    pool = prepaid_commits(actor=api.actor).rows[0]
    path = f"contracts/{contract}/prepaid-commits/{pool.id}"
    assert amounts(api, "2026-03-01") == [20_000]
    closed(api, 1, 2, 3)
    for row in ("a1,,-15000.00,1,true,2026-03-01,2026-04-12", "a2,,6000.00,1,true,2026-03-01,2026-04-20"):
        assert sent(api, path, f"{HEADER}\n{row}")["created"] == 1
        assert api.post(f"{path}/process-adjustments").status == 200
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000, USAGE: 1_100_000}, 11_000)
    assert cycles(billed(api, "2026-04-01")) == [
        ("2026-03-01", "2026-03-31", "2026-04-01", 6_000),
        ("2026-04-01", "2026-04-30", "2026-05-01", 5_000),
    ]
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000}, 0)


def test_what_is_credited_is_billed_again_as_far_as_it_was_billed_in_advance(api: Api, contract: int):
    """3,000.00 of revenue are taken back for good; 1,000.00 in advance are taken back, and used and billed later."""
    assert amounts(api, "2026-04-01") == [20_000, 5_000]
    file_payment(actor=api.actor, payment=Payment(contract="acme", amount=Decimal(20_000)), on=date(2026, 5, 1), at=AT)
    credited(api, 3_000, date(2026, 5, 2), against="revenue")
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000}, 0)
    invoiced(api, 1_000, date(2026, 5, 3), is_of_usage=True)
    credited(api, 1_000, date(2026, 5, 4), against="liability")
    assert balances(api, "contract_liability") == {}
    used(api, "pool", {5: 2_000})
    assert (uninvoiced(api, contract), amounts(api, "2026-05-01")) == (2_000, [2_000])
    assert (balances(api), uninvoiced(api, contract), amounts(api, "2026-12-01")) == ({POOL: 8_000_000}, 0, [])


def test_an_invoice_of_overage_stays_one_whatever_else_it_says(api: Api, contract: int):
    """Said again as it was told, changed in part, or without its revenue and for less: it never clears the pool."""
    march = billed(api, "2026-03-01")["invoices"][0]["invoice"]
    path = f"{INVOICES}{march}/"
    filed = documents(actor=api.actor).rows
    told = {**api.get(path).body, "entity": entity(api)["id"]}
    assert [told["lines"][0][name] for name in ("amount", "prepaid_commit")] == [20_000, None]
    assert api.put(path, told).status == 200
    assert api.patch(path, {"ref_number": "PO-1"}).status == 200
    assert documents(actor=api.actor).rows == filed
    less = {"invoice_date": "2026-04-01", "due_date": "2026-05-01", "invoice_number": told["invoice_number"],
            "entity": told["entity"], "lines": [{"amount": 18_000, "tax": 0}]}  # fmt: skip
    changed = api.put(path, less)
    assert changed.status == 200, changed.text
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000, USAGE: 700_000}, 7_000)
    april = billed(api, "2026-04-01")["invoices"]
    assert [(each["amount"], each["period_start"]) for each in april] == [(2_000, "2026-03-01"), (5_000, "2026-04-01")]
    assert april[0]["invoice_number"] == f"{told['invoice_number']}-2"
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000}, 0)


def test_an_invoice_that_names_overage_is_of_usage(api: Api, contract: int):
    """One that names nothing clears the oldest, and so does one that names what the pool covered, too."""
    rows = api.get("transactions", contract=contract)["results"]
    ids = {each["accounting_period"]: each["id"] for each in rows}
    line = {"amount": "20000.00", "tax": "0.00"}
    body = {"contract": contract, "entity": entity(api)["id"], "invoice_date": "2026-04-03", "due_date": "2026-05-03"}
    said = {**body, "revenue_transactions": [ids["2026-03-01"]], "lines": [line]}
    named = api.post(INVOICES, said)
    assert named.status == 201, named.text
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 8_000_000, USAGE: 500_000}, 5_000)
    assert api.post(INVOICES, {**body, "lines": [{**line, "amount": "60000.00"}]}).status == 201
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 2_000_000, USAGE: 500_000}, 5_000)
    rest = {"revenue_transactions": [ids["2026-02-01"], ids["2026-04-01"]], "lines": [{**line, "amount": "25000.00"}]}
    assert api.post(INVOICES, {**body, **rest}).status == 201
    assert (balances(api), uninvoiced(api, contract)) == ({}, 0)


def test_an_invoice_of_overage_that_was_filed_before_usage_could_be_named_is_not_billed_again(api: Api, contract: int):
    """The ledger let it clear 20,000.00 of the pool, and closed months keep that; the customer has been asked for March."""
    pool = prepaid_commits(actor=api.actor).rows[0]
    march = billed(api, "2026-03-01", dry_run=True)["invoices"][0]
    rows = api.get("transactions", contract=contract)["results"]
    named = [each["id"] for each in rows if each["accounting_period"] == "2026-03-01"]
    paper = Paper(
        kind="invoice", contract="acme", on=date(2026, 4, 1), code="OVR-OLD", lines=(Line(amount=Decimal(20_000)),)
    )
    further = {COMMIT: pool.id, PERIOD: march["period_start"], "revenue_transactions": named}
    (old,) = issue_papers(actor=api.actor, papers=[paper], besides=[PaperBeside(further=further)], at=AT)
    assert (balances(api), uninvoiced(api, contract)) == ({POOL: 6_000_000, USAGE: 2_500_000}, 5_000)
    closed(api, 1, 2, 3, 4)
    told = api.get(f"{INVOICES}{old.id}/").body
    assert api.put(f"{INVOICES}{old.id}/", {**told, "entity": entity(api)["id"]}).status == 200
    assert amounts(api, "2026-12-01") == [5_000]
    invoiced(api, 80_000, date(2026, 6, 1))
    assert (balances(api), uninvoiced(api, contract)) == ({}, 0)


@pytest.mark.parametrize(
    ("account", "left", "amounts_due"),
    [("unbilled_revenue", {USAGE: 10_000}, [20_000, 5_000]), ("contract_liability", {}, [19_900, 5_000])],
)
def test_what_a_cut_over_brought_in_is_older_than_overage(
    api: Api, account: Any, left: dict[tuple[str, str], int], amounts_due: list[int]
):
    """100.00 that were not billed stay so when overage is; 100.00 that were billed in advance are used up by it."""
    brought_in = OpeningBalance(account=account, amount=Decimal(100))
    opening = Opening(as_of=date(2025, 12, 31), balances=(brought_in,))
    sign(api, replace(CONTRACT, starts_on=date(2025, 1, 1), opening=opening))
    used(api, "pool", {2: 80_000, 3: 20_000, 4: 5_000})
    assert amounts(api, "2026-04-01") == amounts_due
    assert amounts(api, "2026-04-01") == []
    assert balances(api) == {POOL: 8_000_000, **left}
    invoiced(api, 80_000 + sum(left.values()) // 100, date(2026, 5, 2))
    assert balances(api) == balances(api, "contract_liability") == {}


def test_a_true_up_that_nobody_has_billed_is_no_overage(api: Api):
    """25,000.00 a month: January lacks all of it, April 20,000.00; March has 20,000.00 of overage and lacks 5,000.00."""
    contract = sign(api, replace(CONTRACT, minimum_monthly_commitment_amount=Decimal(25_000)))
    used(api, "pool", {2: 80_000, 3: 20_000, 4: 5_000})
    closed(api, 1, 2, 3, 4)
    assert balances(api, on=date(2026, 5, 1)) == {POOL: 8_000_000, USAGE: 7_500_000}
    assert amounts(api, "2026-04-01") == [20_000, 5_000]
    assert (amounts(api, "2026-04-01"), uninvoiced(api, contract)) == ([], 0)
    assert balances(api, on=date(2026, 5, 1)) == {POOL: 8_000_000, USAGE: 5_000_000}


def test_each_pool_of_a_contract_is_billed_its_own_overage(api: Api):
    """What is billed of the pool by months is none of what the other is billed by quarters, though that is older."""
    signed_id = signed(api)["id"]
    cadence = {"overage_invoice_cadence": "quarterly", "overage_invoice_start_month": "2026-02-01"}
    granted(api, signed_id, discount_percentage=0, **cadence)
    granted(api, signed_id, discount_percentage=0)
    quarters, months = (row.code for row in prepaid_commits(actor=api.actor, contract_id=signed_id).rows)
    used(api, quarters, {1: 80_000, 2: 20_000})
    used(api, months, {1: 80_000, 3: 1_000})
    assert cycles(billed(api, "2026-03-01")) == [("2026-03-01", "2026-03-31", "2026-04-01", 1_000)]
    assert uninvoiced(api, signed_id) == 20_000
    assert cycles(billed(api, "2026-04-01")) == [("2026-02-01", "2026-04-30", "2026-05-01", 20_000)]
    assert (amounts(api, "2026-12-01"), uninvoiced(api, signed_id)) == ([], 0)
