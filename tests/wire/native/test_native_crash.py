"""A server that is killed while it takes usage: what was answered is there, nothing is there twice (A1, A3, C3, C11)."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from ratable_server.actor import Actor
from ratable_server.store.models import IdempotencyKey, UsageImport, UsageKey, UsageRecord
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import at_once
from tests.server.operations.agreements import agree, kept
from tests.server.soundness import assert_sound
from tests.wire.native.calling import Native
from tests.wire.native.dying import AFTER_THE_COMMIT, PLACES, named, post, post_and_die, post_many_and_die

ROW = {"item": "acme-calls", "used_on": "2026-01-05", "quantity": "0.01"}
CALL = [{**ROW, "id": f"e{number}"} for number in range(1_000)]


@pytest.fixture(autouse=True)
def agreed(actor: Actor) -> None:
    agree(actor)


def ids(actor: Actor) -> list[str]:
    """The ids of all records, of which each has a key of its own."""
    with books_of(actor):
        found = sorted(rows_of(actor, UsageRecord).values_list("event_id", flat=True))
        assert found == sorted(rows_of(actor, UsageKey).values_list("event_id", flat=True))
    return found


def imports(actor: Actor) -> int:
    with books_of(actor):
        return rows_of(actor, UsageImport).count()


def dies(native: Native, body: Any, place: tuple[Any, str, bool], key: str | None = None) -> None:
    job = {"actor": native.actor, "token": native.token, "body": body, "place": named(place), "key": key}
    assert at_once([(post_and_die, job)]) == [None]


@pytest.mark.parametrize("place", PLACES)
def test_a1_c11_a_call_that_dies_before_its_commit_has_left_nothing_and_is_sent_again(native: Native, place: str):
    key = "k-c11" if place == "the answer is remembered and not committed" else None
    before = kept(native.actor)

    dies(native, CALL, PLACES[place], key)

    assert kept(native.actor) == before
    told = native.post("usage", CALL, key=key)
    assert (told.status, told["receipt"]["rows_accepted"], told["receipt"]["quantity_accepted"]) == (
        201,
        1_000,
        "10.00",
    )
    assert "Idempotent-Replayed" not in told.headers
    assert len(ids(native.actor)) == 1_000
    assert_sound(native.actor)


def test_a3_a_call_with_a_key_that_dies_after_its_commit_is_answered_when_it_comes_again(native: Native):
    rows = [{name: value for name, value in row.items() if name != "id"} for row in CALL[:10]]

    dies(native, rows, AFTER_THE_COMMIT["with a key"], "k-a3")

    before, known = kept(native.actor), ids(native.actor)
    assert len(known) == 10
    told = native.post("usage", rows, key="k-a3")
    assert (told.status, told.headers["Idempotent-Replayed"]) == (201, "true")
    assert sorted(each["id"] for each in told["results"]) == known
    assert kept(native.actor) == before
    assert_sound(native.actor)


@pytest.mark.parametrize("body", [CALL[:10], CALL[0]], ids=["many", "one"])
def test_a3_a_call_without_a_key_that_dies_after_its_commit_is_a_duplicate_when_it_comes_again(
    native: Native, body: Any
):
    dies(native, body, AFTER_THE_COMMIT["without a key"])

    known = ids(native.actor)
    assert len(known) == (10 if isinstance(body, list) else 1)
    told = native.post("usage", body)
    assert (told.status, {each["result"] for each in told["results"]}) == (200, {"duplicate"})
    assert ids(native.actor) == known
    assert_sound(native.actor)


def test_single_records_that_are_gathered_are_lost_together_and_nobody_was_answered(native: Native):
    bodies = CALL[:5]

    job = {"actor": native.actor, "token": native.token, "bodies": bodies}
    assert at_once([(post_many_and_die, job)]) == [None]

    (answered,) = ids(native.actor)  # the one who came first, and alone
    results = Counter(native.post("usage", body)["results"][0]["result"] for body in bodies)
    assert results == {"accepted": 4, "duplicate": 1}
    assert answered in ids(native.actor) == [body["id"] for body in bodies]
    assert_sound(native.actor)


def test_c3_of_many_with_one_key_at_once_one_works(native: Native):
    row = {"actor": native.actor, "token": native.token, "body": ROW, "key": "k-c3"}

    told = at_once([(post, row)] * 8)

    worked = [text for status, text, is_replayed in told if status == 201 and not is_replayed]
    assert len(worked) == 1
    assert {text for status, text, _ in told if status == 201} == set(worked)
    assert {status for status, *_ in told} <= {201, 409}
    assert (len(ids(native.actor)), imports(native.actor)) == (1, 1)
    with books_of(native.actor):
        assert rows_of(native.actor, IdempotencyKey).count() == 1
    assert_sound(native.actor)
