"""A closed month is opened by taking its close back, and by nothing else; and it is closed by a close."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from django.db import IntegrityError, connection

from ratable_server.actor import Actor
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.runs import run_period
from ratable_server.store.models import Period
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, MARCH, agree, kept
from tests.server.soundness import assert_sound

FEBRUARY = date(2026, 2, 1)
BARE = replace(ACME, usage_items=(), prepaid_commits=(), milestones=())

_FORGED_CLOSE = """
INSERT INTO period_close (tenant_id, period_id, version, run_id, closed_at, closed_by, request_id, journal_hash, totals)
SELECT tenant_id, period_id, version + 1, run_id, closed_at, closed_by, request_id, journal_hash, totals FROM period_close
"""
_FORGED_REOPENING = """
INSERT INTO period_reopening (tenant_id, close_id, reason, reopened_at, reopened_by, request_id)
SELECT tenant_id, id, 'forged', closed_at, closed_by, request_id FROM period_close ORDER BY id LIMIT 1
"""
FORGERIES = [
    ("UPDATE period SET status = 'open' WHERE month_on = '2026-02-01'", "open_month_must_have_no_close"),
    ("UPDATE period SET status = 'open'", "open_month_must_have_no_close"),
    ("UPDATE period SET status = 'closed' WHERE month_on = '2026-03-01'", "closed_month_must_have_a_close"),
    ("UPDATE period SET month_on = '2026-06-01' WHERE month_on = '2026-02-01'", "kept"),
    (f"{_FORGED_CLOSE} WHERE id = (SELECT max(id) FROM period_close)", "month_must_close_once"),
    (f"{_FORGED_CLOSE} WHERE id = (SELECT min(id) FROM period_close)", "month_must_close_once"),
    (_FORGED_REOPENING, "only_the_last_close_is_taken_back"),
    ("UPDATE run SET started_by = 'somebody else' WHERE status = 'draft'", "run_must_keep_its_origin"),
]


@pytest.fixture
def closed(actor: Actor) -> Actor:
    """Books whose January and February are closed, and whose March has a draft."""
    agree(actor, BARE)
    for month_on in (JANUARY, FEBRUARY):
        close_period(actor=actor, month_on=month_on, at=AT)
    run_period(actor=actor, month_on=MARCH, at=AT)
    return actor


def statuses(actor: Actor) -> dict[date, str]:
    with books_of(actor):
        return dict(rows_of(actor, Period).values_list("month_on", "status"))


def test_the_application_cannot_move_the_lock_by_hand(closed: Actor):
    before = kept(closed)
    for statement, rule in FORGERIES:
        with pytest.raises(IntegrityError) as refused, books_of(closed), connection.cursor() as cursor:
            cursor.execute(statement)
        assert refused.value.__cause__.diag.constraint_name == rule, statement  # type: ignore[union-attr]
    assert kept(closed) == before


def test_what_is_reopened_is_open_and_closes_again(closed: Actor):
    reopen_period(actor=closed, month_on=FEBRUARY, reason="an invoice was missing", at=AT)
    assert statuses(closed) == {JANUARY: "closed", FEBRUARY: "open", MARCH: "open"}
    reopen_period(actor=closed, month_on=JANUARY, reason="and a payment", at=AT)
    assert statuses(closed) == {JANUARY: "open", FEBRUARY: "open", MARCH: "open"}

    assert close_period(actor=closed, month_on=JANUARY, at=AT).version == 2
    assert close_period(actor=closed, month_on=FEBRUARY, at=AT).version == 2
    assert statuses(closed) == {JANUARY: "closed", FEBRUARY: "closed", MARCH: "open"}
    assert_sound(closed)
