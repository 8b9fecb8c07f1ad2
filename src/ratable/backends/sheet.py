"""The sheet: named tables on a backend, and stage functions run over them.

A stage function takes Ibis tables and gives one Ibis table. It is compiled once for each set of
inputs and variant in a process, whatever sheet asks first; from then on it is only run: compiling
costs tens of milliseconds, running a compiled statement on a handful of rows about one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from typing import Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from ratable.errors import InvariantError


@dataclass(frozen=True, slots=True)
class Stored:
    """A table that stands on a sheet under a name."""

    name: str
    schema: ibis.Schema


class Backend(Protocol):
    """What a backend must be able to do; names are already safe identifiers."""

    dialect: str

    def bind(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table readable under `name`."""

    def bind_parquet(self, name: str, path: str, columns: Mapping[str, str]) -> None:
        """Make Parquet files readable under `name`, with a SQL expression for each column."""

    def sql_type(self, dtype: ibis.expr.datatypes.DataType) -> str:
        """The backend's name of a type."""

    def parquet_columns(self, path: str) -> tuple[str, ...]:
        """The column names of Parquet files."""

    def store(self, name: str, sql: str) -> None:
        """Run `sql` and keep its rows under `name`, in place of what was there."""

    def types(self, sql: str) -> dict[str, str]:
        """Column names and backend types that `sql` would give."""

    def fetch(self, sql: str) -> pa.Table:
        """Run `sql` and give its rows."""

    def close(self) -> None:
        """Free the connection."""


Compiled = dict[Hashable, tuple[str, ibis.Schema]]

_compiled: Compiled = {}  # of this process: threads may compile the same at once, and come to the same text
_SMALL = 10_000  # rows; a bound table up to this size is kept, to see that it is bound again unchanged


class Sheet:
    """Named tables on a backend; not shared between threads."""

    def __init__(self, backend: Backend, *, compiled: Compiled | None = None) -> None:
        self.backend = backend
        self._compiled = _compiled if compiled is None else compiled
        self._exact: set[Hashable] = set()
        self._bound: dict[str, pa.Table] = {}

    def bind(self, name: str, table: pa.Table, schema: ibis.Schema) -> Stored:
        """Put an Arrow table on the sheet, cast to `schema`."""
        arrow = pa.schema([table.schema.field(column) for column in schema.names])
        target = schema.to_pyarrow()
        chosen = table.select(list(schema.names))
        chosen = chosen if arrow.equals(target) else chosen.cast(target)
        if not self._stands(name, chosen):
            self.backend.bind(name, chosen)
        if chosen.num_rows <= _SMALL:
            self._bound[name] = chosen
        return Stored(name, schema)

    def _stands(self, name: str, table: pa.Table) -> bool:
        """Is this small table under its name already? Terms seldom change between the runs of a story."""
        there = self._bound.pop(name, None)
        return there is not None and there.num_rows == table.num_rows and there.equals(table)

    def bind_rows(self, name: str, rows: list[dict[str, object]], schema: ibis.Schema) -> Stored:
        """Put a few rows on the sheet; every column of `schema` must be in each row."""
        return self.bind(name, pa.Table.from_pylist(rows, schema=schema.to_pyarrow()), schema)

    def bind_parquet(self, name: str, path: str, schema: ibis.Schema) -> Stored:
        """Put Parquet files on the sheet; columns of `schema` that they lack read as null."""
        present = set(self.backend.parquet_columns(path))
        columns = {
            column: f"CAST({column if column in present else 'NULL'} AS {self.backend.sql_type(dtype)})"
            for column, dtype in schema.items()
        }
        self._bound.pop(name, None)
        self.backend.bind_parquet(name, path, columns)
        return Stored(name, schema)

    def run(
        self, function: Callable[..., ir.Table], *inputs: Stored, into: str | None = None, **variant: Hashable
    ) -> Stored:
        """Run a stage function over stored tables and store what it gives.

        The name is that of the function, or `into` where one function runs twice in a flow.
        """
        name = into or function.__name__.strip("_")
        key = (self.backend.dialect, function, inputs, tuple(sorted(variant.items())))
        if key not in self._compiled:
            self._compiled[key] = self._compile(function, inputs, variant)
        sql, schema = self._compiled[key]
        if key not in self._exact:
            self._refuse_inexact(function, sql)
            self._exact.add(key)
        self._bound.pop(name, None)
        self.backend.store(name, sql)
        return Stored(name, schema)

    def fetch(self, stored: Stored) -> pa.Table:
        """The rows of a stored table, in no particular order."""
        rows = self.backend.fetch(f"SELECT * FROM {stored.name}")  # noqa: S608 - names are the code's own
        return rows.select(list(stored.schema.names)).cast(stored.schema.to_pyarrow())

    def is_empty(self, stored: Stored) -> bool:
        """Has a stored table no rows?"""
        return self.count(stored) == 0

    def count(self, stored: Stored) -> int:
        """How many rows a stored table has."""
        table = self.backend.fetch(f"SELECT count(*) AS n FROM {stored.name}")  # noqa: S608
        return int(table.column("n")[0].as_py())

    def _compile(
        self, function: Callable[..., ir.Table], inputs: tuple[Stored, ...], variant: Mapping[str, Hashable]
    ) -> tuple[str, ibis.Schema]:
        tables = [ibis.table(stored.schema, name=stored.name) for stored in inputs]
        expression = function(*tables, **variant)
        return str(ibis.to_sql(expression, dialect=self.backend.dialect)), expression.schema()

    def _refuse_inexact(self, function: Callable[..., ir.Table], sql: str) -> None:
        """What types come out is up to the backend and its macros, so each sheet asks its own."""
        inexact = {name: kind for name, kind in self.backend.types(sql).items() if _is_inexact(kind)}
        if inexact:
            raise InvariantError(f"{function.__name__} would compute in floating point: {inexact}")


def _is_inexact(kind: str) -> bool:
    return kind.upper().startswith(("DOUBLE", "FLOAT", "REAL"))
