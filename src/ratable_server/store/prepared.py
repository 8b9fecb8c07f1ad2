"""Statements that a connection plans once: for what is asked again and again, and takes longer to plan than to run.

A statement over usage has a part for each month; planning them takes milliseconds, running them less than one. They go in
the transaction that is open; where none is, those of a call are one of their own, which has to enter the books itself.
Statements are prepared by name, as `trips` keeps them, and called as text: several of them go in one trip. Parameters have
names here, and values of every kind that the driver knows.

Owns that they are planned once: left to itself, the database weighs the plan of each call against one for all calls by what
it expects of the rows, and plans some for every call, which costs more than it saves where rows are found by their ids.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from threading import local
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, DataError, ProgrammingError, connections
from psycopg import abc
from psycopg.adapt import Transformer
from psycopg.generators import execute
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGresult

from ratable_server.store.trips import (
    UNHELD,
    Prepared,
    checked,
    is_forgotten,
    keep_prepared,
    log_asked,
    prepare_again,
    prepared,
)

Rows = list[tuple[Any, ...]]
Asked = tuple[str, Mapping[str, Any]]  # a statement and its parameters

_PARAMETER = re.compile(r"%\((\w+)\)s")
PLANS_ONCE, PLANS_AS_BEFORE = (f"SET LOCAL plan_cache_mode TO {mode}" for mode in ("force_generic_plan", "DEFAULT"))
_of_thread = local()


def first_row(statement: str, wanted: Mapping[str, Any]) -> tuple[Any, ...] | None:
    """The first row of a statement with these parameters, which the database reads as values; None: there is none."""
    rows = all_rows(statement, wanted)
    return rows[0] if rows else None


def all_rows(statement: str, wanted: Mapping[str, Any]) -> Rows:
    """The rows of a statement with these parameters; none, where it gives nothing back."""
    (rows,) = rows_of_each((statement, wanted))
    return rows


def rows_of_each(*asked: Asked, opening: str = "") -> list[Rows]:
    """The rows of several statements, in one trip. Each sees what those before it did, and waits for what they wait for.

    `opening` are statements that go before all of them, and of which nothing is told.
    """
    database = connections[DEFAULT_DB_ALIAS]
    database.validate_no_broken_transaction()
    planned = [(*_planned(statement), wanted) for statement, wanted in asked]
    statements = [known for known, *_ in planned]
    keep_prepared(*statements)
    with database.wrap_database_errors:
        values = _values_of(database.connection)
        calls = [_call(known, [_literal(values, wanted[name]) for name in names]) for known, names, wanted in planned]
    opened = _opening(database.connection, opening)
    script = b"; ".join([*opened, PLANS_ONCE.encode(), *calls, PLANS_AS_BEFORE.encode()])
    given = _given_of(database, script, statements)
    with database.wrap_database_errors:
        return [_rows(each, values) for each in given[-1 - len(calls) : -1]]


@cache
def _planned(statement: str) -> tuple[Prepared, tuple[str, ...]]:
    """A statement as it is prepared, and the names of its values in their order."""
    names = tuple(dict.fromkeys(_PARAMETER.findall(statement)))
    return prepared(_PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", statement)), names


def _call(known: Prepared, values: Sequence[bytes]) -> bytes:
    said = b"(" + b", ".join(values) + b")" if values else b""
    return b"EXECUTE " + known.name.encode() + said


def _literal(values: abc.Transformer, value: Any) -> bytes:
    try:
        return values.as_literal(value)
    except UnicodeEncodeError as error:  # half of a character
        raise DataError(UNHELD) from error


def _opening(raw: psycopg.Connection[Any], opening: str) -> list[bytes]:
    """What goes first; in a transaction of Django's of which the database knows nothing yet, that it begins."""
    if opening:
        return [opening.encode()]
    return [] if raw.autocommit or raw.pgconn.transaction_status != TransactionStatus.IDLE else [b"BEGIN"]


def _given_of(database: Any, script: bytes, statements: Sequence[Prepared]) -> list[PGresult]:
    """What each statement of a script gives; outside of transactions also where somebody else has let go of a prepared one."""
    try:
        return _given(database, script)
    except ProgrammingError as error:
        if not is_forgotten(error):
            raise
        prepare_again(*statements)
        return _given(database, script)


def _given(database: Any, script: bytes) -> list[PGresult]:
    """The same without a cursor, which costs as much as many a statement.

    Waiting is the driver's: others work meanwhile, and who interrupts it ends the statement.
    """
    raw: psycopg.Connection[Any] = database.connection
    with database.wrap_database_errors:
        log_asked(database, script)
        raw.pgconn.send_query(script)
        return [checked(each) for each in raw.wait(execute(raw.pgconn))]


def _values_of(raw: psycopg.Connection[Any]) -> abc.Transformer:
    """What writes and reads values as the driver does for a connection, kept for the next time."""
    known: tuple[psycopg.Connection[Any], abc.Transformer] | None = getattr(_of_thread, "values", None)
    if known is None or known[0] is not raw:
        known = _of_thread.values = raw, Transformer(raw)
    return known[1]


def _rows(given: PGresult, values: abc.Transformer) -> Rows:
    if not given.nfields:
        return []
    values.set_pgresult(given)
    try:
        return values.load_rows(0, given.ntuples, tuple)
    finally:
        values.set_pgresult(None)  # the reader is kept for the next time, what it has read is not
