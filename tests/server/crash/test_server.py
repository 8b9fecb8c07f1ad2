"""PostgreSQL is killed or fails under those who write and close: what was acknowledged is there, once (A7, D1, D3, D7)."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal

import psutil
import psycopg
import pytest
from django.db import connection, connections

from ratable_server.actor import Actor
from ratable_server.errors import Unavailable
from ratable_server.operations import periods
from ratable_server.operations.periods import close_period
from ratable_server.operations.usage import record_usage
from ratable_server.queries.reports import report
from ratable_server.store import audit, places, save
from ratable_server.store.models import PeriodClose, UsageKey, UsageRecord
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import SECONDS, crew_of, shared
from tests.server.conftest import AT
from tests.server.crash.dying import write_until
from tests.server.operations.agreements import JANUARY, agree, kept
from tests.server.soundness import assert_sound

_WRITTEN = 8  # records between two kills
ROW = {"id": "u-1", "item": "acme-calls", "used_on": date(2026, 1, 20), "quantity": Decimal(100)}


@pytest.fixture
def connected_again() -> Iterator[None]:
    """Connections of the time before are gone, whatever became of the server."""
    yield
    connections.close_all()


def kill_server() -> None:
    """SIGKILL to the postmaster and everybody it has started: as if the power had failed, but for the disk."""
    pid = int((places.cluster() / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
    postmaster = psutil.Process(pid)
    everybody = [*postmaster.children(recursive=True), postmaster]
    for process in reversed(everybody):
        process.kill()
    psutil.wait_procs(everybody, timeout=10)


@pytest.mark.parametrize(
    ("writers", "kills"), [(3, 2), pytest.param(6, 30, marks=pytest.mark.soak)], ids=["short", "long"]
)
def test_a7_nothing_acknowledged_is_lost(actor: Actor, connected_again: None, writers: int, kills: int):
    """Nobody starts the server again but the writers, by going on."""
    agree(actor)
    is_over, done = shared("Event"), shared("Value", "i", 0)
    named = {"actor": actor, "is_over": is_over, "done": done}
    jobs = [(write_until, {**named, "name": f"w{number}"}) for number in range(writers)]
    connections.close_all()
    with crew_of(jobs) as crew:
        crew.go()
        for _ in range(kills):
            _wait_until(lambda enough=done.value + _WRITTEN: done.value >= enough)  # type: ignore[misc]
            kill_server()
            _wait_until(_is_there)
        _wait_until(lambda enough=done.value + _WRITTEN: done.value >= enough)  # type: ignore[misc]
        is_over.set()
        told = crew.answers()

    sent = {usage_id for ids, _ in told for usage_id in ids}
    acknowledged = {usage_id for _, ids in told for usage_id in ids}
    with books_of(actor):
        stored = list(rows_of(actor, UsageRecord).values_list("event_id", flat=True))
        keys = set(rows_of(actor, UsageKey).values_list("event_id", flat=True))
    assert len(stored) == len(set(stored))
    assert acknowledged <= set(stored) <= sent
    assert keys == set(stored)
    assert len(acknowledged) >= _WRITTEN * (kills + 1)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    assert_sound(actor)


def _wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < until, "nobody goes on"
        time.sleep(0.02)


def _is_there() -> bool:
    """Does the server take connections? Here nobody starts it: the writers do."""
    try:
        psycopg.connect(dbname=places.DATABASE, user=places.SUPERUSER, host=str(places.cluster())).close()
    except psycopg.OperationalError:
        return False
    return True


def test_a7_a_close_goes_on_when_its_server_is_killed(
    actor: Actor, connected_again: None, monkeypatch: pytest.MonkeyPatch
):
    """Killed when everything is done but the commit: done again, once."""
    agree(actor)
    record_usage(actor=actor, records=[ROW], at=AT)
    kills = iter([kill_server])
    whole = audit.record_change

    def killing(*arguments: object, **named: object) -> None:
        for kill in kills:
            kill()
        whole(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(periods, "record_change", killing)
    closed = close_period(actor=actor, month_on=JANUARY, at=AT)

    with books_of(actor):
        assert list(rows_of(actor, PeriodClose).values_list("run_id", "version")) == [(closed.run_id, 1)]
    assert_sound(actor)


def test_d1_a_close_whose_connection_is_ended_is_done_again_once(
    actor: Actor, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
):
    agree(actor)
    record_usage(actor=actor, records=[ROW], at=AT)
    whole, ended = save.post_draft, list[int]()

    def ending(actor: Actor, run_id: int) -> None:
        whole(actor, run_id)
        if not ended:
            ended.append(connection.connection.info.backend_pid)
            superuser.execute("SELECT pg_terminate_backend(%s, 5000)", ended)

    monkeypatch.setattr(periods, "post_draft", ending)
    closed = close_period(actor=actor, month_on=JANUARY, at=AT)

    assert len(ended) == 1
    with books_of(actor):
        assert list(rows_of(actor, PeriodClose).values_list("run_id", "version")) == [(closed.run_id, 1)]
    assert_sound(actor)


@pytest.mark.parametrize("state", ["serialization_failure", "deadlock_detected"])
def test_d3_a_close_that_meets_another_is_done_again_once(actor: Actor, monkeypatch: pytest.MonkeyPatch, state: str):
    agree(actor)
    record_usage(actor=actor, records=[ROW], at=AT)
    whole, met = save.post_draft, list[int]()

    def meeting(actor: Actor, run_id: int) -> None:
        whole(actor, run_id)
        if not met:
            met.append(run_id)
            with connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'met another' USING ERRCODE = '{state}'; END $$")

    monkeypatch.setattr(periods, "post_draft", meeting)
    closed = close_period(actor=actor, month_on=JANUARY, at=AT)

    assert met == [closed.run_id]
    with books_of(actor):
        assert list(rows_of(actor, PeriodClose).values_list("run_id", "version")) == [(closed.run_id, 1)]
    assert_sound(actor)


def test_d7_books_that_take_no_writes_are_read_and_stay_as_they_are(actor: Actor, connected_again: None):
    agree(actor)
    record_usage(actor=actor, records=[ROW], at=AT)
    close_period(actor=actor, month_on=JANUARY, at=AT)
    before, revenue = kept(actor), report(actor=actor, name="revenue").table
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")

    late = {**ROW, "id": "u-2"}
    with pytest.raises(Unavailable) as used:
        record_usage(actor=actor, records=[late], at=AT)
    with pytest.raises(Unavailable) as closed:
        close_period(actor=actor, month_on=date(2026, 2, 1), at=AT)

    assert (used.value.code, closed.value.code) == ("read_only", "read_only")
    assert kept(actor) == before
    assert report(actor=actor, name="revenue").table.equals(revenue)
