"""Consumption over the wire: the chain of three months that empties a pool, corrected, taken back, closed.

80,000.00 at 20 % discount, list price 0.10:
  January   30,000 = 6,000 + 24,000 + 0      80,000 -> 56,000
  February  50,000 = 10,000 + 40,000 + 0     56,000 -> 16,000
  March     40,000 = 4,000 + 16,000 + 20,000 16,000 -> 0
"""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted

CHAIN = {1: 30_000, 2: 50_000, 3: 40_000}


@pytest.fixture
def pool(api: Api) -> str:
    """The path of a prepaid commit of 80,000.00."""
    contract = signed(api)
    return f"contracts/{contract['id']}/prepaid-commits/{granted(api, contract['id'])['id']}"


def used(api: Api, pool: str, month: int, gross: Any, **fields: Any) -> Told:
    return api.post(
        f"{pool}/consumption", {"period_month": f"2026-{month:02}-01", "gross_usage_amount": gross, **fields}
    )


def splits(api: Api, pool: str) -> list[tuple[Any, ...]]:
    names = ("gross_usage_amount", "discount_amount", "net_consumption_amount", "overage_amount", "balance_before",
             "balance_after")  # fmt: skip
    return [tuple(month[name] for name in names) for month in api.get(f"{pool}/consumption")["results"]]


def test_three_months_empty_the_pool(api: Api, pool: str):
    told = [
        used(api, pool, month, gross, total_events=month, description="From the meter")
        for month, gross in CHAIN.items()
    ]
    assert [each.status for each in told] == [201, 201, 201]
    assert splits(api, pool) == [
        (30_000, 6_000, 24_000, 0, 80_000, 56_000),
        (50_000, 10_000, 40_000, 0, 56_000, 16_000),
        (40_000, 4_000, 16_000, 20_000, 16_000, 0),
    ]
    march = told[2]
    assert (march["period_start"], march["period_end"], march["period_month"]) == (
        "2026-03-01", "2026-03-31", "2026-03-01",
    )  # fmt: skip
    assert (march["total_events"], march["description"], march["currency"]) == (3, "From the meter", "USD")
    assert march["revenue_transaction"] != march["overage_revenue_transaction"]
    assert api.get(f"{pool}/consumption/{march['id']}").body == march.body
    commit = api.get(pool)
    assert (commit["remaining_value"], commit["status"]) == (0, "EXHAUSTED")


def test_a_month_is_said_again(api: Api, pool: str):
    january = used(api, pool, 1, 30_000, total_events=7)
    used(api, pool, 2, 50_000)
    again = api.put(f"{pool}/consumption/{january['id']}", {"gross_usage_amount": "40000.00"})
    assert again.status == 200, again.text
    assert (again["id"], again["gross_usage_amount"], again["total_events"]) == (january["id"], 40_000, 7)
    assert splits(api, pool) == [(40_000, 8_000, 32_000, 0, 80_000, 48_000), (50_000, 10_000, 40_000, 0, 48_000, 8_000)]


def test_a_month_is_taken_back_and_recorded_anew(api: Api, pool: str):
    january = used(api, pool, 1, 30_000)
    assert api.delete(f"{pool}/consumption/{january['id']}").status == 204
    assert splits(api, pool) == []
    assert api.get(pool)["remaining_value"] == 80_000
    assert api.get(f"{pool}/consumption/{january['id']}").status == 404
    assert used(api, pool, 1, 30_000)["balance_after"] == 56_000


def test_a_month_is_recorded_once(api: Api, pool: str):
    used(api, pool, 1, 30_000)
    for gross in (30_000, 1):
        told = used(api, pool, 1, gross)
        assert (told.status, list(told.body)) == (400, ["period_month"])
    assert splits(api, pool) == [(30_000, 6_000, 24_000, 0, 80_000, 56_000)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"period_month": "2026-01-15", "gross_usage_amount": 1}, "period_month"),
        ({"period_month": "2025-12-01", "gross_usage_amount": 1}, "period_month"),
        ({"period_month": "2027-01-01", "gross_usage_amount": 1}, "period_month"),
        ({"period_month": "2026-01-01", "gross_usage_amount": -1}, "gross_usage_amount"),
        ({"period_month": "2026-01-01"}, "gross_usage_amount"),
        ({"period_month": "2026-W01-1", "gross_usage_amount": 1}, "period_month"),
    ],
)
def test_what_cannot_be_is_told_by_its_field_and_not_recorded(api: Api, pool: str, fields: dict[str, Any], field: str):
    told = api.post(f"{pool}/consumption", fields)
    assert (told.status, list(told.body)) == (400, [field]), told.text
    assert splits(api, pool) == []


def test_a_closed_month_is_refused_and_nothing_changes(api: Api, pool: str):
    january = used(api, pool, 1, 30_000)
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    other = f"{pool.rsplit('/', 1)[0]}/{granted(api, pool.split('/')[1], start_date='2026-02-01')['id']}"
    before = splits(api, pool)
    close_period(actor=api.actor, month_on=date(2026, 2, 1), at=AT)
    for told in (
        used(api, other, 2, 100),
        api.put(f"{pool}/consumption/{january['id']}", {"gross_usage_amount": 1}),
        api.delete(f"{pool}/consumption/{january['id']}"),
    ):
        assert (told.status, told["error"]) == (400, "Books are closed for this date")
    assert splits(api, pool) == before
    assert splits(api, other) == []
    assert used(api, pool, 3, 50_000)["balance_after"] == 16_000


def test_nothing_used_is_a_month_too(api: Api, pool: str):
    told = used(api, pool, 1, 0)
    assert (told.status, told["balance_before"], told["balance_after"]) == (201, 80_000, 80_000)
    assert splits(api, pool) == [(0, 0, 0, 0, 80_000, 80_000)]
