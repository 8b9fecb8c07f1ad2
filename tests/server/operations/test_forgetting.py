"""Keys of requests that no longer count are removed in the background, those of every tenant, and none that still counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg
import pytest

from ratable_server.actor import Actor
from ratable_server.api import forgetting
from ratable_server.api.forgetting import Forgotten, forget_what_expired
from ratable_server.operations import idempotency
from ratable_server.operations.idempotency import (
    Answer,
    KeyedRequest,
    answer_once,
    forget_expired_keys,
    tenants_with_expired_keys,
)
from ratable_server.store.models import IdempotencyKey
from ratable_server.store.scope import books_of, rows_of
from tests.server.concurrency.crew import at_once
from tests.server.concurrency.keyed import forget_and_die
from tests.server.conftest import AT

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def send(actor: Actor, key: str, *, kept_for: timedelta = DAY, at: datetime = AT) -> Answer:
    request = KeyedRequest(space="native", key=key, route="POST /", body_sha256="", kept_for=kept_for)
    return answer_once(actor=actor, request=request, answer=lambda: Answer(status=200, body=key), at=at)


def keys(actor: Actor) -> list[str]:
    with books_of(actor):
        kept = rows_of(actor, IdempotencyKey).order_by("id").values_list("key", flat=True)
        return [key.removeprefix("native:") for key in kept]


@pytest.fixture
def a_day_later(monkeypatch: pytest.MonkeyPatch) -> list[Actor]:
    """The worker's clock stands a day after; it is told of these tenants alone, since others have keys of other tests."""
    told: list[Actor] = []

    def of_these(*, at: datetime) -> list[int]:
        ids = {actor.tenant_id for actor in told}
        return [tenant_id for tenant_id in tenants_with_expired_keys(at=at) if tenant_id in ids]

    monkeypatch.setattr(forgetting, "now_at", lambda: AT + DAY)
    monkeypatch.setattr(forgetting, "tenants_with_expired_keys", of_these)
    return told


def test_of_every_tenant_what_no_longer_counts_goes_and_nothing_younger(
    new_actor: Callable[[], Actor], a_day_later: list[Actor]
):
    actors = [new_actor(), new_actor()]
    a_day_later += actors
    for actor in actors:
        send(actor, "quarter", kept_for=timedelta(minutes=15))
        send(actor, "day")
        send(actor, "younger", at=AT + SECOND)
        send(actor, "week", kept_for=7 * DAY)

    assert forget_what_expired() == Forgotten(forgotten=4)
    assert [keys(actor) for actor in actors] == [["younger", "week"]] * 2
    assert forget_what_expired() == Forgotten()
    again = [send(actor, key, at=AT + DAY) for actor in actors for key in ("younger", "week", "day")]
    assert [each.is_replayed for each in again] == [True, True, False] * 2


def test_one_tenants_keys_are_nobody_elses_matter(new_actor: Callable[[], Actor]):
    ours, theirs, late = new_actor(), new_actor(), new_actor()
    for actor, at in ((ours, AT), (theirs, AT), (late, AT + DAY)):
        send(actor, "k-1", at=at)
    tenants = {actor.tenant_id for actor in (ours, theirs, late)}

    assert tenants & set(tenants_with_expired_keys(at=AT + DAY)) == {ours.tenant_id, theirs.tenant_id}
    assert forget_expired_keys(actor=ours, at=AT + DAY) == 1
    assert [keys(actor) for actor in (ours, theirs, late)] == [[], ["k-1"], ["k-1"]]
    assert forget_expired_keys(actor=ours, at=AT + DAY) == 0


def test_a_round_has_an_end_and_the_next_one_goes_on(
    actor: Actor, a_day_later: list[Actor], monkeypatch: pytest.MonkeyPatch
):
    a_day_later.append(actor)
    monkeypatch.setattr(idempotency, "_FORGOTTEN_AT_ONCE", 2)
    monkeypatch.setattr(forgetting, "_MOST_TURNS", 2)
    for number in range(5):
        send(actor, f"k-{number}", at=AT - number * SECOND)

    assert forget_what_expired() == Forgotten(forgotten=4)
    assert keys(actor) == ["k-0"]  # the oldest go first
    assert forget_what_expired() == Forgotten(forgotten=1)
    assert keys(actor) == []


def test_a_worker_that_is_to_end_begins_nothing_more(actor: Actor, a_day_later: list[Actor]):
    a_day_later.append(actor)
    send(actor, "k-1")

    assert forget_what_expired(is_over=lambda: True) == Forgotten()
    assert keys(actor) == ["k-1"]


def test_it_waits_for_nobody(actor: Actor, second_connection: psycopg.Connection):
    """A request that is about to replace its old answer holds it; another worker has some of the others at hand."""
    for number in range(3):
        send(actor, f"k-{number}")
    with second_connection.transaction():
        second_connection.execute("SELECT set_config('ratable.tenant', %s, true)", [str(actor.tenant_id)])
        second_connection.execute("SELECT FROM idempotency_key WHERE key = 'native:k-1' FOR UPDATE")

        assert forget_expired_keys(actor=actor, at=AT + DAY) == 2
        assert keys(actor) == ["k-1"]
    assert forget_expired_keys(actor=actor, at=AT + DAY) == 1


def test_a_worker_that_dies_leaves_what_it_had_begun_to_the_next(actor: Actor):
    send(actor, "k-1")
    assert at_once([(forget_and_die, {"actor": actor, "at": AT + DAY})]) == [None]

    assert keys(actor) == ["k-1"]
    assert send(actor, "k-1", at=AT + DAY - SECOND) == replace(Answer(status=200, body="k-1"), is_replayed=True)
    assert forget_expired_keys(actor=actor, at=AT + DAY) == 1
    assert keys(actor) == []
