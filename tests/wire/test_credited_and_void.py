"""An invoice of overage that an adjustment has credited is taken back: what is billed anew, with the memo, is what was used."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from ratable_server.queries.prepaid_commits import prepaid_commits
from tests.wire.calling import Api
from tests.wire.test_adjustments import HEADER
from tests.wire.test_entities import entity
from tests.wire.test_invoices_of_usage import (
    CONTRACT,
    INVOICES,
    POOL,
    USAGE,
    amounts,
    balances,
    closed,
    invoiced,
    sign,
    uninvoiced,
    used,
)
from tests.wire.test_uploads import sent
from tests.wire.test_usage_overage import billed, cycles

UNBILLED_POOL = {POOL: 8_000_000}  # nobody has invoiced it


@pytest.fixture
def contract(api: Api) -> int:
    """A pool that March has drawn, with overage of 20,000.00 in March and 5,000.00 in April."""
    march = date(2026, 3, 1)
    pools = tuple(replace(pool, starts_on=march) for pool in CONTRACT.prepaid_commits)
    id = sign(api, replace(CONTRACT, starts_on=march, prepaid_commits=pools))
    used(api, "pool", {3: 100_000, 4: 5_000})
    return id


def adjusted(api: Api, contract: int, row: str, *, credited: int) -> None:
    """A row of an adjustment is processed, and so much is credited."""
    pool = f"contracts/{contract}/prepaid-commits/{prepaid_commits(actor=api.actor).rows[0].id}"
    assert sent(api, pool, f"{HEADER}\n{row}")["created"] == 1
    done = api.post(f"{pool}/process-adjustments")
    assert (done.status, [memo["amount"] for memo in done["credit_memos"]]) == (200, [credited] if credited else [])


def void(api: Api, invoice: int, day: str) -> None:
    told = api.post(f"{INVOICES}{invoice}/void/", {"void_date": day})
    assert told.status == 200, told.text


def stands(api: Api, contract: int) -> list[Any]:
    """What is unbilled and receivable of usage by the ledger, in cents, and what is told as not invoiced."""
    sides = (balances(api, account).get(USAGE, 0) for account in ("unbilled_revenue", "accounts_receivable"))
    return [*sides, uninvoiced(api, contract)]


def test_what_a_memo_has_credited_is_billed_again_when_its_invoice_is_void(api: Api, contract: int):
    """20,000.00 billed, 5,000.00 credited, the invoice void: 20,000.00 anew, less the memo, are the 15,000.00 used."""
    first = billed(api, "2026-03-01")["invoices"][0]
    closed(api, 3)
    adjusted(api, contract, "a1,,-5000.00,1,true,2026-03-01,2026-04-12", credited=5_000)
    assert stands(api, contract) == [500_000, 1_500_000, 5_000]
    void(api, first["invoice"], "2026-04-20")
    assert stands(api, contract) == [2_500_000, -500_000, 25_000]
    told = billed(api, "2026-04-01")
    assert cycles(told) == [
        ("2026-03-01", "2026-03-31", "2026-04-01", 20_000),
        ("2026-04-01", "2026-04-30", "2026-05-01", 5_000),
    ]
    assert stands(api, contract) == [0, 2_000_000, 0]
    assert amounts(api, "2026-12-01") == []
    reopened = api.post(f"{INVOICES}{first['invoice']}/reopen/")
    assert (reopened.status, list(reopened.body)) == (400, ["revenue_transactions"])
    closed(api, 4, 5)
    assert (amounts(api, "2026-12-01"), stands(api, contract)) == ([], [0, 2_000_000, 0])


def test_the_void_stands_again_and_nothing_is_billed(api: Api, contract: int):
    first = billed(api, "2026-03-01")["invoices"][0]
    closed(api, 3)
    adjusted(api, contract, "a1,,-5000.00,1,true,2026-03-01,2026-04-12", credited=5_000)
    void(api, first["invoice"], "2026-04-20")
    assert api.post(f"{INVOICES}{first['invoice']}/reopen/").status == 200
    assert (amounts(api, "2026-04-01"), stands(api, contract)) == ([5_000], [0, 2_000_000, 0])


def test_what_is_void_before_it_is_adjusted_is_not_credited(api: Api, contract: int):
    """In the other order there is no memo, and 15,000.00 are billed."""
    first = billed(api, "2026-03-01")["invoices"][0]
    closed(api, 3)
    void(api, first["invoice"], "2026-04-10")
    adjusted(api, contract, "a1,,-5000.00,1,true,2026-03-01,2026-04-12", credited=0)
    assert (amounts(api, "2026-04-01"), stands(api, contract)) == ([15_000, 5_000], [0, 2_000_000, 0])


def test_a_later_adjustment_of_what_is_void_lowers_what_is_billed(api: Api, contract: int):
    """5,000.00 credited, the invoice void, then 3,000.00 less: 17,000.00 with the memo are the 12,000.00 used."""
    first = billed(api, "2026-03-01")["invoices"][0]
    closed(api, 3)
    adjusted(api, contract, "a1,,-5000.00,1,true,2026-03-01,2026-04-12", credited=5_000)
    void(api, first["invoice"], "2026-04-20")
    adjusted(api, contract, "a2,,-3000.00,1,true,2026-03-01,2026-04-25", credited=0)
    assert stands(api, contract) == [2_200_000, -500_000, 22_000]
    assert (amounts(api, "2026-04-01"), stands(api, contract)) == ([17_000, 5_000], [0, 1_700_000, 0])


def test_what_is_found_after_all_is_billed_whether_the_invoice_is_void_or_not(api: Api, contract: int):
    """5,000.00 less, then 2,000.00 more: 2,000.00 are billed, and once the invoice is void its 20,000.00 too."""
    first = billed(api, "2026-03-01")["invoices"][0]
    closed(api, 3)
    adjusted(api, contract, "a1,,-5000.00,1,true,2026-03-01,2026-04-12", credited=5_000)
    adjusted(api, contract, "a2,,2000.00,1,true,2026-03-01,2026-04-15", credited=0)
    assert (amounts(api, "2026-04-01"), stands(api, contract)) == ([2_000, 5_000], [0, 2_200_000, 0])
    void(api, first["invoice"], "2026-04-20")
    assert (amounts(api, "2026-12-01"), stands(api, contract)) == ([20_000], [0, 2_200_000, 0])


def test_of_two_invoices_of_a_cycle_one_is_void(api: Api, contract: int):
    """18,000.00 and 2,000.00 of March; 5,000.00 are credited, whichever of them it is of, and one is billed again."""
    first = billed(api, "2026-03-01")["invoices"][0]
    told = api.get(f"{INVOICES}{first['invoice']}/").body
    less = {"invoice_date": "2026-04-01", "due_date": "2026-05-01", "invoice_number": told["invoice_number"],
            "entity": entity(api)["id"], "lines": [{"amount": 18_000, "tax": 0}]}  # fmt: skip
    assert api.put(f"{INVOICES}{first['invoice']}/", less).status == 200
    second, april = billed(api, "2026-04-01")["invoices"]
    assert (second["amount"], april["amount"]) == (2_000, 5_000)
    closed(api, 3)
    adjusted(api, contract, "a1,,-5000.00,1,true,2026-03-01,2026-04-12", credited=5_000)
    void(api, second["invoice"], "2026-04-20")
    assert (amounts(api, "2026-12-01"), stands(api, contract)) == ([2_000], [0, 2_000_000, 0])
    void(api, first["invoice"], "2026-04-21")
    assert (amounts(api, "2026-12-01"), stands(api, contract)) == ([18_000], [0, 2_000_000, 0])


def test_what_is_credited_in_part_lowers_what_is_billed_by_the_rest(api: Api, contract: int):
    """4,000.00 of 20,000.00 are billed; 19,000.00 less: 4,000.00 credited, 1,000.00 to bill; then the invoice is void."""
    invoiced(api, 4_000, date(2026, 4, 2), is_of_usage=True)
    closed(api, 3)
    adjusted(api, contract, "a1,,-19000.00,1,true,2026-03-01,2026-04-12", credited=4_000)
    assert (amounts(api, "2026-03-01"), stands(api, contract)) == ([1_000], [500_000, 100_000, 5_000])
    (manual,) = [row for row in api.get(INVOICES)["results"] if row["total_amount"] == 4_000]
    void(api, manual["id"], "2026-04-20")
    assert (amounts(api, "2026-04-01"), stands(api, contract)) == ([4_000, 5_000], [0, 600_000, 0])


def test_an_invoice_that_names_nothing_covers_the_oldest_of_what_is_billed_again(api: Api, contract: int):
    """April was billed without a name; March is void and credited: 20,000.00 are left, of them 5,000.00 the latest."""
    march, april = billed(api, "2026-04-01")["invoices"]
    void(api, april["invoice"], "2026-05-02")
    invoiced(api, 5_000, date(2026, 5, 3), is_of_usage=True)
    closed(api, 3, 4)
    adjusted(api, contract, "a1,,-5000.00,1,true,2026-03-01,2026-05-12", credited=5_000)
    void(api, march["invoice"], "2026-05-20")
    assert (amounts(api, "2026-12-01"), stands(api, contract)) == ([15_000, 5_000], [0, 2_000_000, 0])
    assert amounts(api, "2026-12-01") == []


def test_two_adjustments_of_a_day_have_a_memo_each(api: Api, contract: int):
    """5,000.00 and 3,000.00 less of what was billed are credited, and 9,000.00 found after all on that day are billed."""
    first = billed(api, "2026-03-01")["invoices"][0]
    closed(api, 3)
    adjusted(api, contract, "a1,,-5000.00,1,true,2026-03-01,2026-04-12", credited=5_000)
    adjusted(api, contract, "a2,,-3000.00,1,true,2026-03-01,2026-04-12", credited=3_000)
    assert stands(api, contract) == [500_000, 1_200_000, 5_000]
    adjusted(api, contract, "a3,,9000.00,1,true,2026-03-01,2026-04-12", credited=0)
    assert stands(api, contract) == [1_400_000, 1_200_000, 14_000]
    void(api, first["invoice"], "2026-04-20")
    assert stands(api, contract) == [3_400_000, -800_000, 34_000]
    assert (sum(amounts(api, "2026-04-01")), stands(api, contract)) == (34_000, [0, 2_600_000, 0])


def test_what_is_lowered_and_not_credited_leaves_other_months_to_be_billed(api: Api, contract: int):
    """April of 5,000.00 is taken back before anybody billed it: all 20,000.00 of March are billed, and nothing of April."""
    closed(api, 3, 4)
    adjusted(api, contract, "a1,,-5000.00,1,true,2026-04-01,2026-05-12", credited=0)
    told = billed(api, "2026-12-01")
    assert cycles(told) == [("2026-03-01", "2026-03-31", "2026-05-01", 20_000)]
    assert stands(api, contract) == [0, 2_000_000, 0]
    assert amounts(api, "2026-12-01") == []
