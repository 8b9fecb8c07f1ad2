"""The answer to a COMMIT is lost with the connection: what was done is not done again, and is told as it was done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connections

from ratable_server.actor import Actor
from ratable_server.operations.usage import (
    RejectedFile,
    Revision,
    delete_reported_usage,
    record_together,
    record_usage,
    report_together,
    report_usage,
    revise_reported_usage,
)
from ratable_server.operations.usage import recording as recording_module
from ratable_server.store.models import AuditEntry, UsageImport
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.soundness import assert_sound
from tests.server.usage.reporting import a_report, agree_on_reports, counting, how_many, refusals, reported

LATER = AT + timedelta(minutes=1)
RECORD = {"item": "acme-calls", "used_on": "2026-01-05", "quantity": "1"}
_CHANGES = "SELECT EXISTS (SELECT FROM audit_entry WHERE transaction_id = pg_current_xact_id()::text::bigint)"
Losing = Callable[[], list[bool]]


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


@pytest.fixture(params=[True, False], ids=["committed", "not committed"])
def lose(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Losing:
    """From now on the connection is lost once, at the COMMIT of a change, after the database has done it or before."""
    is_done, lost = request.param, list[bool]()
    wrapping: Any = type(connections["default"])
    commit = wrapping._commit

    def commit_and_lose(wrapper: Any) -> None:
        if lost or not wrapper.connection.execute(_CHANGES).fetchone()[0]:
            commit(wrapper)
            return
        lost.append(True)
        with wrapper.wrap_database_errors:
            if is_done:
                wrapper.connection.commit()
            wrapper.connection.close()
            raise psycopg.errors.AdminShutdown("terminating connection due to administrator command")

    def begin() -> list[bool]:
        monkeypatch.setattr(wrapping, "_commit", commit_and_lose)
        return lost

    return begin


def receipts(actor: Actor) -> list[tuple[str, int]]:
    with books_of(actor):
        return list(rows_of(actor, UsageImport).order_by("id").values_list("code", "rows_accepted"))


def told(actor: Actor, action: str) -> int:
    """How often the audit tells of it."""
    with books_of(actor):
        return rows_of(actor, AuditEntry).filter(action=action).count()


@pytest.mark.parametrize("unique_key", ["", "k-1"])
def test_a_report_counts_once(actor: Actor, lose: Losing, unique_key: str):
    lost = lose()
    outcome = report_together(actor=actor, report=a_report(unique_key=unique_key), at=AT)

    assert (lost, outcome.became, outcome.refused) == ([True], "created", None)
    assert how_many(actor) == (1, 1, 0)
    assert told(actor, "report_usage") == 1
    assert_sound(actor)


def test_reports_of_one_call_are_told_as_they_were_done(actor: Actor, lose: Losing):
    lost = lose()
    outcomes = report_usage(actor=actor, reports=[a_report(), a_report(unit_of_measure="x"), a_report()], at=AT)

    assert lost == [True]
    assert refusals(outcomes) == [None, ("unit_of_measure_must_be_sold", "unit_of_measure"), None]
    assert how_many(actor) == (2, 2, 0)


def test_a_revision_and_a_deletion_are_done_once(actor: Actor, lose: Losing):
    first, second = reported(actor), reported(actor)
    lost = lose()

    (outcome,) = revise_reported_usage(
        actor=actor, revisions=[Revision(id=first, fields={"quantity": Decimal(7)})], at=LATER
    )

    assert (lost, outcome.became, told(actor, "revise_reported_usage")) == ([True], "revised", 1)
    lost.clear()
    (outcome,) = delete_reported_usage(actor=actor, ids=[second], at=LATER)
    assert (lost, outcome.became, told(actor, "delete_reported_usage")) == ([True], "deleted", 1)
    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal(7))]


def test_a_record_without_an_id_counts_once(actor: Actor, lose: Losing):
    lost = lose()
    taken = record_together(actor=actor, record=RECORD, at=AT)

    assert (lost, [each.status for each in taken.outcomes]) == ([True], ["accepted"])
    assert receipts(actor) == [(taken.receipt.import_code, 1)]
    assert how_many(actor) == (0, 1, 0)
    assert_sound(actor)


@pytest.mark.parametrize("most", [20_000, 1], ids=["directly", "as a file"])
def test_records_of_one_call_count_once(actor: Actor, lose: Losing, monkeypatch: pytest.MonkeyPatch, most: int):
    record_usage(actor=actor, records=[RECORD], at=AT)  # its month has its row
    monkeypatch.setattr(recording_module, "MOST_RECORDS", most)
    lost = lose()

    receipt = record_usage(actor=actor, records=[RECORD, RECORD], at=AT)

    assert (lost, receipt.rows_accepted) == ([True], 2)
    assert how_many(actor) == (0, 3, 0)
    assert_sound(actor)


def test_a_refusal_has_one_receipt(actor: Actor, lose: Losing):
    lost = lose()
    with pytest.raises(RejectedFile) as refused:
        record_usage(actor=actor, records=[{**RECORD, "quantity": "-1"}], at=AT)

    assert lost == [True]
    assert receipts(actor) == [(refused.value.receipt.import_code, 0)]
