"""Keys of requests of before they said until when they count: as long as those of today, from when they were told (0034)."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module

from django.db import connections, transaction

from ratable_server.actor import Actor
from ratable_server.operations.idempotency import Answer, KeyedRequest, answer_once, tenants_with_expired_keys
from ratable_server.store.models import IdempotencyKey
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT, as_superuser

LIVES = {"k-1": timedelta(days=7), "zuora:k-1": timedelta(hours=24), "zuora-query ab": timedelta(minutes=15)}


def send(actor: Actor, key: str) -> Answer:
    request = KeyedRequest(key=key, route="POST /", body_sha256="")
    return answer_once(actor=actor, request=request, answer=lambda: Answer(status=200, body=key), at=AT)


def fill_again(statements: list[str]) -> None:
    """What the migration does to rows that are there, as the owner."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def test_keys_of_before_count_as_long_as_those_of_today(own_database: str, new_actor: Callable[[], Actor]):
    actors = [new_actor(), new_actor()]
    for actor in actors:
        for key in LIVES:
            send(actor, key)
    with as_superuser(own_database) as superuser:
        superuser.execute("UPDATE idempotency_key SET expires_at = recorded_at")

        fill_again(import_module("ratable_server.store.migrations.0034_lives_of_keys")._FILL)

        forced = superuser.execute(
            "SELECT relforcerowsecurity FROM pg_class WHERE relname = 'idempotency_key'"
        ).fetchone()
    assert forced == (True,)
    for actor in actors:
        with books_of(actor):
            found = dict(rows_of(actor, IdempotencyKey).values_list("key", "expires_at"))
        assert found == {key: AT + life for key, life in LIVES.items()}
        assert send(actor, "k-1") == Answer(status=200, body="k-1", is_replayed=True)
    tenants = {actor.tenant_id for actor in actors}
    assert tenants & set(tenants_with_expired_keys(at=AT + timedelta(minutes=14))) == set()
    assert tenants & set(tenants_with_expired_keys(at=AT + timedelta(minutes=15))) == tenants
