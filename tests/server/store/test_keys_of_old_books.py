"""Keys of requests of before: they get a life (0034), and the space of their API (0039); what was answered is told again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

import psycopg
from django.db import connections, transaction

from ratable_server.actor import Actor
from ratable_server.operations.idempotency import Answer, KeyedRequest, answer_once, tenants_with_expired_keys
from ratable_server.store.models import IdempotencyKey
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT, as_superuser

LIVES = {"k-1": timedelta(days=7), "zuora:k-1": timedelta(hours=24), "zuora-query ab": timedelta(minutes=15)}

# space, key, route, and the key as it was kept then
OLD = [
    ("native", "k-1", "POST /api/v1/invoices", "k-1"),
    ("native", "zuora:k-1", "POST /api/v1/usage", "zuora:k-1"),
    ("native", "native:k-1", "POST /api/v1/invoices", "native:k-1"),  # once what the first one is called now
    ("campfire", "k-1", "POST /coa/api/vendor", "k-1"),
    ("campfire", "zuora-query ab", "POST /rr/api/v1/contracts", "zuora-query ab"),
    ("zuora", "k-1", "POST /v1/object/usage", "zuora:k-1"),
    ("zuora", "zuora:k-1", "PATCH /v1/object/usage/9", "zuora:zuora:k-1"),
    ("zuora-query", "ab", "action/query", "zuora-query ab"),
]


def send(actor: Actor, key: str, *, space: str = "native", route: str = "POST /") -> Answer:
    request = KeyedRequest(space=space, key=key, route=route, body_sha256="")
    return answer_once(actor=actor, request=request, answer=lambda: Answer(status=200, body=f"{route} {key}"), at=AT)


def fill_again(statements: list[str]) -> None:
    """What the migration does to rows that are there, as the owner."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def is_forced(superuser: psycopg.Connection) -> bool:
    """Does row-level security hold for the owner, too?"""
    statement = "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'idempotency_key'"
    return superuser.execute(statement).fetchone() == (True,)


def kept(actor: Actor) -> list[tuple[str, str]]:
    with books_of(actor):
        return list(rows_of(actor, IdempotencyKey).order_by("id").values_list("key", "route"))


def test_keys_of_before_count_as_long_as_those_of_today(own_database: str, new_actor: Callable[[], Actor]):
    actors = [new_actor(), new_actor()]
    for actor in actors:
        for key in LIVES:
            send(actor, key)
    with as_superuser(own_database) as superuser:
        superuser.execute(
            "UPDATE idempotency_key SET expires_at = recorded_at, key = substr(key, length('native:') + 1)"
        )

        fill_again(import_module("ratable_server.store.migrations.0034_lives_of_keys")._FILL)

        assert is_forced(superuser)
    for actor in actors:
        with books_of(actor):
            found = dict(rows_of(actor, IdempotencyKey).values_list("key", "expires_at"))
        assert found == {key: AT + life for key, life in LIVES.items()}
    tenants = {actor.tenant_id for actor in actors}
    assert tenants & set(tenants_with_expired_keys(at=AT + timedelta(minutes=14))) == set()
    assert tenants & set(tenants_with_expired_keys(at=AT + timedelta(minutes=15))) == tenants


def test_keys_of_before_get_the_space_of_their_api_and_are_answered_as_before(
    own_database: str, new_actor: Callable[[], Actor]
):
    with as_superuser(own_database) as superuser:
        superuser.execute("DELETE FROM idempotency_key")  # those of other tests are of today
    actors = [new_actor(), new_actor()]
    first = [send(actor, key, space=space, route=route) for actor in actors for space, key, route, _ in OLD]
    as_of_today = [kept(actor) for actor in actors]
    with as_superuser(own_database) as superuser:
        for space, key, route, as_it_was in OLD:
            told = [as_it_was, f"{space}:{key}", route]
            assert (
                superuser.execute("UPDATE idempotency_key SET key = %s WHERE key = %s AND route = %s", told).rowcount
                == 2
            )
        assert kept(actors[1]) == [(as_it_was, route) for _, _, route, as_it_was in OLD]

        fill_again(import_module("ratable_server.store.migrations.0039_spaces_of_keys")._TELL)

        assert is_forced(superuser)
    assert [kept(actor) for actor in actors] == as_of_today
    again = [send(actor, key, space=space, route=route) for actor in actors for space, key, route, _ in OLD]
    assert [(each.body, each.is_replayed) for each in again] == [(each.body, True) for each in first]
    assert [each.is_replayed for each in first] == [False] * len(first)
