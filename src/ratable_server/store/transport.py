"""Tables between PostgreSQL and Arrow: whole columns out, rows in by COPY into a temporary table.

Owns the forms in which values travel, exact for every type of `ratable.tables`. Rows go in on Django's connection and
come out on it, as CSV; out of a snapshot they come on a connection beside it, by ADBC. Both are in the transaction of
the books or its snapshot, under its tenant.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from io import BytesIO

import adbc_driver_postgresql.dbapi as adbc
import ibis
import psycopg
import pyarrow as pa
from django.db import OperationalError, connection
from pyarrow import csv

from ratable.errors import InvariantError

_TEXT = csv.ParseOptions(newlines_in_values=True)
_BLOCK_BYTES = 1 << 24

_NO_LIMIT = "SET LOCAL statement_timeout = 0"

Parameters = Sequence[object] | Mapping[str, object]

_reader: ContextVar[_Reader | None] = ContextVar("reader", default=None)


def read_table(query: str, parameters: Parameters, schema: ibis.Schema) -> pa.Table:
    """The rows of a query as an Arrow table of `schema`; the query names its columns in that order.

    In a snapshot of the books rows come beside Django's connection, elsewhere on it.
    """
    wire = _bound(query, parameters)
    reader = _reader.get()
    return _copied(wire, schema) if reader is None else reader.read(wire, schema)


@contextmanager
def reading_beside(tenant_id: int) -> Iterator[None]:
    """Let `read_table` take rows as columns from a second connection, in the snapshot of this transaction.

    For transactions that write nothing: what they would have written is not seen beside them. It costs half of what
    Django's connection takes, which hands rows over one by one.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_export_snapshot()")
        (snapshot,) = cursor.fetchone()
    reader = _Reader(snapshot, tenant_id, _conninfo())
    token = _reader.set(reader)
    try:
        yield
    finally:
        _reader.reset(token)
        reader.close()


def lift_time_limit() -> None:
    """Let each statement of this transaction take as long as it needs, those that read beside it, too.

    For what somebody waits for on purpose: a run, a close, a verification. A request of the API has its limit.
    """
    with connection.cursor() as cursor:
        cursor.execute(_NO_LIMIT)
    reader = _reader.get()
    if reader is not None:
        reader.lift_time_limit()


@contextmanager
def reading_ahead(query: str, parameters: Sequence[object], schema: ibis.Schema) -> Iterator[Future[pa.Table]]:
    """Begin to read a large table of a snapshot of the books, while the caller does other things."""
    reader = _reader.get()
    if reader is None:
        raise InvariantError("only a snapshot is read ahead")
    wire = _bound(query, parameters)
    with ThreadPoolExecutor(max_workers=1) as thread:
        yield thread.submit(reader.read_alone, wire, schema)


class _Reader:
    """A connection beside Django's, opened when it is first needed."""

    def __init__(self, snapshot: str, tenant_id: int, conninfo: str) -> None:
        self._snapshot = snapshot
        self._tenant_id = tenant_id
        self._conninfo = conninfo
        self._is_limited = True
        self._connection: adbc.Connection | None = None

    def lift_time_limit(self) -> None:
        self._is_limited = False
        if self._connection is not None:
            with self._connection.cursor() as cursor:
                cursor.execute(_NO_LIMIT)

    def read(self, query: str, schema: ibis.Schema) -> pa.Table:
        try:
            with self._opened().cursor() as cursor:
                cursor.execute(query)
                return _cast(cursor.fetch_arrow_table(), schema.to_pyarrow())
        except adbc.Error as error:
            raise OperationalError(str(error)) from _BesideError(error)

    def read_alone(self, query: str, schema: ibis.Schema) -> pa.Table:
        """On a connection of its own: two threads cannot share one."""
        alone = _Reader(self._snapshot, self._tenant_id, self._conninfo)
        alone._is_limited = self._is_limited
        try:
            return alone.read(query, schema)
        finally:
            alone.close()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()

    def _opened(self) -> adbc.Connection:
        if self._connection is None:
            self._connection = adbc.connect(self._conninfo, autocommit=False)
            with self._connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
                cursor.execute(f"SET TRANSACTION SNAPSHOT '{self._snapshot}'")
                if not self._is_limited:
                    cursor.execute(_NO_LIMIT)
                cursor.execute(f"SELECT set_config('ratable.tenant', '{self._tenant_id}', true)")
                cursor.fetchall()
        return self._connection


class _BesideError(Exception):
    """What the second connection met, with its SQLSTATE; one that ended without one is lost."""

    def __init__(self, error: adbc.Error) -> None:
        super().__init__(str(error))
        self.sqlstate = error.sqlstate or "08006"


def _conninfo() -> str:
    """How Django's connection was made."""
    info = connection.connection.info
    password = {"password": info.password} if info.password else {}
    return psycopg.conninfo.make_conninfo(info.dsn, **password)


def _bound(query: str, parameters: Parameters) -> str:
    with connection.cursor() as cursor:
        return psycopg.ClientCursor(cursor.connection).mogrify(query, parameters)


def _cast(table: pa.Table, target: pa.Schema) -> pa.Table:
    """The columns in the types that are asked for; a number of any length comes as its digits."""
    columns = [_plain(column).cast(field.type) for column, field in zip(table.columns, target, strict=True)]
    return pa.table(columns, schema=target)


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if not isinstance(column.type, pa.BaseExtensionType):
        return column
    return pa.chunked_array([chunk.storage for chunk in column.chunks], column.type.storage_type)


def _copied(query: str, schema: ibis.Schema) -> pa.Table:
    target = schema.to_pyarrow()
    buffer = BytesIO()
    with connection.cursor() as cursor, cursor.copy(f"COPY ({query}) TO STDOUT (FORMAT csv)") as rows:
        for block in rows:
            buffer.write(block)
    if not buffer.tell():
        return target.empty_table()
    buffer.seek(0)
    return csv.read_csv(
        buffer,
        read_options=csv.ReadOptions(column_names=target.names, block_size=_BLOCK_BYTES),
        parse_options=_TEXT,
        convert_options=csv.ConvertOptions(
            column_types=target,
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        ),
    )


def stage_table(name: str, rows: pa.Table, types: Mapping[str, str]) -> None:
    """Put rows into a temporary table that is gone with the transaction; `types` are its columns in PostgreSQL."""
    columns = ", ".join(f'"{column}" {kind}' for column, kind in types.items())
    buffer = BytesIO()
    csv.write_csv(rows.select(list(types)), buffer, csv.WriteOptions(include_header=False))
    with connection.cursor() as cursor:
        cursor.execute(f'DROP TABLE IF EXISTS "{name}"')
        cursor.execute(f'CREATE TEMPORARY TABLE "{name}" ({columns}) ON COMMIT DROP')
        with cursor.copy(f'COPY "{name}" FROM STDIN (FORMAT csv)') as copy:
            copy.write(buffer.getvalue())


@contextmanager
def in_bulk() -> Iterator[None]:
    """Statements over whole tables, inside a transaction.

    Of rows that were added a moment ago the planner knows nothing: it may compare each of them with each other. And
    what triggers are to see of a statement is kept in memory, not in files.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off; SET LOCAL work_mem = '64MB'")
        yield
        cursor.execute("SET LOCAL enable_nestloop = DEFAULT; SET LOCAL work_mem = DEFAULT")
