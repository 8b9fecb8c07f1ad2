"""A contract ends before its time: what it lets go is revenue, its pool is over, and every answer agrees with the ledger."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.operations.periods import reopen_period
from tests.server.conftest import AT
from tests.server.operations.agreements import kept
from tests.wire.calling import Api, Told
from tests.wire.test_adjustments import HEADER
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import POOL, granted
from tests.wire.test_statements import trial_balance
from tests.wire.test_uploads import sent

OnDay = Callable[[int, int], None]


@pytest.fixture
def billed(api: Api, on_day: OnDay) -> int:
    """A contract with a pool of 80,000.00 and seats of 12,000.00, both billed; 24,000.00 of the pool are drawn in January."""
    on_day(1, 1)
    entity = api.post("/coa/api/entity", {"name": "Top Level"})["id"]
    contract = int(signed(api, prepaid_commits=[POOL])["id"])
    (pool,) = api.get(f"contracts/{contract}/prepaid-commits")["results"]
    path = f"contracts/{contract}/prepaid-commits/{pool['id']}"
    assert api.post(f"{path}/invoice", {"invoice_date": "2026-01-01"}).status == 201
    seats = {"start_date": "2026-01-01", "end_date": "2026-12-31", "mrr": "1000.00"}
    line = {"amount": "12000.00", "contract_subscription": api.post(f"contracts/{contract}/subscriptions", seats)["id"]}
    days = {"invoice_date": "2026-01-01", "due_date": "2026-01-31"}
    assert (
        api.post("/coa/api/v1/invoice/", {"contract": contract, "entity": entity, **days, "lines": [line]}).status
        == 201
    )
    assert used(api, path, 1, 30_000).status == 201
    on_day(2, 10)
    return contract


def ended(api: Api, contract: int, day: str = "2026-02-10") -> None:
    told = api.post(f"contracts/{contract}/terminate", {"termination_date": day})
    assert (told.status, told["contract_terminated"]) == (200, True), told.text


def revenue(api: Api) -> list[Any]:
    return list(api.get("transactions", limit=1_000)["results"])


def let_go(api: Api) -> list[Any]:
    return [row for row in revenue(api) if row["description"].startswith("Breakage at termination")]


def ledger_revenue(api: Api) -> Decimal:
    """What the accounts of revenue have."""
    sides = trial_balance(api, start_date="2026-01-01", end_date="2026-12-31")
    accounts = [sides.get(name, (0, 0)) for name in ("Revenue", "Breakage Revenue")]
    return sum((credit - debit for debit, credit in accounts), Decimal(0))


def deferred(api: Api) -> Decimal:
    debit, credit = trial_balance(api, start_date="2026-01-01", end_date="2026-12-31")["Deferred Revenue"]
    return Decimal(credit - debit)


def pool_of(api: Api, contract: int) -> list[Any]:
    (pool,) = api.get(f"contracts/{contract}/prepaid-commits")["results"]
    told = api.get(f"contracts/{contract}/prepaid-commit-summary")
    (same,) = told["commits"]
    assert (same["status"], same["remaining_value"]) == (pool["status"], pool["remaining_value"])
    return [
        pool["status"],
        pool["remaining_value"],
        told["remaining_value"],
        told["expired_value"],
        told["active_count"],
    ]


def posted(api: Api, *months: int) -> list[Told]:
    told = [api.post("revenue-posting", {"period_month": f"2026-{month:02}-01"}) for month in months]
    assert [each.status for each in told] == [200] * len(months), told[-1].text
    return told


def test_what_a_termination_lets_go_is_revenue_with_the_entries_of_the_ledger(api: Api, billed: int):
    """56,000.00 of the pool, and of the seats 12,000.00 - 1,000.00 - 10/28 of 1,000.00 = 10,642.86."""
    ended(api, billed)
    pool, seats = sorted(let_go(api), key=lambda row: -row["amount"])
    (granted_pool,) = api.get(f"contracts/{billed}/prepaid-commits")["results"]
    assert (pool["amount"], pool["prepaid_commit"], pool["contract_subscription"], pool["revenue_type"]) == (
        56_000, granted_pool["id"], None, "USAGE",
    )  # fmt: skip
    assert (seats["amount"], seats["prepaid_commit"], seats["revenue_type"]) == (
        Decimal("10642.86"),
        None,
        "SUBSCRIPTION",
    )
    assert seats["contract_subscription"] is not None
    assert {(row["accounting_period"], row["recognized"], row["journal_entry"]) for row in (pool, seats)} == {
        ("2026-02-01", 0, None)
    }
    assert sum(row["amount"] for row in revenue(api)) == ledger_revenue(api) == 92_000
    before = revenue(api)
    _, february = posted(api, 1, 2)
    assert february["revenue"] == [
        {"kind": "subscription", "currency": "USD", "amount": Decimal("357.14"), "transactions": 1},
        {"kind": "adjustment", "currency": "USD", "amount": Decimal("66642.86"), "transactions": 2},
    ]
    after = revenue(api)
    assert [(row["id"], row["amount"]) for row in after] == [(row["id"], row["amount"]) for row in before]
    assert sum(row["recognized"] for row in after) == ledger_revenue(api) == 92_000
    for row in let_go(api):
        entry = api.get(f"/coa/api/journal_entry/{row['journal_entry']}")
        assert entry["memo"] == "Breakage at termination 2026-02 - Acme 2026"
        assert [line["credit_amount_native"] for line in entry["transactions"]] == [None, row["amount"]]
        assert api.get(f"transactions/{row['id']}").body == row
        refused = api.patch(f"transactions/{row['id']}", {"amount": 1})
        assert refused.status == 400, refused.text


def test_pool_and_contract_are_over_as_the_ledger_has_it(api: Api, billed: int, on_day: OnDay):
    assert pool_of(api, billed) == ["ACTIVE", 56_000, 56_000, 0, 1]
    ended(api, billed)
    names = ("contract_end_date", "working_end_date", "total_revenue", "total_deferred_revenue", "total_unbilled")
    for _ in range(2):
        assert pool_of(api, billed) == ["EXPIRED", 0, 0, 56_000, 0]
        told = api.get(f"contracts/{billed}")
        assert [told[name] for name in names] == ["2026-02-10", "2026-02-10", 92_000, 0, 0]
        assert deferred(api) == 0
        if told["status"] == "ACTIVE":
            posted(api, 1, 2)
        on_day(3, 1)
    assert (api.get(f"contracts/{billed}")["status"], api.get(f"contracts/{billed}")["total_mrr"]) == ("COMPLETED", 0)


@pytest.mark.parametrize("day", ["2026-01-31", "2026-02-10"])
def test_a_termination_of_a_closed_month_is_booked_in_the_open_one(api: Api, billed: int, day: str):
    """What January has posted stays; what is left goes in February."""
    posted(api, 1)
    ended(api, billed, day)
    assert {row["accounting_period"] for row in let_go(api)} == {"2026-02-01"}
    assert sum(row["amount"] for row in revenue(api)) == ledger_revenue(api) == 92_000
    assert pool_of(api, billed) == ["EXPIRED", 0, 0, 56_000, 0]
    assert api.get(f"contracts/{billed}")["contract_end_date"] == day
    posted(api, 2)
    before = [(row["id"], row["amount"]) for row in let_go(api)]
    reopen_period(actor=api.actor, month_on=date(2026, 2, 1), reason="looked at again", at=AT)
    assert [(row["id"], row["amount"], row["recognized"]) for row in let_go(api)] == [(*each, 0) for each in before]
    assert sum(row["amount"] for row in revenue(api)) == ledger_revenue(api) == 92_000


def test_a_pool_that_nobody_has_billed_ends_and_earns_nothing(api: Api, on_day: OnDay):
    on_day(1, 31)
    contract = int(signed(api)["id"])
    path = f"contracts/{contract}/prepaid-commits/{granted(api, contract)['id']}"
    assert used(api, path, 1, 30_000).status == 201
    ended(api, contract, "2026-01-31")
    assert pool_of(api, contract) == ["EXPIRED", 0, 0, 56_000, 0]
    assert let_go(api) == []
    assert sum(row["amount"] for row in revenue(api)) == ledger_revenue(api) == 24_000


def test_a_termination_that_is_ahead_ends_nothing_before_its_day(api: Api, billed: int, on_day: OnDay):
    ended(api, billed, "2026-03-31")
    assert api.get(f"contracts/{billed}")["contract_end_date"] == "2026-03-31"
    assert (let_go(api), pool_of(api, billed)) == ([], ["ACTIVE", 56_000, 56_000, 0, 1])
    assert deferred(api) > 56_000
    on_day(3, 31)
    assert pool_of(api, billed) == ["EXPIRED", 0, 0, 56_000, 0]
    assert sum(row["amount"] for row in revenue(api)) == ledger_revenue(api) == 92_000


def test_the_end_that_is_told_may_be_said_again(api: Api, billed: int):
    ended(api, billed)
    path = f"contracts/{billed}"
    told = api.get(path)
    again = api.put(path, {**told.body, "deal_name": "Acme, ended"})
    assert (again.status, again["deal_name"], again["contract_end_date"]) == (200, "Acme, ended", "2026-02-10")
    before = kept(api.actor)
    for other in ("2026-06-30", "2026-12-31", None):  # the second is the one that was agreed
        refused = api.patch(path, {"contract_end_date": other})
        assert (refused.status, refused["code"]) == (400, "contract_must_not_be_terminated"), refused.text
    assert kept(api.actor) == before
    copy = api.get(f"contracts/{api.post(f'{path}/duplicate')['id']}")
    assert (copy["contract_end_date"], copy["total_revenue"]) == ("2026-12-31", 12_000)


def test_what_was_let_go_was_billed_with_its_pool(api: Api, billed: int):
    """An invoice that names it would bill it once more."""
    ended(api, billed)
    (pool,) = [row for row in let_go(api) if row["prepaid_commit"]]
    assert pool["invoice_number"] is not None
    days = {"invoice_date": "2026-02-10", "due_date": "2026-02-28"}
    (entity,) = api.get("/coa/api/entity").body
    body = {"contract": billed, "entity": entity["id"], **days, "revenue_transactions": [pool["id"]]}
    before = kept(api.actor)
    refused = api.post("/coa/api/v1/invoice/", {**body, "lines": [{"amount": "56000.00"}]})
    assert (refused.status, list(refused.body)) == (400, ["revenue_transactions"]), refused.text
    assert kept(api.actor) == before


def test_it_is_posted_like_other_revenue(api: Api, billed: int):
    ended(api, billed)
    ids = [row["id"] for row in let_go(api)]
    entry = api.post("/coa/api/journal_entry", {"type": "revenue_recognition", "revenue_transactions": ids})
    assert entry.status == 201, entry.text
    assert {(row["journal_entry"], row["recognized"] - row["amount"]) for row in let_go(api)} == {(entry["id"], 0)}
    assert sum(row["amount"] for row in revenue(api)) == ledger_revenue(api) == 92_000


def test_who_keeps_a_copy_hears_of_the_end(api: Api, billed: int):
    since = {"last_modified_at__gte": "2026-02-10T00:00:00Z"}
    assert api.get("contracts", **since)["count"] == 0
    ended(api, billed)
    (told,) = api.get("contracts", **since)["results"]
    assert (told["id"], told["contract_end_date"], told["last_modified_at"]) == (
        billed, "2026-02-10", "2026-02-10T12:00:00+00:00",
    )  # fmt: skip
    assert api.get("contracts", last_modified_at__lte="2026-02-09T00:00:00Z")["count"] == 0


def test_what_comes_back_to_a_pool_that_has_ended_lapses_at_once(api: Api, billed: int, on_day: OnDay):
    """10,000.00 less in January are 8,000.00 of the pool: revenue of its use becomes breakage, and no liability is left."""
    ended(api, billed)
    posted(api, 1, 2)
    on_day(3, 12)
    (pool,) = api.get(f"contracts/{billed}/prepaid-commits")["results"]
    path = f"contracts/{billed}/prepaid-commits/{pool['id']}"
    before = pool_of(api, billed)
    assert sent(api, path, f"{HEADER}\na1,,-10000,,true,2026-01-01,2026-03-12")["created"] == 1
    done = api.post(f"{path}/process-adjustments")
    assert (done.status, done["credit_memos"]) == (200, []), done.text
    on_day(3, 31)
    assert pool_of(api, billed) == ["EXPIRED", 0, 0, before[3] + 8_000, 0]
    assert [deferred(api), ledger_revenue(api)] == [0, 92_000]
    march = [row for row in revenue(api) if row["accounting_period"] == "2026-03-01"]
    assert sorted((row["amount"], row["prepaid_commit"]) for row in march) == [
        (-8_000, pool["id"]), (8_000, pool["id"]),
    ]  # fmt: skip
    (again,) = [row for row in let_go(api) if row["accounting_period"] == "2026-03-01"]
    told = posted(api, 3)[0]["revenue"]
    assert {each["kind"]: each["amount"] for each in told} == {"drawdown": -8_000, "adjustment": 8_000}
    (posted_row,) = [row for row in let_go(api) if row["id"] == again["id"]]
    entry = api.get(f"/coa/api/journal_entry/{posted_row['journal_entry']}")
    assert entry["memo"] == "Breakage at termination 2026-03 - Acme 2026"
    assert [deferred(api), ledger_revenue(api)] == [0, 92_000]
    assert sum(row["amount"] for row in revenue(api)) == 92_000
    on_day(4, 5)  # 5,000.00 of them were used after all: no breakage, on the day on which they are told
    assert sent(api, path, f"{HEADER}\na2,,5000,,true,2026-01-01,2026-04-05")["created"] == 1
    assert api.post(f"{path}/process-adjustments").status == 200
    assert [deferred(api), ledger_revenue(api)] == [0, 92_000]
    assert sum(row["amount"] for row in revenue(api)) == 92_000
