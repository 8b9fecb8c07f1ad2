"""Statements that a connection plans once: for what is asked again and again, and takes longer to plan than to run.

A statement over usage has a part for each month; planning them takes milliseconds, running them less than one. Inside a
transaction that is open, as everything that reads rows of a tenant. Statements are prepared by name, as `trips` keeps them,
and called as text: several of them go in one trip. Parameters have names here, and values of every kind that the driver knows.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import psycopg
from django.db import connection

from ratable_server.store.trips import Prepared, keep_prepared, prepared

Rows = list[tuple[Any, ...]]

_PARAMETER = re.compile(r"%\((\w+)\)s")


def first_row(statement: str, wanted: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row of a statement with these parameters, which the database reads as values; None: there is none."""
    rows = all_rows(statement, wanted)
    return rows[0] if rows else None


def all_rows(statement: str, wanted: Mapping[str, Any]) -> Rows:
    """The rows of a statement with these parameters; none, where it gives nothing back."""
    (rows,) = rows_of_each((statement, wanted))
    return rows


def rows_of_each(*asked: tuple[str, Mapping[str, Any]]) -> list[Rows]:
    """The rows of several statements, in one trip. Each sees what those before it did, and waits for what they wait for."""
    connection.validate_no_broken_transaction()
    planned = [(*_planned(statement), wanted) for statement, wanted in asked]
    for statement, _, _ in planned:
        keep_prepared(statement)
    with connection.wrap_database_errors, psycopg.ClientCursor(connection.connection) as cursor:
        calls = [cursor.mogrify(calling, wanted) for _, calling, wanted in planned]
        cursor.execute("; ".join(calls).encode())
        found = [_fetched(cursor)]
        while cursor.nextset():
            found.append(_fetched(cursor))
    return found


def _fetched(cursor: psycopg.ClientCursor[Any]) -> Rows:
    return [] if cursor.description is None else cursor.fetchall()


@cache
def _planned(statement: str) -> tuple[Prepared, str]:
    """A statement as it is prepared, and how it is called."""
    names = list(dict.fromkeys(_PARAMETER.findall(statement)))
    known = prepared(_PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", statement))
    values = ", ".join(f"%({each})s" for each in names)
    return known, f"EXECUTE {known.name}({values})" if names else f"EXECUTE {known.name}"
