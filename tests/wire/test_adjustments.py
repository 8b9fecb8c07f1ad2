"""Adjustments of a closed month over the wire: the chain of three months that empties a pool, with March corrected in May.

80,000.00 at 20 % discount; January 30,000, February 50,000, March 40,000 = 4,000 + 16,000 + 20,000 overage; the overage is
invoiced on April 1; January to April are closed. Each test has a pool of its own in the same books.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.documents import Invoice, file_invoice
from ratable_server.operations.periods import close_period
from ratable_server.operations.tenants import found_tenant
from ratable_server.operations.tokens import create_token
from ratable_server.operations.usage import record_usage
from ratable_server.queries.prepaid_commits import PrepaidCommit, prepaid_commits
from tests.server.concurrency.order import are_in_order, locks_told
from tests.server.conftest import AT
from tests.server.operations.agreements import kept
from tests.wire.calling import Api, Told
from tests.wire.test_consumption import CHAIN
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_uploads import sent

HEADER = "external_id,dm,total_revenue_dollars,total_events,is_adjustment,original_period_month,adjustment_date"
POOLS = 12


def told_of_chain(commit: PrepaidCommit) -> list[dict[str, Any]]:
    """Three months of usage."""
    return [
        {
            "id": f"{commit.code}/{month}",
            "prepaid_commit": commit.code,
            "used_on": date(2026, month, 28),
            "amount": gross,
        }
        for month, gross in CHAIN.items()
    ]


def billed(actor: Actor, commit: PrepaidCommit, amount: int, on: date, *, of_pool: bool = False) -> None:
    invoice = Invoice(contract=commit.contract, amount=Decimal(amount), prepaid_commit=commit.code if of_pool else None)
    file_invoice(actor=actor, invoice=invoice, on=on, at=AT)


@pytest.fixture(scope="module")
def pools(books: None) -> tuple[Api, Iterator[str]]:
    """Books with some pools that are empty since March; their paths."""
    actor = found_tenant(code="of the adjustments", name="Of the adjustments", request_id="r-0", at=AT)
    api = Api(token=create_token(actor=actor, email="a@b.test", role="admin", at=AT).token, actor=actor)
    for _ in range(POOLS):
        granted(api, signed(api)["id"])
    commits = prepaid_commits(actor=actor).rows
    record_usage(actor=actor, records=[row for commit in commits for row in told_of_chain(commit)], at=AT)
    for commit in commits:
        billed(actor, commit, 80_000, date(2026, 1, 1), of_pool=True)
        billed(actor, commit, 20_000, date(2026, 4, 1))
    for month in (1, 2, 3, 4):
        close_period(actor=actor, month_on=date(2026, month, 1), at=AT)
    return api, iter([f"contracts/{commit.contract_id}/prepaid-commits/{commit.id}" for commit in commits])


@pytest.fixture
def chain(pools: tuple[Api, Iterator[str]]) -> tuple[Api, str]:
    """A client, and the path of a pool that nobody has corrected."""
    api, paths = pools
    return api, next(paths)


def adjusted(api: Api, pool: str, *rows: str) -> Told:
    """Rows of adjustments, loaded."""
    return sent(api, pool, "\n".join([HEADER, *rows]))


def processed(api: Api, pool: str) -> Told:
    told = api.post(f"{pool}/process-adjustments")
    assert told.status == 200, told.text
    return told


def deltas(month: dict[str, Any]) -> list[Any]:
    return [month[f"{name}_amount"] for name in ("gross", "discount", "net", "overage", "credited")]


def months(api: Api, pool: str) -> dict[str, dict[str, Any]]:
    return {month["period_month"]: month for month in api.get(f"{pool}/consumption")["results"]}


def left(api: Api, pool: str) -> tuple[Any, Any]:
    told = api.get(pool)
    return told["remaining_value"], told["status"]


def test_thirty_thousand_less_undo_the_overage_first_and_give_the_rest_back(chain: tuple[Api, str]):
    """10,000 = 2,000 + 8,000 + 0 instead of 4,000 + 16,000 + 20,000: 20,000 are credited, 8,000 go back to the pool."""
    api, pool = chain
    before = months(api, pool)
    told = adjusted(api, pool, "a1,,-30000.00,300,true,2026-03-01,2026-05-12")
    assert (told.status, told["created"], told["adjustments"]) == (200, 1, {"received": 1, "accepted": 1}), told.text
    assert left(api, pool) == (0, "EXHAUSTED")
    done = processed(api, pool)
    assert (done["processed"], done["waiting"]) == (1, 0)
    (month,) = done["periods"]
    assert (month["original_period_month"], month["period_month"], month["adjustment_date"]) == (
        "2026-03-01", "2026-05-01", "2026-05-12",
    )  # fmt: skip
    assert deltas(month) == [-30_000, -2_000, -8_000, -20_000, 20_000]
    (memo,) = done["credit_memos"]
    assert (memo["amount"], memo["original_period_month"], memo["id"]) == (20_000, "2026-03-01", month["credit_memo"])
    assert left(api, pool) == (8_000, "ACTIVE")
    void = api.post(f"/coa/api/v1/credit-memo/{memo['id']}/void/", {"void_date": "2026-05-13"})
    gone = api.delete(f"/coa/api/v1/credit-memo/{memo['id']}")
    assert [(each.status, each["code"]) for each in (void, gone)] == [(400, "credit_memo_must_go_with_its_cause")] * 2
    after = months(api, pool)
    assert {name: after[name] for name in before} == before
    may = after["2026-05-01"]
    assert (may["gross_usage_amount"], may["balance_before"], may["balance_after"]) == (0, 0, 8_000)
    assert may["adjustments"] == [
        {
            "original_period_month": "2026-03-01", "is_adjustment": True, "gross_amount": -30_000,
            "discount_amount": -2_000, "net_amount": -8_000, "overage_amount": -20_000, "total_events": 300,
            "credit_memo": memo["id"],
        }
    ]  # fmt: skip
    assert api.post(f"{pool}/process-adjustments").body == {
        "processed": 0, "waiting": 0, "credit_memos": [], "periods": [],
    }  # fmt: skip
    assert left(api, pool) == (8_000, "ACTIVE")


def test_what_an_adjustment_has_changed_names_its_credit_memo(chain: tuple[Api, str]):
    api, pool = chain
    adjusted(api, pool, "a1,,-30000.00,300,true,2026-03-01,2026-05-12")
    (memo,) = processed(api, pool)["credit_memos"]
    number = api.get(f"/coa/api/v1/credit-memo/{memo['id']}")["credit_memo_number"]
    commit = int(pool.rsplit("/", 1)[1])
    rows = [row for row in api.get("transactions", limit=1_000)["results"] if row["prepaid_commit"] == commit]

    of_memo = [row for row in rows if row["credit_memo"] is not None]
    assert [row["amount"] for row in of_memo] == [-memo["amount"]] == [-20_000]
    assert {row["accounting_period"] for row in of_memo} == {"2026-05-01"}
    told = ("credit_memo", "credit_memo_number", "credit_memo_date", "credit_memo_application_status")
    assert [[row[name] for name in told] for row in of_memo] == [[memo["id"], number, "2026-05-12", "open"]]
    assert len(rows) > len(of_memo)
    assert api.get(f"transactions/{of_memo[0]['id']}")["credit_memo"] == memo["id"]


def test_adjustments_are_held_after_the_tenant_as_by_a_file_that_changes_them(chain: tuple[Api, str]):
    api, pool = chain
    adjusted(api, pool, "a1,,-100.00,1,true,2026-03-01,2026-05-12", "a2,,-100.00,1,true,2026-03-01,2026-08-12")
    with locks_told() as told:
        assert processed(api, pool)["processed"] == 2
    assert told[: told.index("adjustments")][-1] == "tenant"
    assert are_in_order(told), told


def test_a_file_of_adjustments_needs_no_days_of_use(chain: tuple[Api, str]):
    """The file of the guide: a row without a day is an adjustment, or it is told what it lacks."""
    api, pool = chain
    header = "external_id,total_revenue_dollars,is_adjustment,original_period_month,adjustment_date"
    lacking = sent(api, pool, f"{header}\nuse-1,5,false,,")
    assert (lacking.status, lacking["created"], lacking["errors"][0]["field"]) == (400, 0, "dt"), lacking.text
    told = sent(api, pool, f"{header}\nfix-1,-10000,true,2026-01-01,2026-05-12")
    assert (told.status, told["created"]) == (200, 1), told.text
    assert [deltas(month) for month in processed(api, pool)["periods"]] == [[-10_000, -2_000, -8_000, 0, 0]]


def test_ten_thousand_less_are_credited_and_leave_the_pool_alone(chain: tuple[Api, str]):
    """30,000 = 4,000 + 16,000 + 10,000 instead of 40,000: told in two rows of less than a cent each."""
    api, pool = chain
    told = adjusted(
        api, pool, "a1,,-9999.996,,TRUE,2026-03,2026-05-12", "a2,2026-05-01,-0.004,,yes,2026-03-31,2026-05-12"
    )
    assert (told["created"], told["total_revenue_dollars"]["accepted"]) == (2, -10_000), told.text
    done = processed(api, pool)
    assert [deltas(month) for month in done["periods"]] == [[-10_000, 0, 0, -10_000, 10_000]]
    assert [memo["amount"] for memo in done["credit_memos"]] == [10_000]
    assert left(api, pool) == (0, "EXHAUSTED")
    more = adjusted(api, pool, "a3,,-20000,,true,2026-03-01,2026-05-13")
    assert more["created"] == 1
    assert [deltas(month) for month in processed(api, pool)["periods"]] == [[-20_000, -2_000, -8_000, -10_000, 10_000]]
    assert left(api, pool) == (8_000, "ACTIVE")


def test_a_day_in_a_closed_month_is_the_first_open_one(chain: tuple[Api, str]):
    """Rows of two such days are one: 10,000.00 of the overage that was invoiced are credited, and a memo tells it."""
    api, pool = chain
    adjusted(api, pool, "a1,,-4000,,true,2026-03-01,2026-04-12", "a2,,-6000,,true,2026-03-01,2026-03-31")
    done = processed(api, pool)
    assert [deltas(month) for month in done["periods"]] == [[-10_000, 0, 0, -10_000, 10_000]]
    assert [(month["period_month"], month["adjustment_date"]) for month in done["periods"]] == [
        ("2026-05-01", "2026-05-01")
    ]
    assert [memo["amount"] for memo in done["credit_memos"]] == [10_000]


def test_what_is_found_late_is_drawn_as_far_as_something_is_left(chain: tuple[Api, str]):
    """5,000 more in January, of a pool that is empty: 5,000 at list price, and nothing is credited."""
    api, pool = chain
    assert adjusted(api, pool, "a1,,5000,,true,2026-01-01,2026-05-12")["created"] == 1
    done = processed(api, pool)
    assert [deltas(month) for month in done["periods"]] == [[5_000, 0, 0, 5_000, 0]]
    assert done["credit_memos"] == []
    assert left(api, pool) == (0, "EXHAUSTED")


def test_an_adjustment_waits_for_its_month_to_close(chain: tuple[Api, str]):
    api, pool = chain
    assert adjusted(api, pool, "a1,,-1,,true,2026-05-01,")["created"] == 1
    assert api.post(f"{pool}/process-adjustments").body == {
        "processed": 0, "waiting": 1, "credit_memos": [], "periods": [],
    }  # fmt: skip
    (event,) = api.get(f"{pool}/usage-events", limit=1, offset=3)["results"]
    assert (event["external_id"], event["is_adjustment"], event["original_period_month"]) == ("a1", True, "2026-05-01")
    assert (event["consumption"], event["adjustment_date"], event["total_revenue_dollars"]) == (None, None, -1)


def test_more_than_was_used_cannot_be_taken_back(chain: tuple[Api, str]):
    api, pool = chain
    adjusted(api, pool, "a1,,-30000.01,,true,2026-01-01,2026-05-12", "a2,,-1,,true,2026-02-01,2026-05-12")
    before = kept(api.actor)
    told = api.post(f"{pool}/process-adjustments")
    assert (told.status, told["code"]) == (400, "adjustment_must_not_make_usage_negative")
    (wrong,) = told["errors"]
    events = {each["external_id"]: each["id"] for each in api.get(f"{pool}/usage-events")["results"]}
    assert wrong == {
        "id": events["a1"], "row": 1, "external_id": "a1", "prepaid_commit": int(pool.rsplit("/", 1)[1]),
        "original_period_month": "2026-01-01", "adjustment_date": "2026-05-12",
        "total_revenue_dollars": Decimal("-30000.01"), "available": 30_000, "field": "total_revenue_dollars",
        "message": "-30000.01 for 2026-01: more than that month used, 30000",
        "code": "adjustment_must_not_make_usage_negative",
    }  # fmt: skip
    assert kept(api.actor) == before
    assert left(api, pool) == (0, "EXHAUSTED")
    again = adjusted(api, pool, "a1,,-10000,,true,2026-01-01,2026-05-12")
    assert (again["created"], again["skipped"]) == (1, 0), again.text
    assert processed(api, pool)["processed"] == 2


def test_every_row_that_stands_in_the_way_is_named(chain: tuple[Api, str]):
    """Rows of one month and day are one, and of two days the earlier one comes first; what fits is booked with none of them."""
    api, pool = chain
    adjusted(
        api, pool, "a1,,-20000,,true,2026-01-01,2026-05-12", "a2,,-20000,,true,2026-01-01,2026-05-12",
        "a3,,-50000,,true,2026-02-01,2026-05-12", ",,-0.01,,true,2026-02-01,2026-05-13",
        "a5,,-1,,true,2026-03-01,2026-05-12",
    )  # fmt: skip
    before = kept(api.actor)
    told = api.post(f"{pool}/process-adjustments")
    assert told.status == 400
    assert [(each["row"], each["external_id"], each["available"]) for each in told["errors"]] == [
        (1, "a1", 30_000), (2, "a2", 30_000), (4, None, 0),
    ]  # fmt: skip
    assert told["error"].startswith("3 adjustments cannot be booked, and none was.")
    assert kept(api.actor) == before
    adjusted(api, pool, "a1,,-10000,,true,2026-01-01,2026-05-12", "a6,,0.01,,true,2026-02-01,2026-05-13")
    assert processed(api, pool)["processed"] == 6


def test_a_processed_adjustment_stays_as_it_is(chain: tuple[Api, str]):
    api, pool = chain
    row = "a1,,-5,,true,2026-03-01,2026-05-12"
    adjusted(api, pool, row)
    assert processed(api, pool)["processed"] == 1
    same = adjusted(api, pool, row)
    assert (same["created"], same["skipped"], same["detail"]) == (0, 1, None)
    told = adjusted(api, pool, row.replace("-5", "-6"))
    assert (told.status, [(each["row"], each["field"]) for each in told["errors"]]) == (400, [(1, "external_id")])
    assert "processed" in told["errors"][0]["message"]
    assert processed(api, pool)["processed"] == 0


def test_usage_and_adjustments_of_one_file_are_taken_together_or_not(chain: tuple[Api, str]):
    api, pool = chain
    rows = ["u1,2026-05-01,100,,false,,", "a1,,-5,,true,2026-03-01,"]
    bad = [
        "a2,,-5,,true,,", "a3,,-5,,maybe,2026-03-01,", "a1,,-6,,true,2026-03-01,", "a4,,,,true,2026-03-01,",
        "a5,,x,,true,2026-03-01,", "a6,,-5,--5,true,2026-03-01,", "a7,,-5,,true,2026-03-01,soon",
        "a8,,-5,,true,9999-03-01,", "a9,,-5,,true,2026-03-01,infinity",
    ]  # fmt: skip
    told = adjusted(api, pool, *rows, *bad)
    assert (told.status, [(each["row"], each["field"]) for each in told["errors"]]) == (
        400,
        [
            (2, "external_id"), (3, "original_period_month"), (4, "is_adjustment"), (5, "external_id"),
            (6, "total_revenue_dollars"), (7, "total_revenue_dollars"), (8, "total_events"), (9, "adjustment_date"),
            (10, "original_period_month"), (11, "adjustment_date"),
        ],
    )  # fmt: skip
    assert api.get(f"{pool}/usage-events")["count"] == 3
    told = adjusted(api, pool, *rows)
    assert (told["created"], told["adjustments"], told["rows"]["received"]) == (2, {"received": 1, "accepted": 1}, 2)
    assert [each["gross_usage_amount"] for each in told["periods"]] == [100]
    assert api.get(f"{pool}/usage-events")["count"] == 5
