"""DuckDB in the process: the default backend."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb
import ibis
import pyarrow as pa
from ibis.backends.sql.compilers.duckdb import compiler

from ratable.errors import NumberOverflowError

# Whole numbers are HUGEINT here: it keeps 127 bits and refuses an overflow, while decimals go back and
# forth to it by a division each. Its own `//` is slow, so `quotient` guesses in double and takes the guess
# only if the remainder proves it (0 <= n - q*d < d); whatever the guess, what comes out is exact.
_FAST = (
    "CREATE OR REPLACE TEMP MACRO guessed(n, d) AS CAST(CAST(n AS DOUBLE) / CAST(d AS DOUBLE) AS HUGEINT)",
    """CREATE OR REPLACE TEMP MACRO quotient(n, d) AS CASE
       WHEN n >= 1000000000000000000000000000000000000::HUGEINT THEN n // d
       WHEN n - guessed(n, d) * d BETWEEN 0::HUGEINT AND d - 1::HUGEINT THEN guessed(n, d)
       WHEN n - (guessed(n, d) - 1::HUGEINT) * d BETWEEN 0::HUGEINT AND d - 1::HUGEINT
       THEN guessed(n, d) - 1::HUGEINT
       ELSE n // d END""",
)
# On a handful of rows a short text counts for more: a macro repeats its arguments wherever it names them.
_SHORT = ("CREATE OR REPLACE TEMP MACRO quotient(n, d) AS n // d",)
_MACROS = (
    """CREATE OR REPLACE TEMP MACRO signed(a, b, size) AS
       CASE WHEN (a < 0) <> (b < 0) THEN -size ELSE size END""",
    """CREATE OR REPLACE TEMP MACRO mul_div_half_up(a, b, c) AS
       signed(a, b, quotient(2::HUGEINT * abs(a) * abs(b) + c, 2::HUGEINT * c))""",
    "CREATE OR REPLACE TEMP MACRO mul_div_floor(a, b, c) AS quotient(a * b, c)",
    """CREATE OR REPLACE TEMP MACRO to_even(n, d, q) AS
       CASE WHEN 2::HUGEINT * (n - q * d) + q % 2::HUGEINT > d THEN q + 1::HUGEINT ELSE q END""",
    """CREATE OR REPLACE TEMP MACRO mul_div_half_even(a, b, c) AS
       signed(a, b, to_even(abs(a) * abs(b), c, quotient(abs(a) * abs(b), c)))""",
    # A decimal is cast to a whole number by a slow division; its digits without the point are the same number.
    """CREATE OR REPLACE TEMP MACRO digits_e12(text) AS replace(text, '.', '')""",
    """CREATE OR REPLACE TEMP MACRO scaled_e12(value) AS
       CASE WHEN value BETWEEN -999999 AND 999999
       THEN CAST(CAST(digits_e12(CAST(CAST(value AS DECIMAL(18, 12)) AS VARCHAR)) AS BIGINT) AS HUGEINT)
       ELSE CAST(digits_e12(CAST(value AS VARCHAR)) AS HUGEINT) END""",
    "CREATE OR REPLACE TEMP MACRO local_day(zone, instant) AS CAST(timezone(zone, instant) AS DATE)",
    "CREATE OR REPLACE TEMP MACRO json_text(record, key) AS json_extract_string(record, '$.\"' || key || '\"')",
    "CREATE OR REPLACE TEMP MACRO hash64(words) AS CAST(hash(words) >> 1 AS BIGINT)",
)
_WHOLE = "DECIMAL(38, 0)"


class DuckBackend:
    """One DuckDB connection with the exact-arithmetic macros."""

    dialect = "duckdb"

    def __init__(self, *, memory_limit: str | None = None, is_small: bool = False) -> None:
        self.connection = duckdb.connect()
        if is_small:
            # On a handful of rows, planning and waking threads cost more than the work.
            self.connection.execute("SET threads = 1")
            self.connection.execute("PRAGMA disable_optimizer")
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute("SET preserve_insertion_order = false")
        if memory_limit:
            self.connection.execute(f"SET memory_limit = '{memory_limit}'")
        for macro in (*(_SHORT if is_small else _FAST), *_MACROS):
            self.connection.execute(macro)

    def bind(self, name: str, table: pa.Table) -> None:
        self.connection.register(f"{name}_arrow", table)
        whole = [
            f'CAST("{field.name}" AS HUGEINT) AS "{field.name}"' for field in table.schema if _is_whole(field.type)
        ]
        replaced = f" REPLACE ({', '.join(whole)})" if whole else ""
        self.store(name, f"SELECT *{replaced} FROM {name}_arrow")  # noqa: S608 - names are the code's own
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
        self._run(f"CREATE OR REPLACE TEMP TABLE {name} AS {self.adapted(sql)}")

    def adapted(self, sql: str) -> str:
        return sql.replace(_WHOLE, "HUGEINT")

    def types(self, sql: str) -> dict[str, str]:
        return {row[0]: row[1] for row in self.connection.execute(f"DESCRIBE {self.adapted(sql)}").fetchall()}

    def fetch(self, sql: str) -> pa.Table:
        return self._run(sql).to_arrow_table()

    def close(self) -> None:
        self.connection.close()

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        try:
            return self.connection.execute(sql)
        except (duckdb.OutOfRangeException, duckdb.ConversionException) as error:
            raise NumberOverflowError(str(error).splitlines()[0]) from error

    def _forget(self, name: str) -> None:
        kinds = self.connection.execute(
            "SELECT table_type FROM information_schema.tables WHERE table_name = ?", [name]
        ).fetchall()
        if kinds and kinds[0][0] != "VIEW":
            self.connection.execute(f"DROP TABLE {name}")


def _is_whole(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind)) and kind.scale == 0
