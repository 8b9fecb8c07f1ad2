"""Revenue over the wire: planned while its month is open, posted when it is closed, under the same id."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.wire.calling import Api
from tests.wire.test_consumption import CHAIN, used
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_usage import MARCH, agreed


def chain(api: Api) -> tuple[int, int]:
    """The pool of 80,000.00 with its three months: the contract and the commit."""
    contract = signed(api)["id"]
    commit = granted(api, contract)["id"]
    for month, gross in CHAIN.items():
        used(api, f"contracts/{contract}/prepaid-commits/{commit}", month, gross)
    return contract, commit


def amounts(api: Api) -> list[tuple[Any, ...]]:
    names = ("accounting_period", "amount", "gross_amount", "discount", "recognized", "description")
    return [tuple(row[name] for name in names) for row in api.get("transactions")["results"]]


def test_a_drawn_pool_is_revenue_at_its_net_value(api: Api):
    contract, commit = chain(api)
    assert sorted(amounts(api)) == [
        ("2026-01-01", 24_000, "30000.00", 6_000, 0, "Prepaid commit drawdown 2026-01"),
        ("2026-02-01", 40_000, "50000.00", 10_000, 0, "Prepaid commit drawdown 2026-02"),
        ("2026-03-01", 16_000, "20000.00", 4_000, 0, "Prepaid commit drawdown 2026-03"),
        ("2026-03-01", 20_000, "20000.00", 0, 0, "Prepaid commit overage 2026-03"),
    ]
    row = api.get("transactions")["results"][0]
    assert (row["contract"], row["prepaid_commit"], row["revenue_type"]) == (contract, commit, "USAGE")
    assert (row["transaction_date"], row["transaction_end_date"]) == ("2026-01-01", "2026-01-31")
    assert api.get(f"transactions/{row['id']}").body == row
    months = api.get(f"contracts/{contract}/prepaid-commits/{commit}/consumption")["results"]
    told = {each["id"] for each in api.get("transactions")["results"]}
    assert {month["revenue_transaction"] for month in months} | {months[2]["overage_revenue_transaction"]} == told


def test_revenue_keeps_its_id_when_it_is_posted(api: Api):
    chain(api)
    before = {row["id"]: row["amount"] for row in api.get("transactions")["results"]}
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    after = api.get("transactions")["results"]
    assert {row["id"]: row["amount"] for row in after} == before
    assert sorted(row["recognized"] for row in after) == [0, 0, 0, 24_000]


def test_usage_lines_name_their_revenue(api: Api):
    _, told = agreed(api, lines=[MARCH])
    (row,) = api.get("transactions")["results"]
    assert (row["amount"], row["contract_usage"], row["product_name"]) == (Decimal("945.00"), told["id"], "API")


def test_another_tenants_revenue_is_not_there(api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api]):
    chain(api)
    row = api.get("transactions")["results"][0]
    other = api_of(new_actor())
    assert other.get("transactions")["count"] == 0
    assert other.get(f"transactions/{row['id']}").status == 404
