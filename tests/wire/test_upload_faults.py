"""What is wrong with a row of a file of events is told as it is, whatever the books know under its id."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from ratable_server.operations.periods import close_period
from tests.server.conftest import AT
from tests.wire.calling import Api, Told
from tests.wire.test_contracts import signed
from tests.wire.test_prepaid_commits import granted
from tests.wire.test_uploads import HEADER, months, sent

FIXES = "external_id,total_revenue_dollars,is_adjustment,original_period_month,adjustment_date"


@pytest.fixture
def pool(api: Api) -> str:
    """The path of a prepaid commit of 80,000.00 that has one event of January, `x1`."""
    contract = signed(api)
    path = f"contracts/{contract['id']}/prepaid-commits/{granted(api, contract['id'])['id']}"
    assert sent(api, path, f"{HEADER}\nx1,2026-01-05,,10,,\n")["created"] == 1
    return path


def faults(told: Told) -> list[tuple[Any, ...]]:
    assert (told.status, told["code"], told["created"]) == (400, "file_must_be_clean", 0), told.text
    return [tuple(each[name] for name in ("row", "field", "message", "code")) for each in told["errors"]]


@pytest.mark.parametrize(
    ("row", "field", "message", "code"),
    [
        ("2026-01-05,,abc,,", "total_revenue_dollars", "A valid number is required: abc", "quantity_must_be_a_number"),
        ("2026-01-05,,-1,,", "total_revenue_dollars", "Below zero; send an adjustment: -1", "quantity_must_not_be_negative"),
        ("2026-13-05,,11,,", "dt", "A row needs a dt, or a dm that is a month: 2026-13-05", "usage_must_have_a_date"),
        ("2025-12-31,,11,,", "dt", "The contract does not cover this day: 2025-12-31", "usage_must_fall_in_contract"),
    ],
)  # fmt: skip
def test_a_bad_value_is_told_of_an_id_that_may_change_as_of_one_that_is_new(
    api: Api, pool: str, row: str, field: str, message: str, code: str
):
    before = months(api, pool), api.get(f"{pool}/usage-events").body
    for id in ("x1", "new"):
        assert faults(sent(api, pool, f"{HEADER}\n{id},{row}\n")) == [(1, field, message, code)]
    assert (months(api, pool), api.get(f"{pool}/usage-events").body) == before
    assert sent(api, pool, f"{HEADER}\nx1,2026-01-05,,11,,\n")["updated"] == 1


def test_an_event_that_moves_to_a_closed_month_is_told_so(api: Api, pool: str):
    close_period(actor=api.actor, month_on=date(2026, 1, 1), at=AT)
    assert sent(api, pool, f"{HEADER}\nx2,2026-02-05,,10,,\n")["created"] == 1
    before = months(api, pool)
    told = sent(api, pool, f"{HEADER}\nx2,2026-01-05,,10,,\nx1,2026-01-05,,11,,\n")
    assert faults(told) == [
        (1, "dt", "Books are closed for this date; send an adjustment: 2026-01-05", "period_must_be_open"),
        (2, "external_id", "Other content under a known external_id that cannot change any more; send an adjustment: x1",
         "usage_must_not_change_under_its_id"),
    ]  # fmt: skip
    assert months(api, pool) == before


@pytest.mark.parametrize("id", ["n1", "x1"])
def test_an_id_twice_in_a_file_with_other_content_is_told_with_its_rows(api: Api, pool: str, id: str):
    before = months(api, pool)
    told = sent(api, pool, f"{HEADER}\n{id},2026-01-05,,10,,\nn2,2026-01-05,,1,,\n{id},2026-01-05,,11,,\n")
    message = f"This external_id stands in the file more than once with other content: {id} in rows 1, 3"
    assert faults(told) == [(row, "external_id", message, "usage_must_not_change_under_its_id") for row in (1, 3)]
    many = "".join(f"{id},2026-01-05,,{amount},,\n" for amount in range(1, 7))
    assert faults(sent(api, pool, f"{HEADER}\n{many}"))[5][2].endswith(f"{id} in rows 1, 2, 3, 4, 5 and others")
    assert months(api, pool) == before


@pytest.mark.parametrize("amount", [5, -5])
def test_a_correction_twice_in_a_file_with_other_content_is_neither_taken_nor_usage(api: Api, pool: str, amount: int):
    before = months(api, pool)
    days = ("2026-02-12", "2026-02-13")
    told = sent(api, pool, "\n".join([FIXES, *(f"f1,{amount},true,2026-01-01,{day}" for day in days)]))
    found = faults(told)
    assert [(row, field) for row, field, *_ in found] == [(1, "external_id"), (2, "external_id")]
    assert {message.partition(": ")[2] for _, _, message, _ in found} == {
        "more than once in this file with other content, in rows 1, 2"
    }
    assert (months(api, pool), api.get(f"{pool}/usage-events")["count"]) == (before, 1)


@pytest.mark.parametrize("id", ["new", "x1"])
def test_what_is_no_flag_is_told_as_one(api: Api, pool: str, id: str):
    before = months(api, pool)
    told = sent(api, pool, f"{HEADER},is_adjustment\n{id},2026-01-05,,11,,,maybe\n")
    assert faults(told) == [(1, "is_adjustment", "Must be a valid boolean.", "row_must_be_sound")]
    lines = '{"external_id": "j1", "dt": "2026-01-05", "total_revenue_dollars": 1, "is_adjustment": 2}\n'
    assert faults(sent(api, pool, lines, name="events.ndjson"))[0][1:3] == ("is_adjustment", "Must be a valid boolean.")
    assert months(api, pool) == before


def test_an_event_moves_to_a_later_month_while_nothing_is_closed(api: Api, pool: str):
    assert sent(api, pool, f"{HEADER}\nx1,2026-02-05,,10,,\n")["updated"] == 1
    assert [(month, gross) for month, gross, *_ in months(api, pool)] == [("2026-02-01", 10)]


def test_rows_with_too_many_cells_are_named_and_nothing_is_taken(api: Api, pool: str):
    rows = f"{HEADER}\na,2026-01-05,,1,,\nb,2026-01-05,1\nc,2026-01-05,,x,,\nd\n"
    told = sent(api, pool, rows)
    assert (told.status, told["code"]) == (400, "file_must_be_readable")
    assert [each.partition("usage: ")[2] for each in told["file"]] == [
        "line 3: row 2 has 3 cells, the header 6; line 5: row 4 has 1 cells, the header 6"
    ]
    assert api.get(f"{pool}/usage-events")["count"] == 1
