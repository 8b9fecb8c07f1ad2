"""Statements that go to the database in one trip: what they give, what they leave behind, what a lost connection is."""

from __future__ import annotations

from select import select
from time import monotonic_ns
from typing import Any

import psycopg
import pytest
from django.db import DataError, InternalError, OperationalError, ProgrammingError, connection, transaction

from ratable_server.actor import Actor
from ratable_server.store import trips
from ratable_server.store.models import Customer
from ratable_server.store.scope import books_of, first_texts_of, rows_of
from ratable_server.store.trips import ask, first_texts, first_texts_of_request, prepared

SAID = prepared("SELECT $1, $2 + 1, $3", "text", "bigint", "date")
TENANT = prepared("SELECT current_setting('ratable.tenant', true), count(*) FROM customer WHERE name = $1", "text")


def end_backend(rival: psycopg.Connection[Any]) -> None:
    """Let the database end the connection of this thread, and forget what the other one has seen."""
    rival.execute("SELECT pg_terminate_backend(%s, 5000)", [connection.connection.info.backend_pid])
    rival.commit()


@pytest.mark.parametrize("text", ["", "it's", "\\", "\\'; DROP TABLE customer; --", "$1 %s {}", "é\U0001f525\n"])
def test_a_value_is_a_value_whatever_it_says(actor: Actor, text: str):
    assert first_texts(SAID, [text, 2**62, "2026-03-01"]) == (text, str(2**62 + 1), "2026-03-01")
    assert first_texts(SAID, [None, -1, None]) == (None, "0", None)


@pytest.mark.parametrize("text", ["a\0; DROP TABLE customer", "a\ud800"], ids=["null", "half"])
def test_a_character_that_no_text_can_hold_is_refused_before_it_is_sent(actor: Actor, text: str):
    with pytest.raises(DataError):
        first_texts(SAID, [text, 1, None])
    assert first_texts(SAID, ["a", 1, None]) == ("a", "2", None)


def test_a_wrong_statement_is_told_by_its_code_and_leaves_no_transaction(actor: Actor):
    with pytest.raises(ProgrammingError) as refused:
        ask("SELECT nothing")
    assert getattr(refused.value.__cause__, "sqlstate", "") == "42703"
    assert first_texts(SAID, ["a", 1, None]) == ("a", "2", None)


def test_one_trip_sees_the_books_of_its_tenant_and_enters_them_for_itself_alone(actor: Actor, new_actor: Any):
    stranger = new_actor()
    for each in (actor, actor, stranger):
        with books_of(each):
            count = rows_of(each, Customer).count()
            Customer.objects.create(tenant_id=each.tenant_id, code=f"c{count}", name="one")

    found = [first_texts_of(each, TENANT, ["one"]) for each in (actor, stranger)]
    assert found == [(str(actor.tenant_id), "2"), (str(stranger.tenant_id), "1")]
    assert first_texts(TENANT, ["one"]) == ("", "0")  # nobody's, and nothing is seen


def test_inside_a_transaction_one_trip_sees_what_it_has_done(actor: Actor):
    with pytest.raises(ZeroDivisionError), books_of(actor):
        Customer.objects.create(tenant_id=actor.tenant_id, code="c", name="one")
        assert first_texts_of(actor, TENANT, ["one"]) == (str(actor.tenant_id), "1")
        raise ZeroDivisionError
    assert first_texts_of(actor, TENANT, ["one"]) == (str(actor.tenant_id), "0")


def test_a_trip_goes_by_the_plan_for_all_values_from_the_first_time_on(actor: Actor):
    """Outside of a transaction and inside of one, and what is prepared by others is planned as before."""
    statement = prepared("SELECT count(*) FROM customer WHERE name = $1 AND code <> 'planned once'", "text")
    with connection.cursor() as cursor:
        for times in range(1, 4):
            assert first_texts_of(actor, statement, ["one"]) == ("0",)
            with books_of(actor):
                assert first_texts_of(actor, statement, ["one"]) == ("0",)
                cursor.execute("SHOW plan_cache_mode")
                assert cursor.fetchone() == ("auto",)
            asked = "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE name = %s"
            cursor.execute(asked, [statement.name])
            assert cursor.fetchall() == [(2 * times, 0)]


def test_books_inside_books_stay_entered_after_a_part_was_given_up(actor: Actor):
    with books_of(actor):
        with pytest.raises(ZeroDivisionError), books_of(actor):
            Customer.objects.create(tenant_id=actor.tenant_id, code="c", name="one")
            raise ZeroDivisionError
        assert rows_of(actor, Customer).count() == 0
        Customer.objects.create(tenant_id=actor.tenant_id, code="d", name="two")
    with books_of(actor, as_snapshot=True):
        assert list(rows_of(actor, Customer).values_list("code", flat=True)) == ["d"]


def test_a_snapshot_writes_nothing(actor: Actor):
    with pytest.raises(InternalError) as refused, books_of(actor, as_snapshot=True):
        Customer.objects.create(tenant_id=actor.tenant_id, code="c", name="one")
    assert getattr(refused.value.__cause__, "sqlstate", "") == "25006"
    with books_of(actor):
        assert rows_of(actor, Customer).count() == 0


def test_what_a_request_asks_first_opens_a_lost_connection_anew(actor: Actor, second_connection: Any):
    assert first_texts_of_request(SAID, ["a", 1, None]) == ("a", "2", None)
    end_backend(second_connection)
    assert first_texts_of_request(SAID, ["b", 1, None]) == ("b", "2", None)


def read_alone(actor: Actor) -> str | None:
    found = first_texts_of(actor, TENANT, ["one"])
    return None if found is None else found[0]


def read_in_books(actor: Actor) -> str:
    with books_of(actor):
        return str(rows_of(actor, Customer).count())


def await_news() -> None:
    """A notice is committed before its listener is sent it."""
    assert select([connection.connection.fileno()], [], [], 30)[0]


def new_request() -> None:
    """What Django does as a request begins."""
    connection.close_if_unusable_or_obsolete()


@pytest.mark.parametrize("read", [read_alone, read_in_books])
def test_a_request_finds_a_connection_that_was_lost_before_it(actor: Actor, second_connection: Any, read: Any):
    found = read(actor)
    end_backend(second_connection)
    new_request()
    assert read(actor) == found


@pytest.mark.parametrize("read", [read_alone, read_in_books])
def test_a_connection_that_is_silent_is_not_asked_whether_it_is_there(
    actor: Actor, second_connection: Any, monkeypatch: pytest.MonkeyPatch, read: Any
):
    asked: list[bool] = []
    is_usable = connection.is_usable

    def ask_for_it() -> bool:
        asked.append(is_usable())
        return asked[-1]

    read(actor)
    monkeypatch.setattr(connection, "is_usable", ask_for_it)
    found = read(actor)
    for _ in range(2):
        new_request()
        assert (read(actor), asked) == (found, [])
    with connection.cursor() as cursor:
        cursor.execute("LISTEN news")
    second_connection.execute("NOTIFY news")
    second_connection.commit()
    await_news()
    new_request()
    assert (read(actor), asked) == (found, [True])  # it said something, and is still there
    monkeypatch.setattr(trips, "monotonic_ns", lambda: monotonic_ns() + 60 * 10**9)
    new_request()
    assert (read(actor), asked) == (found, [True, True])  # nobody has used it for a minute


def test_what_is_lost_inside_a_transaction_is_not_asked_again(actor: Actor, second_connection: Any):
    with pytest.raises(OperationalError), transaction.atomic():
        assert first_texts_of_request(SAID, ["a", 1, None]) == ("a", "2", None)
        end_backend(second_connection)
        first_texts_of_request(SAID, ["b", 1, None])
    connection.close()
    assert first_texts_of_request(SAID, ["c", 1, None]) == ("c", "2", None)


def test_a_statement_that_the_driver_let_go_of_is_prepared_again(actor: Actor):
    assert first_texts(SAID, ["a", 1, None]) == ("a", "2", None)
    ask(f"DEALLOCATE {SAID.name}")
    assert first_texts(SAID, ["b", 1, None]) == ("b", "2", None)
    ask(f"DEALLOCATE {SAID.name}")
    with books_of(actor):  # where an error would end the transaction
        assert first_texts(SAID, ["c", 1, None]) == ("c", "2", None)
