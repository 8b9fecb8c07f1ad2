"""The journal over the wire: entries with their lines, found by day, account and type, before and after they are posted."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_statements import chained

JOURNAL, LINES = "/coa/api/journal_entry", "/coa/api/transaction"


@pytest.fixture
def chain(api: Api, on_day: Callable[[int, int], None]) -> Api:
    return chained(api, on_day)


def entries(told: Told) -> list[tuple[Any, ...]]:
    """Day, type, and sides of each entry."""
    return [
        (
            entry["date"],
            entry["type"],
            *((line["account_name"], line["debit_amount"], line["credit_amount"]) for line in entry["transactions"]),
        )
        for entry in told["results"]
    ]


CHAIN: list[tuple[Any, ...]] = [
    ("2026-01-01", "invoice", ("1200 - Accounts Receivable", 80_000, None), ("2500 - Deferred Revenue", None, 80_000)),
    ("2026-01-20", "invoice_payment", ("1000 - Cash", 80_000, None), ("1200 - Accounts Receivable", None, 80_000)),
    ("2026-01-31", "revenue_recognition", ("2500 - Deferred Revenue", 24_000, None), ("4000 - Revenue", None, 24_000)),
    ("2026-02-28", "revenue_recognition", ("2500 - Deferred Revenue", 40_000, None), ("4000 - Revenue", None, 40_000)),
    ("2026-03-31", "revenue_recognition", ("2500 - Deferred Revenue", 16_000, None), ("4000 - Revenue", None, 16_000)),
    ("2026-03-31", "revenue_recognition", ("1250 - Unbilled Revenue", 20_000, None), ("4000 - Revenue", None, 20_000)),
]


def test_entries_are_the_same_before_and_after_they_are_posted(chain: Api):
    before = chain.get(JOURNAL)
    assert entries(before) == CHAIN
    assert [entry["is_posted"] for entry in before["results"]] == [False] * 6
    for month in (1, 2):
        close_period(actor=chain.actor, month_on=date(2026, month, 1), at=AT)
    after = chain.get(JOURNAL)
    assert entries(after) == CHAIN
    assert [entry["is_posted"] for entry in after["results"]] == [True, True, True, True, False, False]
    same = ("id", "order", "journal_id", "memo", "invoice")
    assert [[each[name] for name in same] for each in after["results"]] == [
        [each[name] for name in same] for each in before["results"]
    ]
    ids = [[line["id"] for line in each["transactions"]] for each in after["results"]]
    assert ids == [[line["id"] for line in each["transactions"]] for each in before["results"]]
    assert chain.get(JOURNAL, posted="true")["count"] == 4
    for entry in (after["results"][0], after["results"][5]):
        assert chain.get(f"{JOURNAL}/{entry['id']}").body == entry
        assert chain.get(f"{LINES}/{entry['transactions'][0]['id']}").body == entry["transactions"][0]


def test_entries_and_lines_are_found(chain: Api, api_of: Callable[..., Api], new_actor: Callable[[], Any]):
    def found(path: str, **asked: Any) -> int:
        told = chain.get(path, **asked)
        assert told.status == 200, told.text
        return int(told["count"])

    deferred = next(
        line["account"] for line in chain.get(LINES, limit=1000)["results"] if line["account_number"] == "2500"
    )
    assert found(JOURNAL, start_date="2026-01-20", end_date="2026-02-28") == 3
    assert found(JOURNAL, start_date="2027-01-01", end_date="2027-12-31") == 0
    assert found(JOURNAL, start_date="2027-01-01", all_time="true") == 6
    assert found(JOURNAL, account=deferred) == 4
    assert (found(JOURNAL, source="manual"), found(JOURNAL, source="ratable")) == (0, 6)
    assert found(JOURNAL, include_deleted="true") == 0
    newest = [entry["date"] for entry in chain.get(JOURNAL, sort="-date", limit=3)["results"]]
    assert newest == ["2026-03-31", "2026-03-31", "2026-02-28"]
    assert (found(LINES), found(LINES, account=deferred), found(LINES, accounts=f"[{deferred},1]")) == (12, 4, 4)
    assert found(LINES, account_type="REVENUE") == found(LINES, account_subtype="INCOME") == 4
    assert (found(LINES, journal_type="invoice"), found(LINES, journal_type__nin="revenue_recognition")) == (2, 4)
    assert (found(LINES, debit_amount_gte="40000"), found(LINES, credit_amount_equal="16000.00")) == (3, 1)
    assert (found(LINES, debit_amount_null="true"), found(LINES, currency="EUR")) == (6, 0)
    customer = chain.get(LINES)["results"][0]["vendor"]
    assert (found(LINES, vendor=customer), found(LINES, vendor=customer + 1)) == (12, 0)
    totals = chain.get(f"{LINES}/totals", account=deferred).body
    assert totals == {"count": 4, "total_debits": 80_000, "total_credits": 80_000, "net": 0}
    refused = chain.get(LINES, group_fields="account")
    assert (refused.status, list(refused.body)) == (400, ["group_fields"])
    other = api_of(new_actor())
    entry = chain.get(JOURNAL)["results"][0]
    for path in (f"{JOURNAL}/{entry['id']}", f"{LINES}/{entry['transactions'][0]['id']}"):
        assert (other.get(path).status, chain.get(path).status) == (404, 200)
