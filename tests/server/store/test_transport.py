"""Tables leave the database on Django's connection or beside it: the same rows, of the same moment, to the same tenant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import ibis
import psycopg
import pyarrow as pa
import pytest
from django.db import OperationalError, connection

from ratable.errors import InvariantError
from ratable_server.actor import Actor
from ratable_server.store.models import Customer
from ratable_server.store.retrying import weather_of
from ratable_server.store.scope import books_of
from ratable_server.store.transport import in_bulk, lift_time_limit, read_table, reading_ahead, stage_table

SCHEMA = ibis.schema(
    {
        "word": "string",
        "amount": "decimal(38, 12)",
        "whole": "decimal(38, 0)",
        "minor": "int64",
        "on": "date",
        "at": "timestamp('UTC')",
        "is_so": "boolean",
    }
)
LARGEST = Decimal("99999999999999999999999999.999999999999")
ROWS = [
    {
        "word": 'a "quoted", long\nword: Zürich ☂',
        "amount": Decimal("0.100000000001"),
        "whole": Decimal(10**38 - 1),
        "minor": 2**63 - 1,
        "on": date(1, 1, 1),
        "at": datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=UTC),
        "is_so": True,
    },
    {
        "word": "",
        "amount": LARGEST.copy_negate(),  # a minus would round it
        "whole": Decimal(0),
        "minor": -5,
        "on": date(9999, 12, 31),
        "at": datetime(1970, 1, 1, tzinfo=UTC),
        "is_so": False,
    },
    dict.fromkeys(SCHEMA.names),
]
_VALUES = (
    "SELECT * FROM (VALUES (%s::text, %s::numeric, %s::numeric, %s::bigint, %s::date, %s::timestamptz, %s::boolean)"
)
_QUERY = f"{_VALUES}, (%s, %s, %s, %s, %s, %s, %s), (%s, %s, %s, %s, %s, %s, %s)) AS told"
_PARAMETERS = [value for row in ROWS for value in row.values()]
_NAMES = ibis.schema({"code": "string"})


def expected() -> pa.Table:
    """The rows, their decimals out of texts: Arrow takes its precision from the first one otherwise."""
    told = {name: [row[name] for row in ROWS] for name in SCHEMA.names}
    columns = {
        field.name: pa.array([None if value is None else str(value) for value in told[field.name]]).cast(field.type)
        if pa.types.is_decimal(field.type)
        else pa.array(told[field.name], field.type)
        for field in SCHEMA.to_pyarrow()
    }
    return pa.table(columns)


def codes(actor: Actor) -> list[str]:
    return sorted(read_table("SELECT code FROM customer", [], _NAMES)["code"].to_pylist())


def add_customer(actor: Actor, code: str) -> None:
    Customer.objects.create(tenant_id=actor.tenant_id, code=code, name=code)


def test_every_value_comes_as_it_is_by_either_road(actor: Actor):
    rows = expected()
    with books_of(actor):
        assert read_table(_QUERY, _PARAMETERS, SCHEMA).equals(rows)
    with books_of(actor, as_snapshot=True):
        assert read_table(_QUERY, _PARAMETERS, SCHEMA).equals(rows)
        with reading_ahead(_QUERY, _PARAMETERS, SCHEMA) as reading:
            assert reading.result().equals(rows)
        assert read_table(f"{_QUERY} WHERE false", _PARAMETERS, SCHEMA).equals(rows.slice(0, 0))


def test_rows_beside_the_connection_are_of_its_moment_and_tenant(actor: Actor, new_actor: Callable[..., Actor]):
    other = new_actor()
    with books_of(other):
        add_customer(other, "theirs")
    with books_of(actor):
        add_customer(actor, "ours")
        assert codes(actor) == ["ours"]  # what this transaction has written

    with books_of(actor, as_snapshot=True):
        assert connection.connection is not None
        with psycopg.connect(connection.connection.info.dsn) as rival:
            rival.execute("SELECT set_config('ratable.tenant', %s, true)", [str(actor.tenant_id)])
            rival.execute("INSERT INTO customer (tenant_id, code, name) VALUES (%s, 'late', '')", [actor.tenant_id])
        assert codes(actor) == ["ours"]
        with reading_ahead("SELECT code FROM customer", [], _NAMES) as reading:
            assert reading.result()["code"].to_pylist() == ["ours"]
    with books_of(actor, as_snapshot=True):
        assert codes(actor) == ["late", "ours"]


def test_who_lifts_the_time_limit_lifts_it_beside_the_connection_too(actor: Actor):
    asked = "SELECT current_setting('statement_timeout') AS code"
    with books_of(actor, as_snapshot=True):
        assert read_table(asked, [], _NAMES)["code"].to_pylist() == ["5min"]
        lift_time_limit()
        assert read_table(asked, [], _NAMES)["code"].to_pylist() == ["0"]
        with reading_ahead(asked, [], _NAMES) as reading:
            assert reading.result()["code"].to_pylist() == ["0"]
    with books_of(actor):
        lift_time_limit()
        assert read_table(asked, [], _NAMES)["code"].to_pylist() == ["0"]
    with books_of(actor):
        assert read_table(asked, [], _NAMES)["code"].to_pylist() == ["5min"]


def test_a_connection_beside_that_is_lost_is_weather(actor: Actor, superuser: psycopg.Connection[Any]):
    with pytest.raises(OperationalError) as lost, books_of(actor, as_snapshot=True):
        codes(actor)
        superuser.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE state = 'idle in transaction' AND query LIKE '%SELECT code FROM customer%'"
        )
        codes(actor)
    assert weather_of(lost.value) == "db_unavailable"


def test_what_cannot_be_asked_is_told_as_the_database_tells_it(actor: Actor):
    with pytest.raises(OperationalError, match="nothing_of_this_name") as asked, books_of(actor, as_snapshot=True):
        read_table("SELECT nothing_of_this_name", [], _NAMES)
    assert weather_of(asked.value) is None


def test_only_a_snapshot_is_read_ahead(actor: Actor):
    with pytest.raises(InvariantError, match="snapshot"), books_of(actor), reading_ahead(_QUERY, _PARAMETERS, SCHEMA):
        pass


def test_rows_go_in_as_they_are(actor: Actor):
    rows = expected().slice(0, 1).select(["word", "whole", "minor", "on", "is_so"])
    types = {"word": "text", "whole": "numeric", "minor": "bigint", "on": "date", "is_so": "boolean"}
    with books_of(actor):
        stage_table("told", rows, types)
        assert read_table('SELECT * FROM "told"', [], ibis.schema({name: SCHEMA[name] for name in types})).equals(rows)


def test_what_is_set_for_whole_tables_ends_with_them(actor: Actor):
    def planned() -> list[str]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT current_setting('enable_nestloop'), current_setting('work_mem')")
            return list(cursor.fetchone())

    with books_of(actor):
        before = planned()
        with in_bulk():
            assert planned() == ["off", "64MB"]
        assert planned() == before
