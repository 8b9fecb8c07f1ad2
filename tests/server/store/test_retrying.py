"""Whole operations are done again after conflicts, and the weather is told by its name (D1, D3, D4, D7, D9)."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import date
from typing import Any

import psycopg
import pytest
from django.db import IntegrityError, connection, transaction

from ratable_server.actor import Actor
from ratable_server.errors import Unavailable
from ratable_server.operations.tenants import found_tenant
from ratable_server.store.locks import share_month
from ratable_server.store.models import Customer
from ratable_server.store.retrying import retried, retried_with
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.tokens import holder_of
from ratable_server.store.trips import ask
from tests.server.concurrency.deadlocks import Deadlocks
from tests.server.conftest import AT, as_superuser


@pytest.fixture
def named(actor: Actor) -> Actor:
    """Books with two customers, a and b."""
    with books_of(actor):
        for code in "ab":
            Customer.objects.create(tenant_id=actor.tenant_id, code=code, name="0")
    return actor


def names(actor: Actor) -> list[str]:
    with books_of(actor):
        return list(rows_of(actor, Customer).order_by("code").values_list("name", flat=True))


def execute(query: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(query, values)  # type: ignore[arg-type]


def rename(rival: psycopg.Connection[Any], actor: Actor, code: str) -> None:
    rival.execute("SELECT set_config('ratable.tenant', %s, true)", [str(actor.tenant_id)])
    rival.execute("UPDATE customer SET name = 'rival' WHERE code = %s", [code])


def test_d3_an_operation_that_cannot_be_serialized_is_done_again_in_full(named: Actor, second_connection: Any):
    waits: list[int] = []
    attempts: list[int] = []

    @retried_with(waits.append)
    def append() -> None:
        attempts.append(len(attempts))
        with transaction.atomic():
            execute("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")
            with books_of(named):
                customer = rows_of(named, Customer).get(code="a")
                if len(attempts) == 1:
                    rename(second_connection, named, "a")
                    second_connection.commit()
                customer.name += "+ours"
                customer.save()

    append()
    assert (len(attempts), waits) == (2, [0])
    assert names(named) == ["rival+ours", "0"]  # on what the rival wrote: nothing was lost


def test_d3_three_repetitions_and_then_the_weather_is_told(named: Actor):
    waits: list[int] = []
    attempts: list[int] = []

    @retried_with(waits.append)
    def conflict() -> None:
        attempts.append(1)
        with books_of(named):
            rows_of(named, Customer).update(name="1")
            execute("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = 'serialization_failure'; END $$")

    with pytest.raises(Unavailable) as told:
        conflict()
    assert (told.value.code, len(attempts), waits) == ("busy", 4, [0, 1, 2])
    assert names(named) == ["0", "0"]


def test_d4_a_deadlock_is_resolved_by_doing_it_again(named: Actor, superuser: psycopg.Connection[Any]):
    waits: list[int] = []
    has_b, has_a = threading.Event(), threading.Event()

    def lock_the_other_way() -> None:
        superuser.execute("SET deadlock_timeout = '20s'")  # so that it is us who notice
        with superuser.transaction():
            rename(superuser, named, "b")
            has_b.set()
            assert has_a.wait(60)
            rename(superuser, named, "a")

    rival = threading.Thread(target=lock_the_other_way)

    @retried_with(waits.append)
    def lock_both() -> None:
        with books_of(named):
            rows_of(named, Customer).filter(code="a").update(name="ours")
            has_a.set()
            assert has_b.wait(60)
            rows_of(named, Customer).filter(code="b").update(name="ours")

    deadlocks = Deadlocks()
    rival.start()
    lock_both()
    rival.join(60)
    assert len(deadlocks.told()) == len(waits) > 0
    assert waits == list(range(len(waits)))  # who is quick locks the row again before the rival awakes
    assert names(named) == ["ours", "ours"]


def test_d1_a_connection_that_was_ended_is_opened_again(named: Actor, superuser: psycopg.Connection[Any]):
    waits: list[int] = []

    @retried_with(waits.append)
    def rename_all() -> None:
        with books_of(named):
            rows_of(named, Customer).update(name="1")
            if not waits:
                with connection.cursor() as cursor:
                    cursor.execute("SELECT pg_backend_pid()")
                    superuser.execute("SELECT pg_terminate_backend(%s)", [cursor.fetchone()[0]])
            rows_of(named, Customer).filter(code="b").update(name="2")

    rename_all()
    assert waits == [0]
    assert names(named) == ["1", "2"]


def test_d7_a_database_that_takes_no_writes_says_so(named: Actor):
    @retried
    def write() -> None:
        with books_of(named):
            execute("SET TRANSACTION READ ONLY")
            rows_of(named, Customer).update(name="1")

    with pytest.raises(Unavailable) as told:
        write()
    assert told.value.code == "read_only"
    assert names(named) == ["0", "0"]


@pytest.mark.parametrize("limit", ["lock_timeout", "statement_timeout"])
def test_d9_a_lock_that_takes_too_long_is_told_and_not_repeated(named: Actor, second_connection: Any, limit: str):
    rename(second_connection, named, "a")
    attempts: list[int] = []

    @retried
    def write() -> None:
        attempts.append(1)
        with books_of(named):
            execute("SELECT set_config(%s, '100ms', true)", limit)
            rows_of(named, Customer).update(name="1")

    with pytest.raises(Unavailable) as told:
        write()
    second_connection.rollback()
    assert (told.value.code, len(attempts)) == ("busy", 1)
    assert ("statement_timeout" in told.value.detail) == (limit == "statement_timeout")
    assert names(named) == ["0", "0"]


def test_what_is_no_weather_goes_on_as_it_is(named: Actor):
    attempts: list[int] = []

    @retried
    def write() -> None:
        attempts.append(1)
        with books_of(named):
            Customer.objects.create(tenant_id=named.tenant_id, code="a", name="again")

    with pytest.raises(IntegrityError, match="customer_code_of_tenant"):
        write()
    assert (len(attempts), names(named)) == (1, ["0", "0"])


def test_only_the_call_that_opens_the_transaction_repeats_it(named: Actor):
    calls: list[str] = []

    def counted(name: str, inside: Callable[[], None]) -> Callable[[], None]:
        def call() -> None:
            calls.append(name)
            with books_of(named):
                inside()

        return retried_with(lambda _: None)(call)

    def conflict() -> None:
        execute("DO $$ BEGIN RAISE EXCEPTION 'conflict' USING ERRCODE = 'deadlock_detected'; END $$")

    with pytest.raises(Unavailable):
        counted("outer", counted("inner", conflict))()
    assert calls == ["outer", "inner"] * 4


def test_d1_a_connection_that_was_ended_before_the_books_are_opened_is_opened_again(
    named: Actor, superuser: psycopg.Connection[Any]
):
    waits: list[int] = []

    @retried_with(waits.append)
    def rename_all() -> None:
        with books_of(named):
            rows_of(named, Customer).update(name="1")

    rename_all()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        superuser.execute("SELECT pg_terminate_backend(%s)", [cursor.fetchone()[0]])
    rename_all()
    assert waits == [0]
    assert names(named) == ["1", "1"]


def test_a_connection_whose_plans_do_not_fit_any_more_is_left(own_database: str):
    """A migration changes a column while a server runs, or a pooler gives the connection of somebody else."""
    actor = found_tenant(code="t", name="A tenant", timezone="UTC", request_id="r-0", at=AT)
    waits: list[int] = []

    @retried_with(waits.append)
    def take() -> str:
        with books_of(actor):
            return share_month(actor, date(2026, 1, 1))

    assert take() == "open"
    with as_superuser(own_database) as superuser:
        superuser.execute("ALTER TABLE period ALTER COLUMN status TYPE varchar(77)")
    assert (take(), waits) == ("open", [0])
    ask("DEALLOCATE ALL")
    assert (take(), waits) == ("open", [0, 0])


def test_a_token_is_looked_up_after_a_migration_changed_what_is_told_of_it(own_database: str):
    assert holder_of("ab" * 32) is None
    with as_superuser(own_database) as superuser:
        (made,) = superuser.execute("SELECT pg_get_functiondef('ratable_token'::regproc)").fetchone() or ("",)
        assert "email text" in made
        superuser.execute("DROP FUNCTION ratable_token")
        superuser.execute(made.replace("email text", "email varchar").encode())
        superuser.execute("GRANT EXECUTE ON FUNCTION ratable_token TO PUBLIC")
    assert holder_of("ab" * 32) is None
