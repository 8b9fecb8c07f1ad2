"""Facts are written while their months are closed: none is lost, none gets into a closed month (B6, B7)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from django.db import connection

from ratable_server.actor import Actor
from ratable_server.operations.periods import close_period
from ratable_server.operations.runs import run_period
from ratable_server.store.load.periods import current_closes
from ratable_server.store.models import Document, UsageRecord
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import Crew, crew_of, outcome, shared
from tests.server.concurrency.doings import Rounds, file_facts, numbered_month
from tests.server.conftest import AT
from tests.server.operations.agreements import ACME, JANUARY, agree
from tests.server.soundness import assert_sound

CALLS_ONLY = replace(
    ACME,
    ends_before=None,
    usage_items=(replace(ACME.usage_items[0], draws=False),),
    prepaid_commits=(),
    subscriptions=(),
    milestones=(),
)
WRITERS = 4
MONTHS = 40  # so many are closed at most


@pytest.mark.parametrize("tries", [10, pytest.param(120, marks=pytest.mark.soak)])
def test_b6_what_comes_while_its_month_closes_is_in_it_or_in_the_next(actor: Actor, tries: int):
    _write_against(actor, tries, month=None)


@pytest.mark.parametrize("tries", [10, pytest.param(120, marks=pytest.mark.soak)])
def test_b7_what_is_late_goes_to_the_first_open_month_while_that_one_closes(actor: Actor, tries: int):
    _write_against(actor, tries, month=1)


def _write_against(actor: Actor, tries: int, *, month: int | None) -> None:
    """Writers of every round against a close; whatever each was told, the books agree with it."""
    agree(actor, CALLS_ONLY)
    with _writers(actor, month) as (crew, rounds):
        for _ in range(tries):
            if rounds.month.value <= MONTHS:
                _close_against(actor, rounds)
        rounds.is_over.set()
        rounds.meet()
        told = [answer for answers in crew.answers() for answer in answers]
    close_period(actor=actor, month_on=numbered_month(rounds.month.value), at=AT)

    assert set(told) == {"payment done", "usage done"}
    with books_of(actor):
        assert rows_of(actor, Document).count() == told.count("payment done")
        assert rows_of(actor, UsageRecord).count() == told.count("usage done")
    _assert_nothing_came_after_a_close(actor)
    _assert_all_is_posted(actor, told)
    assert_sound(actor)


@contextmanager
def _writers(actor: Actor, month: int | None) -> Iterator[tuple[Crew, Rounds]]:
    begun = time.perf_counter()
    close_period(actor=actor, month_on=JANUARY, at=AT)  # alone: how long does it take?
    rounds = Rounds(
        meeting=shared("Barrier", WRITERS + 1),
        seconds=shared("Value", "d", 2 * (time.perf_counter() - begun)),
        month=shared("Value", "i", 2),
        is_over=shared("Event"),
    )
    named = {"actor": actor, "rounds": rounds, "month": month}
    with crew_of([(file_facts, {**named, "name": f"w{number}"}) for number in range(WRITERS)]) as crew:
        crew.go()
        yield crew, rounds


def _close_against(actor: Actor, rounds: Rounds) -> None:
    """Compute in peace, close while the writers write."""
    month_on = numbered_month(rounds.month.value)
    draft = run_period(actor=actor, month_on=month_on, at=AT)
    begun = time.perf_counter()
    rounds.meet()
    told = outcome(close_period, actor=actor, month_on=month_on, run_id=draft.run_id, at=AT)
    rounds.seconds.value = 3 * (time.perf_counter() - begun)
    rounds.meet()
    assert told in {"done", "run_must_be_current"}
    rounds.month.value += told == "done"


def _assert_nothing_came_after_a_close(actor: Actor) -> None:
    """I15: every fact of a closed month was known to the run that closed it."""
    with books_of(actor):
        for close in current_closes(actor):
            month_on, through = close.period.month_on, close.run.facts_through
            assert not rows_of(actor, Document).filter(booked_on=month_on, number__gt=through).exists()
            late = rows_of(actor, UsageRecord).filter(month_on=month_on, number__gt=through)
            assert not late.filter(open_on__lte=month_on).exists()


def _assert_all_is_posted(actor: Actor, told: list[str]) -> None:
    """I6, I7: what was acknowledged is in the journal, in the month that booked it, and nothing else is."""
    with books_of(actor), connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT entry.booked_on, line.account, sum(line.debit_minor - line.credit_minor) FROM journal_line AS line
            JOIN journal_entry AS entry ON entry.tenant_id = line.tenant_id AND entry.id = line.entry_id
            WHERE line.account IN ('cash', 'revenue') GROUP BY 1, 2
            """
        )
        posted = {(month_on, account): int(amount) for month_on, account, amount in cursor.fetchall()}
        cursor.execute("SELECT booked_on, sum(amount_minor) FROM document GROUP BY 1")
        paid = {month_on: int(amount) for month_on, amount in cursor.fetchall()}
    assert {month_on: amount for (month_on, account), amount in posted.items() if account == "cash"} == paid
    revenue = sum(amount for (_, account), amount in posted.items() if account == "revenue")
    assert revenue == -10 * told.count("usage done")
