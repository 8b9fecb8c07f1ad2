"""What a close and its run do stands in the audit, by whom; and none of it has to be done within a limit of time."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from ratable.errors import InvariantError
from ratable_server.actor import Actor
from ratable_server.operations import periods, runs
from ratable_server.operations.calculation import new_results
from ratable_server.operations.periods import close_period
from ratable_server.operations.runs import run_period
from ratable_server.queries import verification
from ratable_server.store.models import AuditEntry, UsageRejection
from ratable_server.store.save import post_draft
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, agree
from tests.server.usage.files import csv_of, ingest

BARE = replace(ACME, usage_items=(), prepaid_commits=(), milestones=())


def told(actor: Actor, *actions: str) -> list[tuple[str, str, Any]]:
    with books_of(actor):
        entries = rows_of(actor, AuditEntry).filter(action__in=actions).order_by("id")
        return [(entry.action, entry.actor, entry.after) for entry in entries]


def test_a_run_is_told_when_it_begins_and_ends_and_a_close_tells_who_computed_it(actor: Actor):
    agree(actor, BARE)
    ann, bob = replace(actor, name="ann", role="preparer"), replace(actor, name="bob", role="approver")
    draft = run_period(actor=ann, month_on=JANUARY, at=AT)
    closed = close_period(actor=bob, month_on=JANUARY, run_id=draft.run_id, at=AT)

    begun, computed, posted = told(actor, "begin_run", "compute_run", "close_period")
    assert (begun[1], begun[2]["month"]) == ("ann", "2026-01")
    assert (computed[1], computed[2]["rows"]) == ("ann", draft.counts)
    assert posted == (
        "close_period",
        "bob",
        {"version": 1, "run": draft.run_id, "computed_by": "ann", "journal_hash": closed.journal_hash},
    )


def test_a_run_that_fails_is_told_with_its_reason(actor: Actor, monkeypatch: pytest.MonkeyPatch):
    def broken(*_: object, **__: object) -> None:
        raise InvariantError("draws exceed the pool")

    agree(actor, BARE)
    monkeypatch.setattr(runs, "new_results", broken)
    with pytest.raises(InvariantError):
        run_period(actor=actor, month_on=JANUARY, at=AT)
    assert told(actor, "fail_run") == [("fail_run", actor.name, {"failure": "draws exceed the pool"})]


def test_an_import_tells_which_rejections_it_settles(actor: Actor):
    agree(actor)
    bad = [f"u{number},acme-cals,2026-01-10,5" for number in (1, 2, 3, 5)]
    first = ingest(actor, csv_of(*bad[:3], "u4,acme-calls,2026-01-10,5", bad[3]), is_partial=True)
    good = [line.replace("acme-cals", "acme-calls") for line in bad]
    ingest(actor, csv_of(*good[:2], good[3]), name="again.csv")

    entries = told(actor, "ingest_usage")
    assert "resolved" not in entries[0][2]
    with books_of(actor):
        rejections = rows_of(actor, UsageRejection)
        settled = sorted(rejections.exclude(resolved_at=None).values_list("row", flat=True))
        still_open = list(rejections.filter(resolved_at=None).values_list("event_id", flat=True))
    assert still_open == ["u3"]
    one, two, last = settled
    assert (two - one, last - two) == (1, 3)
    assert entries[1][2]["resolved"] == {first.import_code: f"{one}-{two}, {last}"}


def test_a_run_a_close_and_a_verification_have_no_limit_of_time(actor: Actor, monkeypatch: pytest.MonkeyPatch):
    limits: list[str] = []

    def asked(operation: Any) -> Any:
        def asking(*arguments: Any, **named: Any) -> Any:
            with connection.cursor() as cursor:
                cursor.execute("SHOW statement_timeout")
                limits.append(cursor.fetchone()[0])
            return operation(*arguments, **named)

        return asking

    agree(actor, BARE)
    monkeypatch.setattr(runs, "new_results", asked(new_results))
    monkeypatch.setattr(periods, "post_draft", asked(post_draft))
    monkeypatch.setattr(verification, "CHECKS", (asked(verification.unsealed_tail),))
    close_period(actor=actor, month_on=JANUARY, at=AT)
    verification.verification(actor)
    assert limits == ["0", "0", "0"]
    with books_of(actor), connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("5min",)
