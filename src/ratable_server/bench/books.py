"""Books to measure: an embedded PostgreSQL in a temporary folder, one tenant, terms that are made up.

A measurement that fills the books takes a copy of the database, so that the next one begins as this one did.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg
from psycopg.sql import SQL, Identifier

if TYPE_CHECKING:
    from ratable_server.actor import Actor

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


@contextmanager
def made_up_books(*, contracts: int, rows: int) -> Iterator[Actor]:
    """The admin of books with as many contracts of five items each, none of them used yet."""
    with tempfile.TemporaryDirectory(prefix="ratable-") as folder:  # short: it holds a socket
        os.environ["RATABLE_HOME"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "ratable_server.config.settings"
        os.environ["RATABLE_SECRET_KEY"] = "of the bench"
        for name in ("RATABLE_DATABASE_URL", "RATABLE_DATABASE_OWNER_URL"):
            os.environ.pop(name, None)
        import django

        django.setup()
        from django.db import connections

        from ratable_server.store import embedded

        try:
            yield _agreed(contracts, rows)
        finally:
            connections.close_all()
            embedded.stop()


def _agreed(contracts: int, rows: int) -> Actor:
    from ratable.bench.made_up import made_up_terms
    from ratable_server.actor import Actor
    from ratable_server.operations.setup import set_up_books
    from ratable_server.operations.tenants import tenant_id
    from ratable_server.operations.terms import import_terms

    set_up_books(tenant="bench", name="bench", timezone="UTC", request_id="bench", at=AT)
    actor = Actor(tenant_id=tenant_id("bench") or 0, name="bench", role="admin", request_id="bench")
    import_terms(actor=actor, terms=made_up_terms(contracts, rows), at=AT)
    return actor


@contextmanager
def copied(name: str) -> Iterator[None]:
    """A copy of the database in which everything happens until the end; then it is thrown away."""
    from django.db import connections

    from ratable_server.store import places

    connections.close_all()
    with as_superuser("postgres") as connection:
        copy = SQL("CREATE DATABASE {} TEMPLATE {} OWNER {} STRATEGY file_copy")
        connection.execute(copy.format(*map(Identifier, (name, places.DATABASE, places.OWNER))))
        connection.execute("CHECKPOINT")  # what is left over from before is not part of what is measured
        _point_to(name)
        try:
            yield
        finally:
            connections.close_all()
            _point_to(places.DATABASE)
            connection.execute(SQL("DROP DATABASE {} WITH (FORCE)").format(Identifier(name)))


def as_superuser(database: str) -> psycopg.Connection:
    """A connection past row-level security, which refuses COPY."""
    from ratable_server.store import places

    return psycopg.connect(dbname=database, user=places.SUPERUSER, host=str(places.cluster()), autocommit=True)


def _point_to(database: str) -> None:
    from django.db import connections

    for alias in ("default", "owner"):
        connections[alias].settings_dict["NAME"] = database
