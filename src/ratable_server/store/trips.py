"""Statements that go to the database together, in one trip: what each request asks, whatever else it does.

Each way to the database and back costs more than what is asked there; a cursor of Django or of the driver costs as much
again. Here the texts of several statements go as one message, which the database takes as one transaction unless one is
open, and the last one's result comes back. Owns which statements a connection has prepared.
"""

from __future__ import annotations

import select
from collections.abc import Callable, Sequence
from hashlib import sha256
from time import monotonic_ns
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg
from django.db import DEFAULT_DB_ALIAS, DataError, NotSupportedError, OperationalError, ProgrammingError, connections
from psycopg.pq import DiagnosticField, Escaping, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult

Value = int | str | None
Texts = tuple[str | None, ...]

UNHELD = "a value has a character that no text of the database can hold"
_GOOD = {ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK}
_TRUSTED_NS = 60 * 10**9  # proxies and firewalls let go of what is silent for some minutes
_prepared: WeakKeyDictionary[psycopg.Connection[Any], set[str]] = WeakKeyDictionary()
_used_at_ns: WeakKeyDictionary[psycopg.Connection[Any], int] = WeakKeyDictionary()


class Prepared(NamedTuple):
    """A statement that a connection plans once, by its name; `$1`, `$2` in its text are values of `types`.

    Without `types` the database reads them out of the places of the values.
    """

    name: str
    text: str
    types: tuple[str, ...]


def prepared(text: str, *types: str) -> Prepared:
    """A statement and the types of its values."""
    return Prepared(f"ratable_{sha256(repr((text, types)).encode()).hexdigest()[:32]}", text, types)


def ask(script: str) -> PGresult:
    """What the last of some statements gives; they go as one message, and nothing is read into their texts."""
    return _asked(*_opened(), script)


def first_texts(statement: Prepared, values: Sequence[Value], *, opening: str = "") -> Texts | None:
    """The first row of a statement, each field as the database writes it; None: there is none.

    `opening` are statements that go before it, in the same trip.
    """
    database, raw = _opened()
    known, script = _prepared.setdefault(raw, set()), f"{opening}{_execute(raw, statement, values)}"
    if statement.name not in known or (_is_begun(raw) and not _is_there(statement)):
        _prepare(statement)
    try:
        found = _asked(database, raw, script)
    except ProgrammingError as error:
        if not is_forgotten(error):
            raise
        prepare_again(statement)
        found = ask(script)
    if not found.ntuples:
        return None
    fields = [found.get_value(0, column) for column in range(found.nfields)]
    return tuple([None if field is None else field.decode() for field in fields])


def first_texts_of_request(statement: Prepared, values: Sequence[Value]) -> Texts | None:
    """The same for what a request asks first, outside of transactions, of a connection that may be lost by now.

    Django asks such a connection whether it is still there. Here the statement itself shows it, and is asked again on a
    new one: it has to be one that can be asked twice.
    """
    database = connection_here()
    try:
        found = first_texts(statement, values)
    except (OperationalError, NotSupportedError) as error:
        is_outdated = isinstance(error, NotSupportedError)  # its plan gives other columns than what is there by now
        is_lost = database.connection is not None and database.connection.closed
        if database.in_atomic_block or not (is_outdated or is_lost):
            raise
        database.close()
        found = first_texts(statement, values)
    database.health_check_done = True
    return found


def keep_prepared(*statements: Prepared) -> None:
    """Have the connection know some statements, once."""
    _, raw = _opened()
    known = _prepared.setdefault(raw, set())
    for statement in statements:
        if statement.name not in known:
            _prepare(statement)


def prepare_again(*statements: Prepared) -> None:
    """Have the connection know statements of which somebody else may have let go."""
    for statement in statements:
        _prepare(statement)


def is_forgotten(error: ProgrammingError) -> bool:
    """Has somebody else let go of what was prepared, outside of transactions, so that the same can be asked again?"""
    return isinstance(error.__cause__, psycopg.errors.InvalidSqlStatementName) and not is_transaction_open()


def log_asked(database: Any, script: bytes) -> None:
    """Write a trip down where Django writes statements down: in tests that count them, and where faults are looked for."""
    if database.queries_logged:
        database.queries_log.append({"sql": script.decode(errors="replace"), "time": "0"})


def is_transaction_open() -> bool:
    """Has the database begun a transaction for this connection? Django says so before its first statement already."""
    _, raw = _opened()
    return _is_begun(raw)


def live_connection() -> Any:
    """The connection of this thread, opened anew if the database has closed it since the last request.

    Django asks each time whether it is still there, by a statement. The database says so itself: only where it has sent
    something that nobody asked for does it have to be asked, or where something in between may have dropped a connection
    that was silent for long.
    """
    database = connection_here()
    if database.connection is None or database.in_atomic_block:
        return database
    if not database.health_check_done:
        database.health_check_done = _was_used_lately(database.connection) and _is_silent(database.connection)
        database.close_if_health_check_failed()
    if database.connection is not None:
        _used_at_ns[database.connection] = monotonic_ns()
    return database


def connection_here() -> Any:
    """The connection of this thread, looked up once: each word to `django.db.connection` looks it up again."""
    return connections[DEFAULT_DB_ALIAS]


def _opened() -> tuple[Any, psycopg.Connection[Any]]:
    """The connection of this thread as Django keeps it, and as the driver does."""
    database = connection_here()
    if database.connection is None:
        database.ensure_connection()
    return database, database.connection


def _asked(database: Any, raw: psycopg.Connection[Any], script: str) -> PGresult:
    database.validate_no_broken_transaction()
    with database.wrap_database_errors:
        told = script.encode()
        log_asked(database, told)
        return checked(raw.pgconn.exec_(told))


def _was_used_lately(raw: psycopg.Connection[Any]) -> bool:
    return monotonic_ns() < _used_at_ns.get(raw, 0) + _TRUSTED_NS


def _is_silent(raw: psycopg.Connection[Any]) -> bool:
    """Is there nothing to read, not even the end of the connection?"""
    if raw.closed:
        return False
    sent = select.poll()
    sent.register(raw.fileno(), select.POLLIN)
    return not sent.poll(0)


def _is_begun(raw: psycopg.Connection[Any]) -> bool:
    return raw.pgconn.transaction_status != TransactionStatus.IDLE


def _prepare(statement: Prepared) -> None:
    if not _is_there(statement):
        types = f"({', '.join(statement.types)})" if statement.types else ""
        ask(f"PREPARE {statement.name}{types} AS {statement.text}")
    _, raw = _opened()
    _prepared.setdefault(raw, set()).add(statement.name)


def _is_there(statement: Prepared) -> bool:
    """Is it still prepared? The driver lets go of all such statements when it has seen a ROLLBACK."""
    return bool(ask(f"SELECT FROM pg_prepared_statements WHERE name = '{statement.name}'").ntuples)


def _execute(raw: psycopg.Connection[Any], statement: Prepared, values: Sequence[Value]) -> str:
    escape = Escaping(raw.pgconn).escape_literal
    said = ", ".join([_literal(value, escape) for value in values])
    return f"EXECUTE {statement.name}({said})" if values else f"EXECUTE {statement.name}"


def _literal(value: Value, escape: Callable[[bytes], Any]) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(int(value))
    try:
        text = value.encode()
    except UnicodeEncodeError as error:  # half of a character
        raise DataError(UNHELD) from error
    if b"\0" in text:  # to the driver, the end of it
        raise DataError(UNHELD)
    return bytes(escape(text)).decode()


def checked(result: PGresult) -> PGresult:
    """A result, unless it tells of an error; one without a code is that of a connection that was lost.

    Raises:
        psycopg.Error: of the class that the driver has for the error.
    """
    if result.status in _GOOD:
        return result
    if result.error_field(DiagnosticField.SQLSTATE) is None:
        raise psycopg.errors.ConnectionFailure(result.get_error_message())
    raise psycopg.errors.error_from_result(result)
