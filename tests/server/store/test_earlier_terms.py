"""Terms have a history that the database writes: no table of them and no road to their rows is without."""

from __future__ import annotations

from datetime import date
from typing import Any

import psycopg
import pytest
from django.db import OperationalError, connection, connections

from ratable_server.actor import Actor
from ratable_server.operations.runs import run_period
from ratable_server.store.load.knowledge import TERMS
from ratable_server.store.models.rows import Told
from ratable_server.store.scope import books_of
from tests.server.conftest import AT
from tests.server.operations.agreements import agree
from tests.server.rows import ALL_MODELS


def test_every_table_of_terms_keeps_what_it_was(books: None):
    """Whatever is told to somebody in terms and may change has a history, and what is read as known has one."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT relname, array_agg(tgname::text ORDER BY tgname) FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid"
            " WHERE tgname LIKE 'earlier_%' GROUP BY 1"
        )
        found = dict(cursor.fetchall())
    assert found == {table: ["earlier_delete", "earlier_insert", "earlier_update"] for table in TERMS}
    told = {model._meta.db_table for model in ALL_MODELS if issubclass(model, Told)}
    assert told - set(TERMS) == {"customer", "register_entry", "paper", "paper_line", "settlement"}  # names, papers


def test_a_change_past_every_operation_is_kept_too(actor: Actor):
    agree(actor)
    with books_of(actor), connection.cursor() as cursor:
        cursor.execute("UPDATE subscription SET further = '{\"colour\": 1}'")  # read by no calculation
        cursor.execute("UPDATE subscription SET total_value = 7")
        cursor.execute("DELETE FROM bundle_line WHERE place = 0")
        cursor.execute(
            "SELECT kind, state ->> 'total_value', state ->> 'place', after_close FROM earlier_term ORDER BY id"
        )
        assert cursor.fetchall() == [("subscription", "1200", "0", 0), ("bundle_line", None, "0", 0)]


def test_a_month_is_not_closed_while_terms_change(actor: Actor, second_connection: psycopg.Connection[Any]):
    """Else a close could be made without the change, and the change be taken for one from before it."""
    agree(actor)
    run_period(actor=actor, month_on=date(2026, 1, 1), at=AT)
    hold = "SELECT FROM period WHERE month_on = '2026-01-01' FOR UPDATE NOWAIT"  # as a close does, which waits

    with second_connection.transaction():
        second_connection.execute("SELECT set_config('ratable.tenant', %s, true)", [str(actor.tenant_id)])
        second_connection.execute("UPDATE bundle_line SET percentage = 50")
        with pytest.raises(OperationalError, match="could not obtain lock"), books_of(actor):
            connection.cursor().execute(hold)
    with books_of(actor), connection.cursor() as cursor:
        cursor.execute(hold)
        assert cursor.rowcount == 1
