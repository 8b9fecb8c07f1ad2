"""Statements that a connection plans once: for what is asked again and again, and takes longer to plan than to run.

A statement over usage has a part for each month; planning them takes milliseconds, running them less than one. Inside a
transaction that is open, as everything that reads rows of a tenant. Statements are prepared by name and called as text:
several of them go in one trip, and the driver, which forgets what it has prepared with each rollback, knows of none.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg
from django.db import connection

Rows = list[tuple[Any, ...]]

_PARAMETER = re.compile(r"%\((\w+)\)s")
_known: WeakKeyDictionary[psycopg.Connection[Any], set[str]] = WeakKeyDictionary()


class _Planned(NamedTuple):
    """How a statement is prepared, and how it is called."""

    name: str
    preparing: str
    calling: str


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
    connection.ensure_connection()
    connection.validate_no_broken_transaction()
    raw: psycopg.Connection[Any] = connection.connection
    with connection.wrap_database_errors, psycopg.ClientCursor(raw) as cursor:
        calls = [cursor.mogrify(_prepared(raw, statement), wanted) for statement, wanted in asked]
        cursor.execute("; ".join(calls).encode())
        found = [_fetched(cursor)]
        while cursor.nextset():
            found.append(_fetched(cursor))
    return found


def _fetched(cursor: psycopg.ClientCursor[Any]) -> Rows:
    return [] if cursor.description is None else cursor.fetchall()


def _prepared(raw: psycopg.Connection[Any], statement: str) -> str:
    """How a statement is called, once the connection knows it."""
    planned, known = _planned(statement), _known.setdefault(raw, set())
    if planned.name not in known:
        with psycopg.ClientCursor(raw) as cursor:
            cursor.execute(planned.preparing.encode())
        known.add(planned.name)
    return planned.calling


@cache
def _planned(statement: str) -> _Planned:
    """The types of parameters are those that the database reads out of their places."""
    names = list(dict.fromkeys(_PARAMETER.findall(statement)))
    numbered = _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", statement)
    name = f"planned_{sha256(statement.encode()).hexdigest()[:32]}"
    values = ", ".join(f"%({each})s" for each in names)
    return _Planned(name, f"PREPARE {name} AS {numbered}", f"EXECUTE {name}({values})" if names else f"EXECUTE {name}")
