"""Another schedule of a subscription, compared with the one that it has; every figure by hand."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_subscriptions import YEAR

PATH = "modify-subscription-schedule"


def year_of_100(api: Api) -> int:
    """1,200.00 in 2026, 100.00 a month."""
    said = {"start_date": "2026-01-01", "end_date": "2026-12-31", "quantity": 10, "rate": "120", "notes": "As agreed"}
    return int(api.post(f"contracts/{signed(api)['id']}/subscriptions", said)["id"])


def doubled(api: Api, subscription: int, **fields: Any) -> Told:
    said = {"start_date": "2026-01-01", "end_date": "2026-12-31", "total_value": "2400.00"}
    return api.post(PATH, {**said, "modified_subscription": subscription, **fields})


def values(told: Told) -> list[tuple[Any, ...]]:
    return [(line["start_date"][5:], line["original_value"], line["total_value"]) for line in told.body]


def test_a_new_schedule_is_told_month_by_month(api: Api):
    """12,000.00 from 15 January for a year, by each method."""
    said = {"start_date": YEAR["start_date"], "total_value": "12000.00"}
    told = api.post(PATH, said)
    assert told.status == 200, told.text
    assert [line["total_value"] for line in told.body] == [Decimal("548.39"), *[1_000] * 11, Decimal("451.61")]
    assert (told.body[0]["start_date"], told.body[0]["end_date"]) == ("2026-01-15", "2026-01-31")
    assert (told.body[-1]["end_date"], told.body[-1]["mrr"], told.body[-1]["original_value"]) == (
        "2027-01-14",
        1_000,
        None,
    )
    assert {line["is_contract_amendment"] for line in told.body} == {False}
    daily = api.post(PATH, {**said, "use_daily_accounting": True, "end_date": YEAR["end_date"]})
    assert [line["total_value"] for line in daily.body[:2]] == [Decimal("558.90"), Decimal("920.55")]
    assert daily.body[0]["use_daily_accounting"] is True
    thirty = api.post(PATH, {**said, "use_daily_accounting": True, "proration_method": "thirty_day"})
    assert [line["total_value"] for line in thirty.body[:2]] == [Decimal("533.33"), 1_000]
    assert sum(line["total_value"] for line in thirty.body) == 12_000


def test_a_modified_schedule_tells_the_months_that_differ(api: Api):
    own = year_of_100(api)
    assert values(doubled(api, own)) == [(f"{month:02}-01", 100, 200) for month in range(1, 13)]
    first = doubled(api, own).body[0]
    assert (first["original_mrr"], first["mrr"], first["original_quantity"], first["original_rate"]) == (
        100,
        200,
        10,
        120,
    )
    assert doubled(api, own, total_value="1200").body == []
    longer = doubled(api, own, end_date="2027-02-28", total_value="1400")
    assert values(longer) == [("01-01", None, 100), ("02-01", None, 100)]


def test_a_month_that_catches_up_takes_what_those_before_it_lack(api: Api):
    """600.00 through March less 200.00 of January and February: 400.00."""
    told = doubled(api, year_of_100(api), use_catchup=True, catchup_date="2026-03-10")
    assert values(told) == [("03-01", 100, 400), *[(f"{month:02}-01", 100, 200) for month in range(4, 13)]]
    assert sum(line["total_value"] - line["original_value"] for line in told.body) == 1_200


def test_a_change_from_a_day_on_leaves_all_before_it(api: Api):
    """200.00 stay of January and February, 2,200.00 over ten months."""
    told = doubled(api, year_of_100(api), use_catchup=True, catchup_date="2026-03-01", apply_prospectively=True)
    assert values(told) == [(f"{month:02}-01", 100, 220) for month in range(3, 13)]
    mid = doubled(
        api,
        year_of_100(api),
        total_value="2150.00",
        use_catchup=True,
        catchup_date="2026-04-16",
        apply_prospectively=True,
    )
    # 350.00 stay: three months and 15 of 30 days; 1,800.00 over 8.5 months are 211.764... a month, 105.88 of half a one
    assert values(mid)[0] == ("04-01", 100, 50 + Decimal("105.88"))
    assert sum(line["total_value"] - line["original_value"] for line in mid.body) == 950


def test_nothing_is_agreed_by_asking(api: Api, new_actor: Callable[..., Any], api_of: Callable[..., Api]):
    own = year_of_100(api)
    before = api.get("transactions").body
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"total_value": -1}, "total_value"),
        ({"total_value": "1.005"}, "total_value"),
        ({"end_date": "2025-12-31"}, "end_date"),
        ({"use_catchup": True}, "catchup_date"),
        ({"apply_prospectively": True}, "apply_prospectively"),
        ({"modified_subscription": 999_999}, "modified_subscription"),
        ({"proration_method": "weekly"}, "proration_method"),
        ({"start_date": None}, "start_date"),
        ({"end_date": "9999-12-31"}, "end_date"),
    ]
    for fields, field in wrong:
        told = doubled(api, own, **fields)
        assert (told.status, list(told.body)) == (400, [field]), told.text
    assert list(doubled(api_of(new_actor()), own).body) == ["modified_subscription"]
    doubled(api, own)
    assert api.get("transactions").body == before
