"""What a prepaid commit cannot cover cascades to the others of its contract, and every answer adds up.

A has 16,000.00 at 20 %, B 10,000.00 at 10 %. Of 40,000.00 told of A: A covers 20,000.00 (net 16,000.00), B 11,111.11 (net
10,000.00), and 8,888.89 are overage on A.
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Any

import pytest

from tests.wire.calling import Api, Told
from tests.wire.test_consumption import used
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_uploads import HEADER, sent

PARTS = ("usage_amount", "gross_usage_amount", "cascaded_amount", "covered_for_others_amount", "total_events")


@pytest.fixture
def pools(api: Api) -> tuple[str, str]:
    """The paths of A and B."""
    contract = signed(api)["id"]
    a = granted(api, contract, total_value="16000.00")["id"]
    b = granted(api, contract, total_value="10000.00", discount_percentage=10, priority=2)["id"]
    return f"contracts/{contract}/prepaid-commits/{a}", f"contracts/{contract}/prepaid-commits/{b}"


def month_of(api: Api, pool: str) -> dict[str, Any]:
    (month,) = api.get(f"{pool}/consumption")["results"]
    return dict(month)


def parts(told: Told) -> list[tuple[Any, ...]]:
    return [tuple(each[name] for name in PARTS) for each in told["periods"]]


def test_the_months_of_a_file_add_up_to_what_was_received(api: Api, pools: tuple[str, str]):
    a, b = pools
    told = sent(api, a, f"{HEADER}\na1,2026-01-05,,39999.99,300000,\na2,2026-01-06,,0.01,100000,\n")
    assert parts(told) == [(40_000, Decimal("28888.89"), Decimal("11111.11"), 0, 400_000)], told.text
    assert told["total_revenue_dollars"]["accepted"] == sum(each["usage_amount"] for each in told["periods"])
    more = sent(api, b, f"{HEADER}\nb1,2026-01-05,,100,7,\n")
    assert parts(more) == [(100, Decimal("11111.11"), 0, Decimal("11011.11"), 7)], more.text
    own, other = month_of(api, a), month_of(api, b)
    assert (own["gross_usage_amount"], own["cascaded_amount"]) == (Decimal("28988.89"), Decimal("11011.11"))
    assert (other["cascaded_amount"], other["covered_for_others_amount"]) == (0, Decimal("11011.11"))


def test_a_month_that_others_cover_whole_is_told_too(api: Api, pools: tuple[str, str]):
    """In February A has nothing left, and B as much as is needed."""
    a, b = pools
    told = sent(api, a, f"{HEADER}\na1,2026-01-05,,20000,1,\na2,2026-02-05,,99.99,2,\n")
    assert parts(told) == [(20_000, 20_000, 0, 0, 1), (Decimal("99.99"), 0, Decimal("99.99"), 0, 2)], told.text
    _, february = api.get(f"{a}/consumption")["results"]
    assert (february["balance_before"], february["balance_after"], february["revenue_transaction"]) == (0, 0, None)
    events = api.get(f"{a}/usage-events")["results"]
    assert events[1]["consumption"] == told["periods"][1]["consumption"] == february["id"]
    assert api.get(f"{a}/consumption/{february['id']}").body == february
    assert month_of(api, b)["covered_for_others_amount"] == Decimal("99.99")


def test_a_cascade_is_described_by_its_commit_unless_somebody_describes_it(api: Api, pools: tuple[str, str]):
    a, b = pools
    used(api, a, 1, 40_000)
    month = month_of(api, b)
    assert (month["description"], month["total_events"]) == (f"Cascade from commit {a.rpartition('/')[2]}", 0)
    own = f"{b}/consumption/{month['id']}"
    assert api.put(own, month).body == month
    for said in ("Of the meter", ""):
        told = api.put(own, {"description": said})
        assert (told.status, told["description"], month_of(api, b)["description"]) == (200, said, said), told.text
    assert month_of(api, a)["description"] == ""


def test_usage_of_its_own_is_no_cascade(api: Api, pools: tuple[str, str]):
    a, b = pools
    used(api, a, 1, 40_000)
    sent(api, b, f"{HEADER}\nb1,2026-01-05,,100,7,\n")
    assert month_of(api, b)["description"] == ""


def test_a_month_was_created_when_its_usage_was_recorded_first(api: Api, pools: tuple[str, str]):
    a, b = pools
    commit = api.get(a)
    sent(api, a, f"{HEADER}\na1,2026-01-05,,40000,1,\n")
    first = month_of(api, a)
    assert commit["created_at"] < first["created_at"] == first["last_modified_at"]
    assert month_of(api, b)["created_at"] == first["created_at"]
    sent(api, a, f"{HEADER}\na1,2026-01-05,,30000,1,\na2,2026-02-05,,1,1,\n")
    january, february = api.get(f"{a}/consumption")["results"]
    assert january["created_at"] == first["created_at"] < january["last_modified_at"] == february["created_at"]
    told = api.put(f"{a}/consumption/{january['id']}", {"description": "Of the meter"})
    assert told["created_at"] == first["created_at"]
    assert told["last_modified_at"] > january["last_modified_at"]


def test_a_month_keeps_its_creation_when_it_is_said_again(api: Api, pools: tuple[str, str]):
    a, _ = pools
    first = used(api, a, 1, 100)
    again = api.put(f"{a}/consumption/{first['id']}", {"gross_usage_amount": 200})
    assert again["created_at"] == first["created_at"] < again["last_modified_at"]
    sent(api, a, f"{HEADER}\na1,2026-01-05,,300,1,\n")
    of_events = month_of(api, a)
    assert of_events["created_at"] == first["created_at"]
    assert of_events["last_modified_at"] > again["last_modified_at"]


def test_a_month_that_was_taken_back_is_created_anew(api: Api, pools: tuple[str, str]):
    a, _ = pools
    first = used(api, a, 1, 100)
    assert api.delete(f"{a}/consumption/{first['id']}").status == 204
    time.sleep(0.001)
    anew = used(api, a, 1, 100)
    assert anew["created_at"] > first["last_modified_at"]
