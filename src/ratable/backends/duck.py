"""DuckDB in the process: the default backend."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
from ibis.backends.sql.compilers.duckdb import compiler

from ratable.errors import NumberOverflowError

# hugeint keeps 127 bits and refuses an overflow; `/` on decimals would silently run in double.
_MACROS = (
    """CREATE OR REPLACE TEMP MACRO mul_div_half_up(a, b, c) AS
       CASE WHEN (a < 0) <> (b < 0) THEN -1::HUGEINT ELSE 1::HUGEINT END
       * ((abs(a::HUGEINT) * abs(b::HUGEINT) + c::HUGEINT // 2) // c::HUGEINT)""",
    """CREATE OR REPLACE TEMP MACRO mul_div_floor(a, b, c) AS (a::HUGEINT * b::HUGEINT) // c::HUGEINT""",
    """CREATE OR REPLACE TEMP MACRO mul_div_half_even(a, b, c) AS
       CASE WHEN (a < 0) <> (b < 0) THEN -1::HUGEINT ELSE 1::HUGEINT END
       * ((abs(a::HUGEINT) * abs(b::HUGEINT)) // c::HUGEINT
          + CASE WHEN 2 * ((abs(a::HUGEINT) * abs(b::HUGEINT)) % c::HUGEINT)
                      + ((abs(a::HUGEINT) * abs(b::HUGEINT)) // c::HUGEINT) % 2 > c::HUGEINT
                 THEN 1::HUGEINT ELSE 0::HUGEINT END)""",
    "CREATE OR REPLACE TEMP MACRO local_day(zone, instant) AS CAST(timezone(zone, instant) AS DATE)",
    "CREATE OR REPLACE TEMP MACRO hash64(words) AS hash(words)",
)


class DuckBackend:
    """One DuckDB connection with the exact-arithmetic macros."""

    dialect = "duckdb"

    def __init__(self, memory_limit: str | None = None) -> None:
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET preserve_insertion_order = false")
        if memory_limit:
            self.connection.execute(f"SET memory_limit = '{memory_limit}'")
        for macro in _MACROS:
            self.connection.execute(macro)

    def bind(self, name: str, table: pa.Table) -> None:
        self.connection.register(f"{name}_arrow", table)
        self.store(name, f"SELECT * FROM {name}_arrow")  # noqa: S608
        self.connection.unregister(f"{name}_arrow")

    def bind_parquet(self, name: str, path: str, columns: Mapping[str, str]) -> None:
        self._forget(name)
        chosen = ", ".join(f"{expression} AS {column}" for column, expression in columns.items())
        quoted = path.replace("'", "''")
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW {name} AS SELECT {chosen} FROM read_parquet('{quoted}')")  # noqa: S608

    def parquet_columns(self, path: str) -> tuple[str, ...]:
        return tuple(self.connection.read_parquet(str(Path(path))).columns)

    def sql_type(self, dtype: ibis.expr.datatypes.DataType) -> str:
        return str(compiler.type_mapper.to_string(dtype))

    def store(self, name: str, sql: str) -> None:
        self._run(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql}")

    def types(self, sql: str) -> dict[str, str]:
        return {row[0]: row[1] for row in self.connection.execute(f"DESCRIBE {sql}").fetchall()}

    def fetch(self, sql: str) -> pa.Table:
        return self._run(sql).to_arrow_table()

    def close(self) -> None:
        self.connection.close()

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self.connection.execute(sql)
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            raise NumberOverflowError(str(error)) from error

    def _forget(self, name: str) -> None:
        kinds = self.connection.execute(
            "SELECT table_type FROM information_schema.tables WHERE table_name = ?", [name]
        ).fetchall()
        if kinds and kinds[0][0] != "VIEW":
            self.connection.execute(f"DROP TABLE {name}")
