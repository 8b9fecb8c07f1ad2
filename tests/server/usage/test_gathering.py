"""Callers who come at the same moment are served together, and each hears what became of his own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from threading import Event
from typing import Any

import pytest
from django.db import InterfaceError, OperationalError, connections

from ratable_server.actor import Actor
from ratable_server.errors import Refused, Unavailable
from ratable_server.operations.gathering import Gathering
from ratable_server.operations.usage import record_together, together
from ratable_server.store.models import AuditEntry, UsageImport, UsageRejection
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import agree, close_months
from tests.server.soundness import assert_sound
from tests.server.usage.files import kept

SECONDS = 60
ROW = {"item": "acme-calls", "used_on": "2026-01-05", "quantity": "1"}


class Work:
    """Work that stands still in its first turn until it may go on; what it was asked for, turn by turn."""

    def __init__(self) -> None:
        self.turns: list[list[str]] = []
        self.stands, self.goes_on = Event(), Event()

    def __call__(self, asked: Sequence[str]) -> list[str | Exception]:
        self.turns.append(list(asked))
        if len(self.turns) == 1:
            self.stands.set()
            assert self.goes_on.wait(SECONDS)
        if "breaks" in asked:
            raise ValueError("breaks")
        if "interface" in asked:
            raise InterfaceError("the connection is closed")
        if "operational" in asked:
            raise OperationalError("the server closed the connection unexpectedly")
        if "weather" in asked:
            raise Unavailable("busy")
        return [Refused("item_must_be_known", field="", detail=each) if "bad" in each else each for each in asked]


@contextmanager
def one_at_work(work: Work) -> Iterator[Callable[..., Future[str]]]:
    """While one caller is at work, others come; all go on at the end of the block."""
    gathering: Gathering[str, str] = Gathering(work)
    with ThreadPoolExecutor(10) as callers:

        def come(asked: str, **said: Any) -> Future[str]:
            waiting = len(gathering._waiting.get("here", ()))
            coming = callers.submit(gathering.take, asked, **{"place": "here", **said})
            while len(gathering._waiting.get("here", ())) == waiting and work.turns and said.get("place") is None:
                time.sleep(0.001)
            return coming

        first = callers.submit(gathering.take, "first", place="here")
        assert work.stands.wait(SECONDS)
        yield come
        work.goes_on.set()
        assert first.result(SECONDS) == "first"
    assert gathering._waiting == {}


def test_who_comes_while_one_is_at_work_is_served_in_one_turn():
    work = Work()
    with one_at_work(work) as come:
        coming = [come(name) for name in ("a", "b", "c")]

    assert [each.result() for each in coming] == ["a", "b", "c"]
    assert work.turns == [["first"], ["a", "b", "c"]]


def test_what_is_refused_to_one_is_told_to_nobody_else():
    work = Work()
    with one_at_work(work) as come:
        good, bad, other = (come(name) for name in ("good", "bad", "other"))

    assert (good.result(), other.result()) == ("good", "other")
    with pytest.raises(Refused, match="bad"):
        bad.result()
    assert work.turns == [["first"], ["good", "bad", "other"]]


def test_two_who_speak_of_one_thing_are_served_one_after_the_other():
    work = Work()
    with one_at_work(work) as come:
        coming = [come(asked, name=name) for asked, name in (("a1", "a"), ("a2", "a"), ("b", "b"), ("none", None))]

    assert [each.result() for each in coming] == ["a1", "a2", "b", "none"]
    assert work.turns == [["first"], ["a1", "b", "none"], ["a2"]]


def test_what_breaks_for_all_is_done_for_each_by_himself():
    work = Work()
    with one_at_work(work) as come:
        good, breaks, other = (come(name) for name in ("good", "breaks", "other"))

    assert (good.result(), other.result()) == ("good", "other")
    with pytest.raises(ValueError, match="breaks"):
        breaks.result()
    assert work.turns == [["first"], ["good", "breaks", "other"], ["good"], ["breaks"], ["other"]]


def test_bad_weather_is_told_to_everybody_and_nobody_waits_for_ever():
    work = Work()
    with one_at_work(work) as come:
        coming = [come(name) for name in ("good", "weather")]

    for each in coming:
        with pytest.raises(Unavailable):
            each.result()
    assert work.turns == [["first"], ["good", "weather"]]


@pytest.mark.parametrize("lost", ["interface", "operational"])
def test_what_may_be_done_is_not_done_again_for_each(lost: str):
    work = Work()
    with one_at_work(work) as come:
        coming = [come(name) for name in ("good", lost)]

    for each in coming:
        with pytest.raises((InterfaceError, OperationalError), match="closed"):
            each.result()
    assert work.turns == [["first"], ["good", lost]]


def test_callers_of_other_places_do_not_wait():
    work = Work()
    with one_at_work(work) as come:
        assert come("elsewhere", place="there").result(SECONDS) == "elsewhere"


# ── records ──────────────────────────────────────────────────────────────────────────────────


def recorded(actor: Actor, record: Mapping[str, object]) -> str:
    """What became of a record."""
    try:
        (outcome,) = record_together(actor=actor, record=record, at=AT).outcomes
    except Refused as refused:
        return refused.detail
    else:
        return outcome.status
    finally:
        connections.close_all()


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Work:
    """The first turn stands still until the others have come."""
    work, take = Work(), together._records._work

    def stand(asked: Sequence[Any]) -> Any:
        work.turns.append([str(each.cells[0]) for each in asked])
        if len(work.turns) == 1:
            work.stands.set()
            assert work.goes_on.wait(SECONDS)
        return take(asked)

    monkeypatch.setattr(together._records, "_work", stand)
    return work


def test_records_that_come_at_once_share_a_receipt_and_none_harms_another(actor: Actor, slow: Work):
    agree(actor)
    close_months(actor, date(2026, 1, 1))
    rows = [{**ROW, "id": f"e{number}"} for number in range(6)]
    rows += [{**ROW, "id": "bad", "quantity": "-1"}, {**ROW, "id": "e0", "quantity": "2"}]
    with ThreadPoolExecutor(10) as callers:
        first = callers.submit(recorded, actor, {**ROW, "id": "first"})
        assert slow.stands.wait(SECONDS)
        coming = []
        for number, row in enumerate(rows):
            coming.append(callers.submit(recorded, replace(actor, request_id=f"r-{number}"), row))
            while len(together._records._waiting[actor.tenant_id, actor.name, actor.role]) <= number:
                time.sleep(0.001)
        slow.goes_on.set()

    assert first.result() == "accepted"
    assert [each.result() for each in coming] == [
        *["accepted"] * 6,
        "quantity_must_not_be_negative '-1'",
        "usage_must_not_change_under_its_id 'e0'",
    ]
    assert slow.turns == [["first"], [*(f"e{number}" for number in range(6)), "bad"], ["e0"]]
    assert [event_id for event_id, *_ in kept(actor)] == ["first", *(f"e{number}" for number in range(6))]
    with books_of(actor):
        told = ("rows_accepted", "rows_rejected", "is_partial", "is_turn")
        receipts = list(rows_of(actor, UsageImport).order_by("id").values_list(*told))
        blocking = rows_of(actor, UsageRejection).filter(is_blocking=True).count()
        entry = rows_of(actor, AuditEntry).filter(action="ingest_usage").order_by("id")[1]
    assert (receipts, blocking) == ([(1, 0, False, False), (6, 1, False, True), (0, 1, False, False)], 0)
    assert entry.request_id == " ".join(f"r-{number}" for number in range(7))


def test_requests_that_share_an_id_are_a_turn_all_the_same(actor: Actor, slow: Work):
    agree(actor)
    with ThreadPoolExecutor(10) as callers:
        first = callers.submit(recorded, actor, {**ROW, "id": "first"})
        assert slow.stands.wait(SECONDS)
        coming = [callers.submit(recorded, actor, {**ROW, "id": name}) for name in ("a", "b")]
        while len(together._records._waiting[actor.tenant_id, actor.name, actor.role]) < len(coming):
            time.sleep(0.001)
        slow.goes_on.set()

    assert [each.result() for each in (first, *coming)] == ["accepted"] * 3
    with books_of(actor):
        receipts = list(
            rows_of(actor, UsageImport).order_by("id").values_list("request_id", "rows_accepted", "is_turn")
        )
    assert receipts == [("r-0", 1, False), ("r-0", 2, True)]


def test_a_record_that_leaves_open_what_it_says_never_joins(actor: Actor):
    agree(actor)
    assert "used_on and used_at" in recorded(actor, {**ROW, "used_at": "2026-01-05T00:00:00Z"})
    assert kept(actor) == []
    assert recorded(actor, {**ROW, "id": "e1"}) == "accepted"
    assert recorded(actor, {**ROW, "id": "e1"}) == "duplicate"
    assert_sound(actor)
