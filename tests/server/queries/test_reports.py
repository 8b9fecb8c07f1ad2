"""Each report out of the books: figures by hand, the engine's own where it has them, and every moment of knowledge."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from ratable.backends import Sheet
from ratable.cases.playing import play
from ratable.cases.records import Usage
from ratable.reports import CATALOGUE, run_report
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.runs import run_period
from ratable_server.operations.usage import resolve_rejection
from ratable_server.queries.reports import preview, report
from tests.engine.reports.books import Inputs, inputs_of, options_of
from tests.server.stories import FEBRUARY, JANUARY, MARCH, company, fill, found_company, use
from tests.server.usage.files import csv_of, ingest

Row = dict[str, Any]
LAST = date(2026, 3, 31)
OF_THE_BOOKS = {"rejections", "close_status", "completeness"}  # only books have receipts, rejections and closes
WITHOUT_BOOKS = [name for name in CATALOGUE if name not in OF_THE_BOOKS]
NAMED_BY_THE_BOOKS = ("entry_id", "number")  # a document is numbered by the books, in a case by its place


@pytest.fixture(scope="module")
def admin(books: None, tmp_path_factory: pytest.TempPathFactory) -> Actor:
    """The admin of the small company, closed through March; nobody changes it."""
    return found_company(tmp_path_factory.mktemp("story"))


@pytest.fixture
def writer(actor: Actor, tmp_path: Path) -> Actor:
    """The same, closed through February, for a test that goes on with it."""
    fill(actor, company(tmp_path, closed_through=FEBRUARY))
    return actor


def rows_named(actor: Actor, name: str, **asked: Any) -> list[Row]:
    rows: list[Row] = report(actor=actor, name=name, **asked).table.to_pylist()
    return rows


def told(rows: Sequence[Row], *columns: str) -> list[tuple[Any, ...]]:
    """These columns of the rows; months without days, amounts in major units."""
    return [tuple(_told(row, column) for column in columns) for row in rows]


def _told(row: Row, column: str) -> Any:
    value = row[column]
    if isinstance(value, date) and not isinstance(value, datetime):
        return f"{value:%Y-%m}"
    return value / 100 if column.endswith("_minor") else value


# ── the same as the engine alone ─────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def alone(sheet: Sheet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Row]]:
    """What the engine alone says of the story, by the name of the report."""
    case = company(tmp_path_factory.mktemp("alone"))
    inputs = inputs_of(sheet, case, play(case, sheet), at=LAST)
    return {name: _alone(sheet, name, inputs) for name in WITHOUT_BOOKS}


def _alone(sheet: Sheet, name: str, inputs: Inputs) -> list[Row]:
    found = CATALOGUE[name]
    periods = (JANUARY, MARCH) if "period" in found.keys else None
    asked = {each: inputs[each] for each in found.inputs}
    rows: list[Row] = run_report(sheet, name, asked, periods=periods, **options_of(found)).to_pylist()
    return rows


@pytest.mark.parametrize("name", WITHOUT_BOOKS)
def test_the_books_say_what_the_calculation_alone_says(admin: Actor, alone: dict[str, list[Row]], name: str):
    books = rows_named(admin, name, day=LAST if "day" in CATALOGUE[name].inputs else None)

    assert _unnamed(books) == _unnamed(alone[name])
    assert books


def _unnamed(rows: Sequence[Row]) -> list[str]:
    return sorted(repr({key: value for key, value in row.items() if key not in NAMED_BY_THE_BOOKS}) for row in rows)


# ── figures by hand ──────────────────────────────────────────────────────────────────────────


def test_the_waterfall_by_month_of_billing(admin: Actor):
    assert told(rows_named(admin, "waterfall"), "contract_id", "booked", "period", "amount_minor") == [
        ("acme", "2026-01", "2026-01", 1255),  # 945 of the pool that was billed in January, 310 of seats
        ("acme", "2026-01", "2026-02", 55),  # the rest of the pool: 25 late, 30 of February
        ("acme", "2026-02", "2026-02", 350),  # 280 of seats, 70 of overage
        ("acme", "2026-03", "2026-03", 310),
        ("bolt", "2026-01", "2026-01", 50),
    ]


def test_rollforwards_foot(admin: Actor):
    acme = [row for row in rows_named(admin, "unbilled_revenue") if row["contract_id"] == "acme"]
    liability = rows_named(admin, "contract_liability")
    moves = ("period", "opening_minor", "recognized_minor", "billed_minor", "closing_minor")

    assert told(liability, *moves) == [
        ("2026-01", 0, 945, 1000, 55),
        ("2026-02", 55, 55, 0, 0),
        ("2026-03", 0, 0, 0, 0),
    ]
    assert told(acme, *moves) == [
        ("2026-01", 0, 310, 0, 310),
        ("2026-02", 310, 350, 0, 660),
        ("2026-03", 660, 310, 70, 900),
    ]
    receivables = rows_named(admin, "accounts_receivable", periods=(MARCH, MARCH))
    assert told(receivables, "opening_minor", "billed_minor", "other_minor", "closing_minor") == [(0, 70, 0, 70)]


def test_the_pool_runs_dry(admin: Actor):
    columns = ("period", "opening_minor", "granted_minor", "drawn_minor", "remaining_minor", "overage_minor", "status")
    assert told(rows_named(admin, "burn_down"), *columns) == [
        ("2026-01", 0, 1000, 945, 55, 0, "ACTIVE"),
        ("2026-02", 55, 0, 55, 0, 70, "EXHAUSTED"),
        ("2026-03", 0, 0, 0, 0, 0, "EXHAUSTED"),
    ]


def test_what_is_contracted_and_not_yet_revenue(admin: Actor):
    """3,650 of seats less 900 of three months; after January 3,340, and 55 of a pool without an end."""
    assert told(rows_named(admin, "rpo"), "band", "amount_minor") == [("12_months", 2750)]
    then = rows_named(admin, "rpo", day=date(2026, 1, 31))
    assert told(then, "band", "amount_minor") == [("12_months", 3340), ("later", 55)]


def test_revenue_by_who_bought_what(admin: Actor):
    found = rows_named(admin, "revenue_by_customer", by=["customer_id", "product_id", "currency"])
    assert told(found, "customer_id", "product_id", "currency", "amount_minor") == [
        ("Acme Inc", "api", "USD", 1070),
        ("Acme Inc", "seats", "USD", 900),
        ("Bolt GmbH", "api", "EUR", 50),
    ]


def test_the_trial_balance_of_a_month_sums_to_zero(admin: Actor):
    march = [row for row in rows_named(admin, "trial_balance", periods=(MARCH, MARCH)) if row["currency"] == "USD"]
    assert told(march, "account", "opening_minor", "debit_minor", "credit_minor", "closing_minor") == [
        ("accounts_receivable", 0, 70, 0, 70),
        ("cash", 1000, 0, 0, 1000),
        ("contract_liability", 0, 0, 0, 0),
        ("revenue", -1660, 0, 310, -1970),
        ("unbilled_revenue", 660, 310, 70, 900),
    ]
    assert sum(row["closing_minor"] for row in march) == 0


def test_where_the_months_stand(admin: Actor):
    columns = ("period", "currency", "status", "version", "entries", "revenue_minor", "late_revenue_minor")
    assert told(rows_named(admin, "close_status"), *columns) == [
        ("2026-01", "EUR", "closed", 1, 1, 50, 0),
        ("2026-01", "USD", "closed", 1, 4, 1255, 0),
        ("2026-02", "USD", "closed", 1, 4, 405, 25),
        ("2026-03", "USD", "closed", 1, 2, 310, 0),
        ("2026-04", "", "open", 0, 0, 0, 0),
    ]


def test_every_identity_is_told_with_both_sides(admin: Actor):
    found = rows_named(admin, "completeness")

    assert [row for row in found if row["difference"] != 0] == []
    rated = [row for row in found if row["identity"] == "rated"]
    assert [(f"{row['period']:%Y-%m}", row["currency"], row["left_value"]) for row in rated] == [
        ("2026-01", "EUR", 5000),
        ("2026-01", "USD", 97000),
        ("2026-02", "USD", 10000),
    ]
    assert sum(row["unit"] == "records" for row in found) == 5


def test_rejected_rows_stay_readable_after_they_were_set_aside(writer: Actor):
    ingest(writer, csv_of("bad-1,nothing,2026-03-01,5", "good-1,bolt-calls,2026-03-01,5"), is_partial=True)

    (row,) = rows_named(writer, "rejections")
    assert [row[name] for name in ("row", "code", "usage_id", "value", "is_blocking", "is_resolved")] == [
        1,
        "usage_must_name_a_known_item",
        "bad-1",
        "nothing",
        True,
        False,
    ]
    at = datetime(2027, 1, 1, tzinfo=UTC)
    resolve_rejection(actor=writer, import_code=row["import_id"], row=1, reason="a test of the sender", at=at)
    then = rows_named(writer, "rejections", as_of=datetime(2026, 12, 1, tzinfo=UTC))
    assert [one["is_resolved"] for one in (*rows_named(writer, "rejections"), *then)] == [True, False]


# ── moments of knowledge ─────────────────────────────────────────────────────────────────────


def test_a_late_fact_changes_no_report_of_what_was_closed(writer: Actor):
    asked = {name: {"periods": (JANUARY, FEBRUARY)} for name in ("waterfall", "revenue", "trial_balance", "burn_down")}
    before = {name: rows_named(writer, name, **more) for name, more in asked.items()}

    use(writer, Usage(item="bolt-calls", used_on="2026-02-20", quantity="100", id="late-2"), date(2026, 3, 10))
    close_period(actor=writer, month_on=MARCH, at=datetime(2026, 4, 2, tzinfo=UTC))

    assert {name: rows_named(writer, name, **more) for name, more in asked.items()} == before
    march = rows_named(writer, "revenue", periods=(MARCH, MARCH))
    assert told(march, "contract_id", "period", "service_period", "amount_minor") == [
        ("acme", "2026-03", "2026-03", 310),
        ("bolt", "2026-03", "2026-02", 10),
    ]


def test_a_reopened_month_is_told_as_it_was_known_at_each_moment(writer: Actor):
    """February closed on March 3, reopened on March 5, closed again on March 7 with usage that was missing."""
    bolt = Usage(item="bolt-calls", used_on="2026-02-20", quantity="200", id="missing")
    reopen_period(actor=writer, month_on=FEBRUARY, reason="usage is missing", at=datetime(2026, 3, 5, tzinfo=UTC))
    use(writer, bolt, date(2026, 3, 6))
    close_period(actor=writer, month_on=FEBRUARY, at=datetime(2026, 3, 7, tzinfo=UTC))

    def february(day: int) -> list[tuple[Any, ...]]:
        as_of = datetime(2026, 3, day, 18, tzinfo=UTC)
        rows = rows_named(writer, "revenue_by_customer", as_of=as_of, periods=(FEBRUARY, FEBRUARY))
        return told(rows, "customer_id", "product_id", "amount_minor")

    first = [("Acme Inc", "api", 125), ("Acme Inc", "seats", 280)]
    assert february(1) == []
    assert february(4) == first
    assert february(5) == []
    assert february(7) == [*first, ("Bolt GmbH", "api", 20)]
    status = rows_named(
        writer, "close_status", as_of=datetime(2026, 3, 5, 18, tzinfo=UTC), periods=(FEBRUARY, FEBRUARY)
    )
    assert told(status, "period", "status", "version", "entries") == [("2026-02", "open", 1, 0)]


def test_a_preview_says_what_the_close_will_say(writer: Actor):
    run_id = run_period(actor=writer, month_on=MARCH, at=datetime(2026, 4, 2, tzinfo=UTC)).run_id
    names = [name for name in CATALOGUE if name not in {"close_status", "rejections"}]

    drafted = {name: preview(actor=writer, run_id=run_id, name=name).table for name in names}
    close_period(actor=writer, month_on=MARCH, at=datetime(2026, 4, 2, tzinfo=UTC), run_id=run_id)

    posted = {name: report(actor=writer, name=name).table for name in names}
    assert {name for name in names if not drafted[name].equals(posted[name])} == set()


# ── what is refused ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"name": "nothing"}, "report_must_be_known"),
        ({"name": "rpo", "periods": (JANUARY, MARCH)}, "report_must_be_asked_as_defined"),
        ({"name": "journal", "periods": (MARCH, JANUARY)}, "report_must_be_asked_as_defined"),
        ({"name": "journal", "day": LAST}, "report_must_be_asked_as_defined"),
        ({"name": "revenue", "by": ["colour"]}, "report_must_be_asked_as_defined"),
    ],
)
def test_a_question_that_no_report_answers_is_refused(admin: Actor, asked: Row, code: str):
    with pytest.raises(Refused) as refused:
        report(actor=admin, **asked)
    assert refused.value.code == code


def test_empty_books_have_empty_reports(actor: Actor):
    for name, found in CATALOGUE.items():
        day = LAST if "day" in found.inputs else None
        assert rows_named(actor, name, day=day) == []
    with pytest.raises(Refused, match="the day must be named"):
        report(actor=actor, name="rpo")


def test_a_file_that_adds_nothing_is_received_and_adds_up(writer: Actor):
    content = csv_of("n-1,bolt-calls,2026-03-01,5", "n-2,bolt-calls,2026-03-01,7.5")
    ingest(writer, content)
    again = ingest(writer, content)

    found = [row for row in rows_named(writer, "completeness") if row["import_id"] == again.import_code]
    assert [(row["unit"], row["left_value"], row["difference"]) for row in found] == [
        ("quantity_e12", 12500000000000, 0),
        ("records", 2, 0),
    ]


def test_a_file_that_was_not_taken_is_not_received(writer: Actor):
    receipt = ingest(writer, csv_of("bad-1,nothing,2026-03-01,5", "good-1,bolt-calls,2026-03-01,5"))

    assert receipt.status == "failed"
    assert receipt.import_code not in {row["import_id"] for row in rows_named(writer, "completeness")}
