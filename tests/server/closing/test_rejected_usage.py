"""Usage that was taken when it came, and that a later run cannot take: shown everywhere, settled by somebody, lost nowhere.

Bolt has used 500 calls on 31 January, 50.00 EUR. Then its contract is ended with the day before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ratable.cases.records import Close, Entry, Terminate
from ratable.reports.explanation import Step, Trace
from ratable.terms import Policy
from ratable_server.actor import Actor
from ratable_server.errors import Obstructed, Refused
from ratable_server.operations.amendments import ContractTermination, terminate_contract
from ratable_server.operations.obstacles import obstacles
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.policies import set_policy
from ratable_server.operations.runs import run_period
from ratable_server.operations.usage import resolve_rejection, void_usage
from ratable_server.queries.explanations import Moment, explain_entry, explain_usage
from ratable_server.queries.reports import preview, report
from ratable_server.queries.usage_imports import (
    RejectedPage,
    rejected_page,
    rejected_rows,
    shown_rows,
    usage_imports,
)
from ratable_server.queries.verification import verification
from ratable_server.store.models import RejectedUsage
from ratable_server.store.scope import books_of, rows_of
from tests.server.operations.agreements import held
from tests.server.stories import DECEMBER, FEBRUARY, JANUARY, MARCH, company, fill
from tests.server.usage.files import csv_of, ingest

AT = datetime(2026, 2, 3, 12, tzinfo=UTC)
LAST_DAY = date(2026, 1, 30)
RULE = "usage_must_fall_in_contract"
REMEDIES = "change the terms or take the usage back, and make a new draft; or set each record aside for a reason"
Row = dict[str, Any]


def story(actor: Actor, folder: Path, *, closed_through: date) -> Actor:
    """The small company; then Bolt's contract ends a day before its usage."""
    fill(actor, company(folder, closed_through=closed_through))
    terminate_contract(actor=actor, termination=ContractTermination(contract="bolt", on=LAST_DAY), at=AT)
    return actor


@pytest.fixture
def january(actor: Actor, tmp_path: Path) -> Actor:
    """January is open."""
    return story(actor, tmp_path, closed_through=DECEMBER)


@pytest.fixture
def february(actor: Actor, tmp_path: Path) -> Actor:
    """January is closed, with the 50.00 EUR."""
    return story(actor, tmp_path, closed_through=JANUARY)


def told(actor: Actor, month_on: date, run_id: int) -> list[tuple[str, str]]:
    return [(one.code, one.detail) for one in obstacles(actor=actor, month_on=month_on, at=AT, run_id=run_id)]


def import_of(actor: Actor, usage_id: str) -> str:
    """The receipt of a record that the last draft rejects."""
    (row,) = [row for row in rejected_rows(actor=actor) if row.event_id == usage_id]
    return row.import_code


def received(rows: list[Row], import_code: str) -> dict[str, tuple[Decimal, Decimal]]:
    """Both sides of what an import has received, by unit."""
    mine = [row for row in rows if row["identity"] == "received" and row["import_id"] == import_code]
    return {row["unit"]: (row["left_value"], row["right_value"]) for row in mine}


def euros(rows: list[Row]) -> dict[str, int]:
    return {row["account"]: row["closing_minor"] for row in rows if row["currency"] == "EUR"}


def test_a_draft_keeps_what_it_rejects_and_the_gate_tells_it_with_its_figures(january: Actor):
    drafted = run_period(actor=january, month_on=JANUARY, at=AT)

    assert drafted.counts["rejected"] == 1
    (obstacle,) = obstacles(actor=january, month_on=JANUARY, at=AT, run_id=drafted.run_id)
    assert (obstacle.code, obstacle.field) == ("rejections_must_be_resolved", "run")
    assert obstacle.detail == (
        f"run {drafted.run_id} rejects 1 record of usage that was taken: "
        f"{RULE}: 500 of bolt-calls in 2026-01; {REMEDIES}"
    )
    before = held(january)
    with pytest.raises(Obstructed, match="rejections_must_be_resolved: run: run"):
        close_period(actor=january, month_on=JANUARY, at=AT, run_id=drafted.run_id)
    assert held(january) == before


def test_reports_lists_and_explanations_show_what_a_draft_rejects(january: Actor):
    run_id = run_period(actor=january, month_on=JANUARY, at=AT).run_id
    (row,) = rejected_rows(actor=january)

    assert (row.event_id, row.stream, row.row, row.code, row.value) == ("jan-3", "bolt-calls", 1, RULE, "2026-01-31")
    assert (row.run_id, row.is_blocking, row.resolved_by) == (run_id, True, "")
    assert row.raw == {"id": "jan-3", "item": "bolt-calls", "used_on": "2026-01-31", "quantity": "500"}
    assert rejected_rows(actor=january, import_code=row.import_code) == [row]
    listed = {line.import_code: (line.rows_accepted, line.open_rejections) for line in usage_imports(actor=january)}
    assert listed.pop(row.import_code) == (1, 1)
    assert set(listed.values()) == {(1, 0)}
    assert shown_rows([row]).rows == (
        (row.import_code, 1, RULE, "2026-01-31", "", "jan-3", "bolt-calls", "2026-01-31", "500"),
    )

    shown = preview(actor=january, run_id=run_id, name="rejections").table.to_pylist()
    assert shown == [
        {
            "import_id": row.import_code, "row": 1, "code": RULE, "usage_id": "jan-3", "item_id": "bolt-calls",
            "value": "2026-01-31", "is_blocking": True, "is_resolved": False, "records": 1,
        }
    ]  # fmt: skip
    assert report(actor=january, name="rejections").table.num_rows == 0  # nothing is posted
    explained = explain_usage(actor=january, usage_id="jan-3", moment=Moment(run_id=run_id))
    assert isinstance(explained, Step)
    assert explained.title == "usage jan-3 of bolt-calls on 2026-01-31"
    assert (explained.value, explained.unit) == (Decimal(500), "units")
    assert explained.formula.startswith(f"rejected by run {run_id}: {RULE} (")


def test_what_was_received_is_accepted_or_rejected_in_rows_and_in_quantity(january: Actor):
    run_id = run_period(actor=january, month_on=JANUARY, at=AT).run_id
    code = import_of(january, "jan-3")

    rows = preview(actor=january, run_id=run_id, name="completeness").table.to_pylist()

    assert len(received(rows, code)) == 2
    assert all(left == right for left, right in received(rows, code).values())
    assert [row for row in rows if row["difference"] != 0] == []
    with books_of(january), connection.cursor() as cursor:
        cursor.execute("UPDATE draft_rejected_usage SET quantity = 499")
    (_, broken) = told(january, JANUARY, run_id)
    assert broken == (
        "identities_must_hold",
        f"received (quantity) {code}: 500 received, 499 accepted, voided, duplicate and rejected",
    )


def test_set_aside_for_a_reason_it_lets_the_month_close_and_stays_readable(january: Actor):
    run_id = run_period(actor=january, month_on=JANUARY, at=AT).run_id
    code = import_of(january, "jan-3")

    with pytest.raises(Refused, match="code_must_be_known"):
        resolve_rejection(actor=january, import_code=code, row=2, reason="another row", at=AT)
    resolve_rejection(actor=january, import_code=code, row=1, reason="after the end, not billed", at=AT)
    with pytest.raises(Refused, match=f"{code} has no open rejection of row 1"):
        resolve_rejection(actor=january, import_code=code, row=1, reason="twice", at=AT)

    assert rejected_rows(actor=january) == []
    assert told(january, JANUARY, run_id) == []
    close_period(actor=january, month_on=JANUARY, at=AT, run_id=run_id)
    assert euros(report(actor=january, name="trial_balance").table.to_pylist()) == {}
    (shown,) = report(actor=january, name="rejections").table.to_pylist()
    assert (shown["usage_id"], shown["is_resolved"]) == ("jan-3", True)
    (row,) = rejected_rows(actor=january, import_code=code)
    assert row.resolved_by == january.name
    explained = explain_usage(actor=january, usage_id="jan-3")
    assert isinstance(explained, Step)
    assert explained.formula.endswith(f"set aside by {january.name} on 2026-02-03: after the end, not billed")
    assert isinstance(explain_usage(actor=january, usage_id="jan-1"), Trace)
    assert [check.check for check in verification(january) if not check.is_sound] == []


def test_what_a_closed_month_has_booked_is_taken_back_once_it_is_settled(february: Actor):
    """50.00 EUR of January are taken back in February; the usage is told once, and not again in March."""
    run_id = run_period(actor=february, month_on=FEBRUARY, at=AT).run_id
    assert [code for code, _ in told(february, FEBRUARY, run_id)] == ["rejections_must_be_resolved"]

    resolve_rejection(actor=february, import_code=import_of(february, "jan-3"), row=1, reason="ended before", at=AT)
    close_period(actor=february, month_on=FEBRUARY, at=AT)

    revenue = [
        (row["period"], row["closing_minor"])
        for row in report(actor=february, name="trial_balance").table.to_pylist()
        if (row["currency"], row["account"]) == ("EUR", "revenue")
    ]
    assert revenue == [(JANUARY, -5000), (FEBRUARY, 0)]
    then = datetime(2026, 2, 3, 11, tzinfo=UTC)
    assert report(actor=february, name="rejections", as_of=then).table.num_rows == 0  # January knew nothing of it
    march = run_period(actor=february, month_on=MARCH, at=AT)
    assert march.counts["rejected"] == 0
    assert told(february, MARCH, march.run_id) == []
    lines = report(actor=february, name="journal").table.to_pylist()
    (entry,) = {row["entry_id"] for row in lines if row["currency"] == "EUR" and row["period"] == FEBRUARY}
    assert sum(step.value for step in explain_entry(actor=february, entry_id=entry)) == 0


def test_what_is_taken_back_after_it_was_rejected_is_rejected_no_more(february: Actor):
    """Voided, it is what the run says of it that has changed: a row without a rule."""
    run_period(actor=february, month_on=FEBRUARY, at=AT)
    code = import_of(february, "jan-3")
    resolve_rejection(actor=february, import_code=code, row=1, reason="ended before", at=AT)
    close_period(actor=february, month_on=FEBRUARY, at=AT)
    void_usage(actor=february, event_id="jan-3", at=AT)

    march = run_period(actor=february, month_on=MARCH, at=AT)

    assert march.counts["rejected"] == 1
    assert preview(actor=february, run_id=march.run_id, name="rejections").table.num_rows == 0
    close_period(actor=february, month_on=MARCH, at=AT, run_id=march.run_id)
    rows = report(actor=february, name="completeness").table.to_pylist()
    assert len(set(received(rows, code).values())) == 2
    assert [row for row in rows if row["difference"] != 0] == []
    with books_of(february):
        assert list(rows_of(february, RejectedUsage).order_by("id").values_list("code", flat=True)) == [RULE, ""]


def send_bad(actor: Actor, turn: str, *, rows: int) -> str:
    """A file of which nothing can be taken, and its import."""
    content = csv_of(*(f"{turn}-{number},nobodys,2026-01-05,1" for number in range(rows)))
    return ingest(actor, content, is_partial=True).import_code


def test_rejected_rows_are_read_page_by_page_those_of_the_draft_behind_the_others(january: Actor):
    first = send_bad(january, "a", rows=3)
    send_bad(january, "b", rows=2)
    run_id = run_period(actor=january, month_on=JANUARY, at=AT).run_id
    every = rejected_rows(actor=january)
    assert [(row.row, row.run_id) for row in every] == [
        (1, None),
        (2, None),
        (3, None),
        (1, None),
        (2, None),
        (1, run_id),
    ]

    pages = [rejected_page(actor=january, limit=2, offset=offset) for offset in (0, 2, 4, 6)]

    assert [page.count for page in pages] == [6] * 4
    assert [page.rows for page in pages] == [every[0:2], every[2:4], every[4:6], []]
    of_import = [rejected_page(actor=january, import_code=first, limit=2, offset=offset) for offset in (0, 2)]
    assert [(page.count, page.rows) for page in of_import] == [(3, every[0:2]), (3, every[2:3])]
    assert rejected_page(actor=january, import_code=first, row=2) == RejectedPage(count=1, rows=every[1:2])
    taken = every[5].import_code
    assert rejected_page(actor=january, import_code=taken, limit=1) == RejectedPage(count=1, rows=every[5:])
    assert rejected_page(actor=january, import_code=taken, row=2) == RejectedPage(count=0, rows=[])


def test_a_page_takes_as_many_statements_and_rows_however_many_are_rejected(january: Actor):
    code = send_bad(january, "a", rows=3)
    run_period(actor=january, month_on=JANUARY, at=AT)
    asks: list[dict[str, Any]] = [{}, {"import_code": code}]
    few = [statements(january, **ask) for ask in asks]
    send_bad(january, "b", rows=300)

    assert [statements(january, **ask) for ask in asks] == few
    assert max(few) < 10


def statements(actor: Actor, **ask: Any) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert len(rejected_page(actor=actor, limit=2, **ask).rows) <= 2
    return len(captured)


def test_taken_back_in_time_it_is_in_nobody_s_way(january: Actor):
    run_id = run_period(actor=january, month_on=JANUARY, at=AT).run_id

    void_usage(actor=january, event_id="jan-3", at=AT)

    assert rejected_rows(actor=january) == []
    assert told(january, JANUARY, run_id) == [("run_must_be_current", "learned since: usage_void")]
    close_period(actor=january, month_on=JANUARY, at=AT)
    with books_of(january):
        assert not rows_of(january, RejectedUsage).exists()


def test_late_usage_that_a_stricter_policy_rejects_is_settled_like_any_other(actor: Actor, tmp_path: Path):
    """500 late calls of January were taken; January is reopened, and from now on late usage is rejected."""
    fill(actor, company(tmp_path, closed_through=JANUARY))
    reopen_period(actor=actor, month_on=JANUARY, reason="another policy", at=AT)
    before = set_policy(actor=actor, policy=Policy(late_usage="reject"), at=AT)

    run_id = run_period(actor=actor, month_on=JANUARY, at=AT).run_id

    (row,) = rejected_rows(actor=actor)
    assert (row.event_id, row.code, row.raw["quantity"]) == ("late-1", "period_must_be_open", "500")
    assert [code for code, _ in told(actor, JANUARY, run_id)] == ["rejections_must_be_resolved"]
    set_policy(actor=actor, policy=before, at=AT)
    again = run_period(actor=actor, month_on=JANUARY, at=AT)
    assert (again.counts["rejected"], told(actor, JANUARY, again.run_id)) == (0, [])
    assert rejected_rows(actor=actor) == []


def test_a_reopened_month_asks_again_what_it_had_rejected_and_knows_what_was_set_aside(january: Actor):
    run_period(actor=january, month_on=JANUARY, at=AT)
    resolve_rejection(actor=january, import_code=import_of(january, "jan-3"), row=1, reason="ended before", at=AT)
    close_period(actor=january, month_on=JANUARY, at=AT)
    reopen_period(actor=january, month_on=JANUARY, reason="an invoice was missing", at=AT)

    again = run_period(actor=january, month_on=JANUARY, at=AT)

    assert again.counts["rejected"] == 1
    assert told(january, JANUARY, again.run_id) == []
    close_period(actor=january, month_on=JANUARY, at=AT, run_id=again.run_id)
    assert report(actor=january, name="rejections").table.num_rows == 1


def test_a_case_goes_on_without_usage_that_it_cannot_take_any_more(actor: Actor, tmp_path: Path):
    """As it does without books: what is rejected is told, and keeps no month of the case from closing."""
    case = company(tmp_path, closed_through=JANUARY)
    ended = Entry(number=99, on=LAST_DAY, act=Terminate(contract="bolt", on=LAST_DAY), line=1)
    closes = [place for place, entry in enumerate(case.entries) if isinstance(entry.act, Close)]

    fill(actor, replace(case, entries=(*case.entries[: closes[0]], ended, *case.entries[closes[0] :])))

    (row,) = report(actor=actor, name="rejections").table.to_pylist()
    assert (row["usage_id"], row["is_resolved"]) == ("jan-3", True)
    assert report(actor=actor, name="close_status").table["status"].to_pylist()[:1] == ["closed"]
