"""A process is killed in the middle: what it was doing is done whole or not at all, and can be done again (A3, A4, A5)."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from ratable.terms import Contract
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.leftovers import fail_abandoned_runs
from ratable_server.operations.periods import close_period, reopen_period
from ratable_server.operations.runs import discard_run, run_period
from ratable_server.operations.usage import record_usage
from ratable_server.store.models import Document, DraftJournalEntry, IdempotencyKey, JournalEntry, Run, UsageRecord
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency import keyed
from tests.server.concurrency.crew import SECONDS, Crew, at_once, crew_of, shared
from tests.server.conftest import AT
from tests.server.crash.dying import (
    PLACES,
    close,
    close_and_die,
    pay_and_die,
    pay_but_for_the_answer_and_die,
    record_and_die,
)
from tests.server.operations.agreements import ACME, JANUARY, agree, held, kept
from tests.server.soundness import assert_sound

CONTRACTS = 60
CLOSED = {"the month is closed and nobody was told"}


def contract(number: int) -> Contract:
    """One of many: 200 calls in January at 0.10 and a subscription of 1,200.00 for a year."""
    (calls, _), (pool,) = ACME.usage_items, ACME.prepaid_commits
    return replace(
        ACME,
        id=f"acme-{number}",
        usage_items=(replace(calls, id=f"calls-{number}"),),
        prepaid_commits=(replace(pool, id=f"pool-{number}"),),
        milestones=(),
    )


@pytest.fixture
def many(actor: Actor) -> Actor:
    """Sixty contracts, each with usage in January."""
    agree(actor, *(contract(number) for number in range(CONTRACTS)))
    use_all(actor)
    return actor


def use_all(actor: Actor) -> None:
    rows = [
        {"id": f"u-{number}", "item": f"calls-{number}", "used_on": date(2026, 1, 20), "quantity": Decimal(200)}
        for number in range(CONTRACTS)
    ]
    record_usage(actor=actor, records=rows, at=AT)


def entries(actor: Actor) -> list[tuple[str, int]]:
    """Every posted entry, whether it counts or not."""
    with books_of(actor):
        return sorted(rows_of(actor, JournalEntry).values_list("entry_code", "total_minor"))


def runs(actor: Actor) -> list[tuple[str, str]]:
    """The state of each run, and why it failed."""
    with books_of(actor):
        return list(rows_of(actor, Run).order_by("id").values_list("status", "failure"))


def assert_closed_whole(actor: Actor) -> None:
    """One entry of usage and one of the subscription for each contract, and no draft left."""
    posted = entries(actor)
    assert len(posted) == 2 * CONTRACTS
    assert sum(total for _, total in posted) == CONTRACTS * (2000 + 10192)  # 31 days of 365 of 1,200.00 is 101.92
    with books_of(actor):
        assert rows_of(actor, DraftJournalEntry).count() == 0
    assert_sound(actor)


# ── A3: after the commit, before the answer ──────────────────────────────────────────────────


def test_a3_what_was_done_and_never_told_is_told_to_who_asks_again(actor: Actor):
    agree(actor)
    assert at_once([(pay_and_die, {"actor": actor})]) == [None]
    before = kept(actor)

    answer = keyed.send(actor)

    assert (answer.status, answer.is_replayed) == (201, True)
    with books_of(actor):
        (payment,) = rows_of(actor, Document)
        assert answer.body == f'{{"code": "{payment.code}", "amount": 9.10}}'
    assert kept(actor) == before
    assert_sound(actor)


# ── A5: between a fact and the rest of its transaction ───────────────────────────────────────


def test_a5_a_record_without_the_rest_of_its_transaction_is_not_there(actor: Actor):
    agree(actor)
    row = {"id": "u-1", "item": "acme-calls", "used_on": date(2026, 1, 20), "quantity": Decimal(5)}
    before = kept(actor)

    assert at_once([(record_and_die, {"actor": actor, "row": row})]) == [None]

    assert kept(actor) == before
    assert record_usage(actor=actor, records=[row], at=AT).rows_accepted == 1
    with books_of(actor):
        assert [record.event_id for record in rows_of(actor, UsageRecord)] == ["u-1"]
    assert_sound(actor)


def test_a5_an_operation_without_its_answer_is_not_there(actor: Actor):
    agree(actor)
    before = kept(actor)

    assert at_once([(pay_but_for_the_answer_and_die, {"actor": actor})]) == [None]

    assert kept(actor) == before
    assert not keyed.send(actor).is_replayed
    with books_of(actor):
        assert (rows_of(actor, Document).count(), rows_of(actor, IdempotencyKey).count()) == (1, 1)
    assert_sound(actor)


# ── A4: during a close ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("place", PLACES)
def test_a4_a_month_is_closed_with_all_of_its_entries_or_open_with_none(many: Actor, place: str):
    assert at_once([(close_and_die, {"actor": many, "month_on": JANUARY, "place": place})]) == [None]

    if place in CLOSED:
        with pytest.raises(Refused) as refused:
            close_period(actor=many, month_on=JANUARY, at=AT)
        assert refused.value.code == "period_must_be_open"
        run_period(actor=many, month_on=date(2026, 2, 1), at=AT)
        discard_run(actor=many, run_id=last_run(many), at=AT)
    else:
        assert entries(many) == []
        close_period(actor=many, month_on=JANUARY, at=AT)
    assert_closed_whole(many)


def test_a4_a_draft_whose_posting_was_killed_is_posted_as_it_is(many: Actor):
    draft = run_period(actor=many, month_on=JANUARY, at=AT)
    named = {"actor": many, "month_on": JANUARY, "run_id": draft.run_id}
    died = at_once([(close_and_die, {**named, "place": "entries are posted and their lines are not"})])

    assert (died, entries(many)) == ([None], [])
    assert close_period(actor=many, month_on=JANUARY, run_id=draft.run_id, at=AT).run_id == draft.run_id
    assert runs(many) == [("posted", "")]
    assert_closed_whole(many)


@pytest.mark.parametrize("tries", [2, pytest.param(60, marks=pytest.mark.soak)])
def test_a4_whenever_a_close_is_killed(many: Actor, tries: int):
    """At a moment that nobody chose; what the process had done by then decides, and it is all or nothing."""
    dice = random.Random("a4")  # noqa: S311 - the same moments each time
    seconds = _killed_after(many, None)
    for number in range(tries):
        reopen_period(actor=many, month_on=JANUARY, reason="for the next try", at=AT)
        posted = len(entries(many))
        _killed_after(many, dice.uniform(0, seconds))
        added = len(entries(many)) - posted
        assert added in {0, 2 * CONTRACTS}, number
        if not added:
            close_period(actor=many, month_on=JANUARY, at=AT)
        assert_sound(many)


def _killed_after(actor: Actor, seconds: float | None) -> float:
    """Close in a process and kill it after a while, or never; give how long it went on."""
    with crew_of([(close, {"actor": actor, "month_on": JANUARY})]) as crew:
        crew.go()
        begun = time.perf_counter()
        if seconds is None:
            assert crew.answers() == ["done"]
        else:
            time.sleep(seconds)
            _kill(crew)
        return time.perf_counter() - begun


def _kill(crew: Crew) -> None:
    (process,) = crew.processes
    process.kill()
    process.join()


# ── runs of processes that died ──────────────────────────────────────────────────────────────


def last_run(actor: Actor) -> int:
    """The id of the run that began last."""
    with books_of(actor):
        return int(rows_of(actor, Run).latest("id").id)


DIED = {"month_on": JANUARY, "place": "some of the draft is kept"}


def test_a_run_whose_process_died_does_not_compute_for_ever(many: Actor):
    assert at_once([(close_and_die, {"actor": many, **DIED})]) == [None]
    with books_of(many):
        run = rows_of(many, Run).get()
        assert (run.status, run.finished_at) == ("draft", None)
        assert run.counts["rated"] == CONTRACTS  # how far it came
    assert held(many)["draft_rated_line"] == CONTRACTS

    draft = run_period(actor=many, month_on=JANUARY, at=AT)

    assert runs(many) == [("failed", "its process ended before it did"), ("draft", "")]
    assert held(many)["draft_rated_line"] == CONTRACTS  # of the second
    with books_of(many):
        assert rows_of(many, Run).get(status="failed").finished_at == AT
    assert draft.counts["rated"] == CONTRACTS


def test_a_run_whose_process_died_is_discarded_like_a_draft(many: Actor):
    assert at_once([(close_and_die, {"actor": many, **DIED})]) == [None]

    discard_run(actor=many, run_id=last_run(many), at=AT)

    assert runs(many) == [("discarded", "")]
    assert not [table for table in held(many) if table.startswith("draft_")]
    assert fail_abandoned_runs(actor=many, at=AT) == 0


def test_a_run_that_somebody_works_on_is_left_alone(many: Actor):
    go_on = shared("Event")
    is_there = shared("Event")
    with crew_of([(computing, {"actor": many, "is_there": is_there, "go_on": go_on})]) as crew:
        crew.go()
        assert is_there.wait(SECONDS)
        assert fail_abandoned_runs(actor=many, at=AT) == 0
        with pytest.raises(Refused, match="being computed") as refused:
            discard_run(actor=many, run_id=last_run(many), at=AT)
        assert refused.value.code == "run_must_be_a_draft"
        go_on.set()
        assert crew.answers() == [CONTRACTS]
    assert runs(many) == [("draft", "")]


def computing(actor: Actor, is_there: Callable[[], None], go_on: Callable[[], None]) -> int:
    """Compute January, and wait when the first table is kept."""

    def tell(name: str, _: int) -> None:
        if name == "rated":
            is_there.set()  # type: ignore[attr-defined]
            go_on.wait(SECONDS)  # type: ignore[attr-defined]

    return run_period(actor=actor, month_on=JANUARY, at=AT, tell=tell).counts["rated"]


def test_a_draft_of_a_month_that_another_run_closed_goes(many: Actor):
    left = run_period(actor=many, month_on=JANUARY, at=AT)
    close_period(actor=many, month_on=JANUARY, at=AT)
    assert runs(many) == [("discarded", ""), ("posted", "")]
    assert not [table for table in held(many) if table.startswith("draft_")]
    with pytest.raises(Refused) as refused:
        discard_run(actor=many, run_id=left.run_id, at=AT)
    assert refused.value.code == "run_must_be_a_draft"
