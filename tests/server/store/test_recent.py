"""What was found a moment ago counts for half a second, and no longer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from ratable_server.actor import Actor
from ratable_server.operations.oauth_clients import create_oauth_client, draw_oauth_token
from ratable_server.operations.tokens import create_token, revoke_token
from ratable_server.store import recent
from ratable_server.store.oauth import client_holding, token_holder
from ratable_server.store.recent import LIFE_NS, Recent
from ratable_server.store.tokens import holder_of
from tests.server.conftest import AT


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.now_ns = 10**11

    def __call__(self) -> int:
        return self.now_ns


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    found = Clock()
    monkeypatch.setattr(recent, "monotonic_ns", found)
    return found


class Asked:
    """Somebody who is asked, and says the same each time."""

    def __init__(self, answer: str | None) -> None:
        self.answer, self.times = answer, 0

    def __call__(self) -> str | None:
        self.times += 1
        return self.answer


def test_what_was_found_is_not_looked_up_again_for_half_a_second(clock: Clock):
    found, asked = Recent[str, str](), Asked("Ada")
    for passed in (0, LIFE_NS - 1):
        clock.now_ns = 10**11 + passed
        assert (found.get("a", asked), asked.times) == ("Ada", 1)
    clock.now_ns += 1
    assert (found.get("a", asked), asked.times) == ("Ada", 2)
    assert LIFE_NS <= 10**9 // 2  # case I2: refused within a second


def test_a_look_up_that_took_long_counts_from_its_beginning(clock: Clock):
    found = Recent[str, str]()

    def slow() -> str:
        clock.now_ns += LIFE_NS
        return "Ada"

    assert found.get("a", slow) == "Ada"
    assert found.get("a", lambda: "Bob") == "Bob"


def test_what_is_not_there_is_looked_up_each_time(clock: Clock):
    found, nobody = Recent[str, str](), Asked(None)
    assert [found.get("a", nobody) for _ in range(3)] == [None] * 3
    assert nobody.times == 3
    assert found.get("a", Asked("Ada")) == "Ada"


def test_one_is_not_taken_for_another_and_all_can_be_forgotten(clock: Clock):
    found = Recent[str, str]()
    assert [found.get(key, Asked(answer)) for key, answer in (("a", "Ada"), ("b", "Bob"))] == ["Ada", "Bob"]
    assert [found.get(key, Asked("Eve")) for key in "ab"] == ["Ada", "Bob"]
    found.forget()
    assert [found.get(key, Asked("Eve")) for key in "ab"] == ["Eve", "Eve"]


def test_what_is_looked_up_while_all_is_forgotten_is_not_kept(clock: Clock):
    found = Recent[str, str]()

    def overtaken() -> str:
        found.forget()
        return "Ada"

    assert found.get("a", overtaken) == "Ada"
    assert found.get("a", Asked("Eve")) == "Eve"


def test_it_does_not_grow_without_end(clock: Clock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(recent, "_MOST", 3)
    found = Recent[int, str]()
    for key in range(10):
        assert found.get(key, Asked(f"{key}")) == f"{key}"
        assert len(found) <= 3


def test_a_token_that_another_process_took_back_is_refused_within_half_a_second(
    actor: Actor, superuser: psycopg.Connection, clock: Clock
):
    issued = create_token(actor=actor, email="a@b.test", role="viewer", at=AT)
    holder = (actor.tenant_id, "a@b.test", "viewer")
    assert holder_of(issued.token) == holder
    superuser.execute("UPDATE api_token SET revoked_at = now() WHERE id = %s", [issued.token_id])
    assert holder_of(issued.token) == holder
    clock.now_ns += LIFE_NS
    assert holder_of(issued.token) is None


def test_a_token_that_this_process_took_back_is_refused_at_once(actor: Actor, clock: Clock):
    one, other = (create_token(actor=actor, email=f"{name}@b.test", role="viewer", at=AT) for name in "ab")
    assert [holder_of(each.token) is None for each in (one, other)] == [False, False]
    revoke_token(actor=actor, token_id=one.token_id, at=AT)
    assert [holder_of(each.token) is None for each in (one, other)] == [True, False]


def test_a_token_that_expires_is_refused_with_the_next_second_of_the_clock(actor: Actor, clock: Clock):
    at = datetime(2026, 1, 1, 12, tzinfo=UTC)
    client = create_oauth_client(actor=actor, name="Billing", role="viewer", at=at)
    holder = client_holding(client.client_id, client.client_secret)
    assert holder is not None
    drawn = draw_oauth_token(actor=actor, client_row_id=holder.row_id, at=at)
    last = drawn.expires_at - timedelta(microseconds=1)
    assert token_holder(drawn.access_token, at=last) == holder
    assert token_holder(drawn.access_token, at=drawn.expires_at) is None
    assert token_holder(drawn.access_token, at=last) == holder  # the clock was set back
