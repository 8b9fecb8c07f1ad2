"""What a close tells and does not stop at: reports that count on several items, with those that are late."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.operations.close_warnings import CloseWarning, close_warnings
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.runs import run_period
from ratable_server.operations.usage import delete_reported_usage, report_usage
from ratable_server.queries.reports import report
from ratable_server.store.public_ids import reported_usage_code
from tests.server.cli.asking import Command
from tests.server.conftest import AT
from tests.server.usage.reporting import a_report, agree_on_reports, reported

JULY, AUGUST = date(2026, 7, 1), date(2026, 8, 1)
IN_JULY = datetime(2026, 7, 2, tzinfo=UTC)


@pytest.fixture
def actor(actor: Actor) -> Actor:
    """Books that are closed up to July, in which two items have the same unit."""
    agree_on_reports(actor)
    for month in range(1, 7):
        assert close_period(actor=actor, month_on=date(2026, month, 1), at=AT).warnings == ()
    return actor


def told(reports: str, *ids: int) -> tuple[CloseWarning, ...]:
    named = ", ".join(map(reported_usage_code, ids[:5])) + (f" and {len(ids) - 5} more" if len(ids) > 5 else "")
    return (CloseWarning(code="reported_usage_counts_on_several_items", detail=f"{reports}: {named}"),)


def test_a_report_that_counts_twice_is_told_by_the_draft_and_the_close(actor: Actor):
    row_id = reported(actor, started_at=IN_JULY)
    reported(actor, started_at=IN_JULY, item="labs-calls")
    command, warning = Command(actor), told("1 report of usage counts on 2 items", row_id)

    assert f"note: {warning[0].code}: {warning[0].detail}" in command("draft", "2026-07").output
    assert command.json("draft", "2026-07")["warnings"] == [{"code": warning[0].code, "detail": warning[0].detail}]
    assert command.json("close", "2026-07")["warnings"] == [{"code": warning[0].code, "detail": warning[0].detail}]


def test_of_many_the_first_are_named_and_what_was_deleted_is_not(actor: Actor):
    reports = [a_report(started_at=IN_JULY, quantity=Decimal(place)) for place in range(8)]
    ids = [each.id or 0 for each in report_usage(actor=actor, reports=reports, at=AT)]
    delete_reported_usage(actor=actor, ids=ids[:1], at=AT)

    assert close_warnings(actor=actor, month_on=JULY) == told("7 reports of usage count on 14 items", *ids[1:])


def test_what_is_late_is_told_by_the_close_that_books_it(actor: Actor):
    reported(actor, started_at=IN_JULY)
    close_period(actor=actor, month_on=JULY, at=AT)
    late = reported(actor, started_at=IN_JULY)

    closed = close_period(actor=actor, month_on=AUGUST, at=AT)

    assert closed.warnings == told("1 report of usage counts on 2 items", late)
    assert close_warnings(actor=actor, month_on=date(2026, 9, 1)) == ()


def shown(actor: Actor, **asked: Any) -> dict[date, str]:
    """The months of the report that have warnings."""
    rows = report(actor=actor, name="close_status", **asked).table.to_pylist()
    return {row["period"]: row["warnings"] for row in rows if row["warnings"]}


def test_the_report_of_months_tells_it_too_and_of_a_closed_month_for_ever(actor: Actor):
    """An open month without a draft says nothing; what was deleted since the close is told as the close told it."""
    row_id = reported(actor, started_at=IN_JULY)
    (warning,) = told("1 report of usage counts on 2 items", row_id)
    assert shown(actor) == {}
    run_id = run_period(actor=actor, month_on=JULY, at=AT).run_id
    assert shown(actor) == {JULY: f"{warning.code}: {warning.detail}"}
    assert shown(actor, as_of=AT) == {}

    closed = close_period(actor=actor, month_on=JULY, run_id=run_id, at=AT + timedelta(hours=1))
    delete_reported_usage(actor=actor, ids=[row_id], at=AT + timedelta(hours=2))

    assert closed.warnings == (warning,)
    assert close_warnings(actor=actor, month_on=JULY) == ()
    assert shown(actor) == shown(actor, as_of=AT + timedelta(hours=1)) == {JULY: f"{warning.code}: {warning.detail}"}
    reopen_period(actor=actor, month_on=JULY, reason="once more", at=AT + timedelta(hours=3))
    assert shown(actor) == {}
    assert shown(actor, as_of=AT + timedelta(hours=2)) == {JULY: f"{warning.code}: {warning.detail}"}
