"""Files of usage events of a prepaid commit over the wire.

The pool is 80,000.00 at 20 % discount, list price 0.10, as in `test_consumption.py`.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted

HEADER = "external_id,dt,dm,total_revenue_dollars,total_events,team_id"
JANUARY = f"{HEADER}\nj1,2026-01-05,,10000.004,100000,a\nj2,2026-01-06,2026-01-01,12500.003,125000,b\nj3,,2026-01-01,7499.993,75000,\n"


@pytest.fixture
def pool(api: Api) -> str:
    """The path of a prepaid commit of 80,000.00."""
    contract = signed(api)
    return f"contracts/{contract['id']}/prepaid-commits/{granted(api, contract['id'])['id']}"


def sent(api: Api, pool: str, text: str | bytes, *, query: str = "", name: str = "events.csv") -> Told:
    content = text.encode() if isinstance(text, str) else text
    return api.form("POST", f"{pool}/usage-events/upload{query}", {"file": SimpleUploadedFile(name, content)})


def rows_of(told: Told) -> tuple[int, ...]:
    return tuple(told["rows"][name] for name in ("received", "accepted", "duplicate", "rejected"))


def months(api: Api, pool: str) -> list[tuple[Any, ...]]:
    names = ("period_month", "gross_usage_amount", "net_consumption_amount", "total_events", "balance_after")
    return [tuple(month[name] for name in names) for month in api.get(f"{pool}/consumption")["results"]]


def test_events_of_a_file_become_the_consumption_of_their_months(api: Api, pool: str):
    """10,000.004 + 12,500.003 + 7,499.993 = 30,000.00: rounded once, not row by row."""
    told = sent(api, pool, JANUARY)
    assert told.status == 200, told.text
    assert (told["created"], told["updated"], told["skipped"], told["errors"]) == (3, 0, 0, [])
    assert rows_of(told) == (3, 3, 0, 0)
    assert told["total_revenue_dollars"] == {"received": 30_000, "accepted": 30_000, "duplicate": 0, "rejected": 0}
    assert (told["repeats"], len(told["file_sha256"]), told["file_name"]) == (None, 64, "events.csv")
    assert [(each["period_month"], each["gross_usage_amount"], each["total_events"]) for each in told["periods"]] == [
        ("2026-01-01", 30_000, 300_000)
    ]
    assert months(api, pool) == [("2026-01-01", 30_000, 24_000, 300_000, 56_000)]
    events = api.get(f"{pool}/usage-events")["results"]
    assert [(each["external_id"], each["event_date"], each["total_revenue_dollars"]) for each in events] == [
        ("j1", "2026-01-05", Decimal("10000.004")),
        ("j2", "2026-01-06", Decimal("12500.003")),
        ("j3", "2026-01-31", Decimal("7499.993")),
    ]
    assert [each["data"] for each in events] == [{"team_id": "a"}, {"team_id": "b"}, {}]
    assert {each["consumption"] for each in events} == {told["periods"][0]["consumption"]}
