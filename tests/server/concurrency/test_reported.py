"""Reports that several tell, change, take back and bill at the same moment: what counts is what the report says."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from ratable_server.actor import Actor
from ratable_server.queries.reported_usage import ReportedAsked, reported_usage
from ratable_server.store.models import Document, ReportedUsage, UsageRecord, UsageVoid
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import at_once
from tests.server.usage.reporting import (
    agree_on_reports,
    bill_once,
    counting,
    delete_once,
    report_once,
    reported,
    revise_once,
)

ROUNDS = 5


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


def test_of_several_changes_of_a_report_each_is_done_and_one_counts(actor: Actor):
    row_id = reported(actor)

    told = at_once(
        [(revise_once, {"actor": actor, "row_id": row_id, "quantity": quantity}) for quantity in range(1, 7)]
    )

    assert told == ["revised"] * 6
    with books_of(actor):
        row = rows_of(actor, ReportedUsage).get()
        assert (rows_of(actor, UsageRecord).count(), rows_of(actor, UsageVoid).count()) == (7, 6)
    assert counting(actor) == [("/acme-calls", "2026-01-10", row.quantity)]


def test_what_is_changed_while_it_is_deleted_is_gone(actor: Actor):
    for _ in range(ROUNDS):
        row_id = reported(actor)
        of = {"actor": actor, "row_id": row_id}
        changed, *deleted = at_once([(revise_once, {**of, "quantity": 5}), (delete_once, of), (delete_once, of)])

        assert changed in {"revised", "reported_usage_must_be_known"}
        assert sorted(deleted) == ["deleted", "reported_usage_must_be_known"]
        assert counting(actor) == []


def test_a_key_that_several_use_at_once_is_one_s(actor: Actor):
    told = at_once([(report_once, {"actor": actor, "unique_key": "k"})] * 6)

    assert sorted(told) == ["created", *["unique_key_must_be_unused"] * 5]
    assert counting(actor) == [("/acme-calls", "2026-01-10", Decimal(10))]


def test_what_is_billed_while_it_is_changed_is_billed_as_it_is(actor: Actor):
    for month in range(1, ROUNDS + 1):
        row_id = reported(actor, contract="acme", started_at=datetime(2026, month, 10, tzinfo=UTC))
        changed, code = at_once(
            [
                (revise_once, {"actor": actor, "row_id": row_id, "quantity": 5}),
                (bill_once, {"actor": actor, "on": date(2026, month + 1, 1)}),
            ]
        )

        with books_of(actor):
            row, invoice = rows_of(actor, ReportedUsage).get(id=row_id), rows_of(actor, Document).get(code=code)
        assert (changed, row.quantity) in {
            ("revised", Decimal(5)),
            ("reported_usage_must_not_be_billed", Decimal(10)),
        }
        assert row.number < invoice.number
    assert {row.status for row in reported_usage(actor=actor, asked=ReportedAsked(limit=10)).rows} == {"processed"}
