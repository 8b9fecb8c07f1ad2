"""Books that were kept before receipts said what a turn is: those of then are told by the ids of their requests (0033)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from importlib import import_module

from django.db import connections, transaction

from ratable_server.actor import Actor
from ratable_server.operations.usage import record_usage
from ratable_server.store.models import UsageImport
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT, as_superuser
from tests.server.operations.agreements import agree
from tests.server.soundness import assert_sound

ROW = {"item": "acme-calls", "used_on": date(2026, 1, 5), "quantity": "1"}


def send(actor: Actor, request_id: str, *ids: str) -> None:
    asking = replace(actor, request_id=request_id)
    record_usage(actor=asking, records=[{**ROW, "id": each} for each in ids], at=AT)


def fill_again(statements: list[str]) -> None:
    """What the migration does to rows that are there, as the owner."""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def turns(actor: Actor) -> list[tuple[str, bool]]:
    with books_of(actor):
        return list(rows_of(actor, UsageImport).order_by("id").values_list("request_id", "is_turn"))


def test_receipts_of_several_requests_become_turns(own_database: str, new_actor: Callable[[], Actor]):
    """In the books of every tenant; then row-level security is forced on everybody again."""
    mine, other = new_actor(), new_actor()
    for actor in (mine, other):
        agree(actor)
        send(actor, "api-1", "a", "b")
        send(actor, "api-2 api-3", "c", "d")
    with as_superuser(own_database) as superuser:
        superuser.execute("UPDATE usage_import SET is_turn = false")

        fill_again(import_module("ratable_server.store.migrations.0033_turns")._TELL)

        forced = superuser.execute("SELECT relforcerowsecurity FROM pg_class WHERE relname = 'usage_import'").fetchone()
    assert forced == (True,)
    assert turns(mine) == turns(other) == [("api-1", False), ("api-2 api-3", True)]
    assert_sound(mine)
