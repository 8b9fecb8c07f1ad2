"""Voids of before get the stream of their record (0041), those of every tenant, and stay as they are otherwise."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from typing import Any

import psycopg
import pytest

from ratable.terms_tables import addressed_stream
from ratable_server.actor import Actor
from ratable_server.operations.usage import record_usage, void_usage
from ratable_server.store.models import UsageVoid
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT, as_superuser
from tests.server.operations.agreements import agree
from tests.server.store.test_keys_of_old_books import fill_again


def use_and_take_back(actor: Actor) -> None:
    """A record that is revised and taken back then, and one in another month on another stream."""
    agree(actor)
    first = {"id": "e1", "item": "acme-calls", "used_on": "2026-01-05", "quantity": 3}
    other = {"id": "e2", "prepaid_commit": "pool", "used_on": "2026-02-05", "amount": 3}
    record_usage(actor=actor, records=[first, other], at=AT)
    record_usage(actor=actor, records=[{**first, "quantity": 4}], at=AT, on_change="revise")
    for event_id in ("e1", "e2"):
        void_usage(actor=actor, event_id=event_id, at=AT + timedelta(hours=1))


def voids(actor: Actor) -> list[dict[str, Any]]:
    with books_of(actor):
        return [dict(row) for row in rows_of(actor, UsageVoid).order_by("id").values()]


def test_voids_of_before_are_on_the_stream_of_their_record(own_database: str, new_actor: Callable[[], Actor]):
    actors = [new_actor(), new_actor()]
    for actor in actors:
        use_and_take_back(actor)
    as_of_today = [voids(actor) for actor in actors]
    streams = [[each["stream"] for each in told] for told in as_of_today]
    assert streams == [["acme-calls", "acme-calls", addressed_stream("pool")]] * 2
    with as_superuser(own_database) as superuser:
        superuser.execute("SET session_replication_role = replica")  # no guard
        superuser.execute("UPDATE usage_void SET stream = ''")
        assert {each["stream"] for each in voids(actors[1])} == {""}

        fill_again(import_module("ratable_server.store.migrations.0041_usage_taken_back")._FILL)

        forced = "SELECT bool_and(relforcerowsecurity) FROM pg_class WHERE relname IN ('usage_void', 'usage_record')"
        assert superuser.execute(forced).fetchone() == (True,)
        superuser.execute("SET session_replication_role = origin")
        with pytest.raises(psycopg.errors.RestrictViolation, match="append_only"):
            superuser.execute("UPDATE usage_void SET stream = ''")
    assert [voids(actor) for actor in actors] == as_of_today
