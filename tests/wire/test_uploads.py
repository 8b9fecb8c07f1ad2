"""Files of usage events of a prepaid commit over the wire.

The pool is 80,000.00 at 20 % discount, list price 0.10, as in `test_consumption.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from ratable_server.actor import Actor
from ratable_server.api.campfire.views import consumption
from ratable_server.operations.periods import close_period
from ratable_server.operations.register import keep_entry_of_month
from ratable_server.store import models
from ratable_server.store.scope import books_of
from ratable_server.store.scope import rows_of as stored
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_consumption import used
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


def changes_made(api: Api) -> int:
    """How many changes the books have recorded."""
    with books_of(api.actor):
        return stored(api.actor, models.AuditEntry).count()


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


def test_the_same_file_again_adds_nothing_and_says_so(api: Api, pool: str):
    """Also once its month is closed."""
    first = sent(api, pool, JANUARY)
    for name in ("events.csv", "other.csv"):
        again = sent(api, pool, JANUARY, name=name)
        assert (again.status, again["repeats"], again["file_sha256"]) == (200, first["import_id"], first["file_sha256"])
        assert (again["created"], again["updated"], again["skipped"]) == (0, 0, 3)
        assert rows_of(again) == (3, 0, 3, 0)
        assert again["detail"].startswith(f"Already loaded as {first['import_id']}")
        close_period(actor=api.actor, month_on=date(2026, 1 if name == "events.csv" else 2, 1), at=AT)
    assert months(api, pool) == [("2026-01-01", 30_000, 24_000, 300_000, 56_000)]


def test_columns_come_in_any_order_and_letters(api: Api, pool: str):
    """A byte order mark, `id` for `external_id`, further columns, a plain body: all of it is read alike."""
    rows = '\ufeffTeam,ID,Total_Revenue_Dollars,DT\r\n"a, b",x-1,100.00,2026-01-05\r\n'
    told = api.send("POST", f"{pool}/usage-events/upload", rows.encode(), content_type="text/csv")
    assert (told.status, told["created"], told["file_name"]) == (200, 1, "upload.csv"), told.text
    assert sent(api, pool, rows)["repeats"] == told["import_id"]
    (event,) = api.get(f"{pool}/usage-events")["results"]
    assert (event["external_id"], event["data"], event["total_events"]) == ("x-1", {"Team": "a, b"}, 0)


def test_a_changed_row_is_an_update_while_its_month_is_open(api: Api, pool: str):
    sent(api, pool, JANUARY)
    changed = JANUARY.replace("10000.004", "20000.004").replace("7499.993", "7499.99")
    told = sent(api, pool, changed)
    assert (told["created"], told["updated"], told["skipped"]) == (0, 2, 1), told.text
    assert [each["gross_usage_amount"] for each in told["periods"]] == [40_000]
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    before = months(api, pool)
    late = sent(api, pool, JANUARY.replace("10000.004", "1") + "j4,2026-02-01,,5,,\n")
    assert (late.status, late["code"], late["created"]) == (400, "file_must_be_clean", 0)
    assert [(each["row"], each["field"], each["code"]) for each in late["errors"]] == [
        (1, "external_id", "usage_must_not_change_under_its_id"),
        (3, "external_id", "usage_must_not_change_under_its_id"),
    ]
    new = sent(api, pool, f"{HEADER}\nj9,2026-01-05,,1,,\n")
    assert (new.status, new["error"]) == (400, "Books are closed for this date")
    assert [(each["row"], each["field"], each["code"]) for each in new["errors"]] == [(1, "dt", "period_must_be_open")]
    assert months(api, pool) == before


def test_rows_that_cannot_be_are_told_by_number_and_column_and_nothing_is_taken(api: Api, pool: str):
    rows = (
        "ok,2026-01-05,,1,,", "bad-day,2026-13-05,,1,,", "no-day,,,1,,", "bad-month,,2026-13-01,1,,",
        "other-month,2026-01-05,2026-02-01,1,,", "amount,2026-01-05,,x,,", "nothing,2026-01-05,,,,",
        "below,2026-01-05,,-1,,", "events,2026-01-05,,1,1.5,", "early,2025-12-31,,1,,", "bc,0000-01-05,,1,,",
        "never,,9999-12,1,,",
    )  # fmt: skip
    told = sent(api, pool, "\n".join([HEADER, *rows]))
    assert (told.status, told["code"], told["created"]) == (400, "file_must_be_clean", 0), told.text
    assert [(each["row"], each["field"]) for each in told["errors"]] == [
        (2, "dt"), (3, "dt"), (4, "dm"), (5, "dm"), (6, "total_revenue_dollars"), (7, "total_revenue_dollars"),
        (8, "total_revenue_dollars"), (9, "total_events"), (10, "dt"), (11, "dt"), (12, "dt"),
    ]  # fmt: skip
    assert told["errors"][3]["message"] == (
        "A row needs a dt, or a dm that is a month: 2026-02-01 is not the month of 2026-01-05"
    )
    assert rows_of(told) == (12, 0, 0, 12)
    assert api.get(f"{pool}/usage-events")["count"] == 0
    assert sent(api, pool, f"{HEADER}\n{rows[0]}\n")["created"] == 1


def test_what_a_column_cannot_hold_is_told_by_its_row(api: Api, pool: str):
    """An external_id of 250 characters and 2,147,483,647 events, as published; also where a file is of corrections."""
    longest, most = "x" * 250, 2**31 - 1
    rows = (
        f"{longest},2026-01-05,,1,{most},", f"{longest}y,2026-01-05,,1,,", f"{longest}z,2026-01-06,,2,,",
        f"events,2026-01-05,,1,{most + 1},", f"alone,2026-01-05,,,{'9' * 12},", f"{'y' * 600},2026-01-05,,1,,",
    )  # fmt: skip
    told = sent(api, pool, "\n".join([HEADER, *rows]))
    assert (told.status, told["code"], told["created"]) == (400, "file_must_be_clean", 0), told.text
    assert [(each["row"], each["field"], each["message"]) for each in told["errors"]] == [
        (2, "external_id", "This row cannot be taken: 251 characters, 250 at most"),
        (3, "external_id", "This row cannot be taken: 251 characters, 250 at most"),
        (4, "total_events", "A valid number is required: 2147483648 is more than 2147483647"),
        (5, "total_events", "A valid number is required: 999999999999 is more than 2147483647"),
        (6, "external_id", "This row cannot be taken: 600 characters, 250 at most"),
    ]
    corrections = f"{HEADER},is_adjustment,original_period_month\n{longest}y,,,-1,,,true,2026-01\n"
    (error,) = sent(api, pool, corrections)["errors"]
    assert (error["row"], error["field"]) == (1, "external_id")
    assert api.get(f"{pool}/usage-events")["count"] == 0
    assert sent(api, pool, f"{HEADER}\n{rows[0]}\n")["created"] == 1
    (event,) = api.get(f"{pool}/usage-events")["results"]
    assert (event["external_id"], event["total_events"]) == (longest, most)


def test_a_month_alone_counts_on_its_last_day_and_units_at_the_list_price(api: Api, pool: str):
    """1,250 events at 0.10 are 125.00; a day within the month says the month as well."""
    told = sent(api, pool, "external_id,dm,total_events\nu-1,2026-02-17,1250\nu-2,2026-02,1\n")
    assert [each["gross_usage_amount"] for each in told["periods"]] == [Decimal("125.10")], told.text
    events = api.get(f"{pool}/usage-events")["results"]
    assert {(each["event_date"], each["period_month"]) for each in events} == {("2026-02-28", "2026-02-01")}


def test_a_month_that_was_told_as_a_whole_becomes_the_sum_of_its_events(api: Api, pool: str):
    used(api, pool, 1, 12_345, description="by hand")
    used(api, pool, 2, 50_000)
    told = sent(api, pool, JANUARY)
    assert told["replaced_periods"] == ["2026-01-01"], told.text
    assert months(api, pool) == [
        ("2026-01-01", 30_000, 24_000, 300_000, 56_000), ("2026-02-01", 50_000, 40_000, 0, 16_000),
    ]  # fmt: skip
    by_hand = used(api, pool, 1, 1)
    assert (by_hand.status, list(by_hand.body)) == (400, ["period_month"])
    month = api.get(f"{pool}/consumption")["results"][0]["id"]
    assert api.put(f"{pool}/consumption/{month}", {"gross_usage_amount": 1}).status == 400
    assert api.delete(f"{pool}/consumption/{month}").status == 400
    assert sent(api, pool, JANUARY)["replaced_periods"] == []


def test_a_month_of_events_is_described_and_nothing_else_of_it_changes(api: Api, pool: str):
    sent(api, pool, JANUARY)
    before, (month,) = months(api, pool), api.get(f"{pool}/consumption")["results"]
    own, events = f"{pool}/consumption/{month['id']}", api.get(f"{pool}/usage-events").body
    for other, field in (
        ({"gross_usage_amount": 1}, "gross_usage_amount"),
        ({"total_events": 1}, "total_events"),
        ({"period_month": "2026-02-01"}, "period_month"),
    ):
        refused = api.put(own, {"description": "Of the meter", **other})
        assert (refused.status, list(refused.body)) == (400, [field]), refused.text
        assert api.get(own).body == month
    echo = {name: month[name] for name in ("period_month", "gross_usage_amount", "total_events")}
    for said, description in (
        ({"description": "Of the meter"}, "Of the meter"), ({}, "Of the meter"),
        ({**echo, "description": "By hand"}, "By hand"), ({"description": None}, ""), ({"description": "At last"}, "At last"),
    ):  # fmt: skip
        told = api.put(own, said)
        assert (told.status, told["description"], api.get(own).body) == (200, description, told.body)
    assert told["last_modified_at"] > month["last_modified_at"]
    assert {**told.body, "description": "", "last_modified_at": month["last_modified_at"]} == month
    assert (months(api, pool), api.get(f"{pool}/usage-events").body) == (before, events)

    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    changes = changes_made(api)
    for said in (api.get(own).body, {"description": "At last"}, {}):
        assert (again := api.put(own, said)).body == told.body, again.text
    assert changes_made(api) == changes
    late = api.put(own, {"description": "Too late"})
    assert (late.status, late["error"], list(late.body)) == (
        400,
        "Books are closed for this date",
        ["error", "period_month"],
    )
    assert api.get(own).body == told.body


def test_a_description_that_is_empty_already_is_no_change(api: Api, pool: str):
    sent(api, pool, JANUARY)
    (month,) = api.get(f"{pool}/consumption")["results"]
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    changes, own = changes_made(api), f"{pool}/consumption/{month['id']}"
    for said in (month, {"description": None}, {"description": ""}):
        again = api.put(own, said)
        assert (again.status, again.body) == (200, month), again.text
    assert changes_made(api) == changes


def test_a_month_that_is_closed_while_it_is_described_stays_as_it_is(
    api: Api, pool: str, monkeypatch: pytest.MonkeyPatch
):
    sent(api, pool, JANUARY)
    (month,) = api.get(f"{pool}/consumption")["results"]
    keeps = keep_entry_of_month

    def late(**told: Any) -> Any:
        close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
        return keeps(**told)

    monkeypatch.setattr(consumption, "keep_entry_of_month", late)
    own = f"{pool}/consumption/{month['id']}"
    refused = api.put(own, {"description": "Too late"})
    assert (refused.status, list(refused.body)) == (400, ["error", "period_month"]), refused.text
    assert api.get(own).body == month


def test_a_month_of_many_events_may_say_their_sum_again(api: Api, pool: str):
    """4,294,967,294 events: of one row, and of a month that is told as a whole, 2,147,483,647 are the most."""
    sent(api, pool, f"{HEADER}\nj1,2026-01-05,,1,2147483647,\nj2,2026-01-06,,1,2147483647,\n")
    used(api, pool, 2, 1, total_events=2_147_483_647)
    january, february = api.get(f"{pool}/consumption")["results"]
    assert january["total_events"] == 4_294_967_294
    for month in (january, february):
        again = api.put(f"{pool}/consumption/{month['id']}", month)
        assert (again.status, again["total_events"]) == (200, month["total_events"]), again.text
        refused = api.put(f"{pool}/consumption/{month['id']}", {"total_events": 4_294_967_295})
        assert (refused.status, refused.body) == (
            400, {"total_events": ["Ensure this value is less than or equal to 2147483647."]},
        )  # fmt: skip
    assert [each["total_events"] for each in api.get(f"{pool}/consumption")["results"]] == [
        4_294_967_294,
        2_147_483_647,
    ]


def test_rows_without_an_id_are_known_by_their_file(api: Api, pool: str):
    rows = "dt,total_revenue_dollars\n2026-01-05,1\n2026-01-05,1\n"
    assert [sent(api, pool, rows)["created"] for _ in range(2)] == [2, 0]
    assert sent(api, pool, rows, query="?force=true")["created"] == 2
    assert sent(api, pool, JANUARY + "j9,2026-01-05,,1,,\n")["created"] == 4
    assert {each["external_id"] for each in api.get(f"{pool}/usage-events")["results"]} == {
        None,
        "j1",
        "j2",
        "j3",
        "j9",
    }


def test_ids_of_two_pools_are_apart(api: Api, pool: str):
    contract = signed(api)
    other = f"contracts/{contract['id']}/prepaid-commits/{granted(api, contract['id'])['id']}"
    assert [sent(api, path, JANUARY)["created"] for path in (pool, other)] == [3, 3]


def test_the_same_upload_under_one_key_is_done_once(api: Api, pool: str):
    def upload(rows: str) -> Told:
        path = f"{pool}/usage-events/upload?force=true"
        return api.send("POST", path, rows.encode(), content_type="text/csv", Idempotency_Key="k-1")

    rows = "dt,total_revenue_dollars\n2026-01-05,1\n"
    refused = upload("dt,total_revenue_dollars\n2026-01-05,x\n")
    told = [upload(rows) for _ in range(2)]
    assert (refused.status, [each.status for each in told]) == (400, [200, 200])
    assert told[0].text == told[1].text
    assert upload(rows + "\n2026-01-06,1").status == 422
    assert api.get(f"{pool}/usage-events")["count"] == 1


def test_what_is_no_file_of_events_is_refused(
    api: Api, pool: str, new_actor: Callable[..., Actor], api_of: Callable[..., Api]
):
    path = f"{pool}/usage-events/upload"
    assert api.post(path, {}).body == {"file": ["No file was submitted."]}
    assert api.form("POST", path, {"file": "a text"}).status == 400
    for content in (b"", b"a,b\n1,2\n", b"\xff\xfe", b"dt\n2026-01-01\n", b"dt,total_revenue_dollars\n2026-01-01\n"):
        told = sent(api, pool, content)
        assert (told.status, told["code"], list(told.body)) == (400, "file_must_be_readable", ["file", "code"]), content
    assert api_of(api.actor, role="viewer").send("POST", path, b"", content_type="text/csv").status == 403
    assert sent(api_of(new_actor()), pool, JANUARY).status == 404
    assert api.get(f"{pool}/usage-events")["count"] == 0


def test_many_rows_are_taken_at_once(api: Api, pool: str):
    lines = (f"r{number},2026-01-{1 + number % 31:02},,0.015,1,team-{number % 7}" for number in range(10_000))
    told = sent(api, pool, "\n".join([HEADER, *lines]))
    assert (told.status, told["created"]) == (200, 10_000), told.text
    assert [(each["gross_usage_amount"], each["total_events"]) for each in told["periods"]] == [(150, 10_000)]
    values = api.get(f"{pool}/usage-events/distinct-values", field="team_id")["values"]
    assert values == [f"team-{number}" for number in range(7)]
