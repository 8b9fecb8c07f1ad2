"""Apache Spark, on a cluster or in this process: the second backend (extra `spark`)."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import pyarrow as pa
from ibis.backends.sql.compilers.pyspark import compiler
from pyspark.errors import ArithmeticException, PySparkException
from pyspark.sql import SparkSession

from ratable.errors import NumberOverflowError

# Spark's `div` gives BIGINT and wraps silently; a difference that divides exactly may use `/`.
_WHOLE = "CAST(({n} - {n} % {d}) / {d} AS DECIMAL(38, 0))"
_SIZE = "(abs(a) * abs(b))"
_SIGN = "CASE WHEN (a < 0) <> (b < 0) THEN CAST(-1 AS DECIMAL(38, 0)) ELSE CAST(1 AS DECIMAL(38, 0)) END"
_THREE = "a DECIMAL(38, 0), b DECIMAL(38, 0), c DECIMAL(38, 0)"
_HALF_UP = "(abs(a) * abs(b) + " + _WHOLE.format(n="c", d="2") + ")"
_QUOTIENT = _WHOLE.format(n=_SIZE, d="c")
_MACROS = {
    f"mul_div_half_up({_THREE}) RETURNS DECIMAL(38, 0)": f"{_SIGN} * {_WHOLE.format(n=_HALF_UP, d='c')}",
    f"mul_div_floor({_THREE}) RETURNS DECIMAL(38, 0)": _WHOLE.format(n="(a * b)", d="c"),
    f"mul_div_half_even({_THREE}) RETURNS DECIMAL(38, 0)": (
        f"{_SIGN} * ({_QUOTIENT} + CASE WHEN 2 * ({_SIZE} % c) + {_QUOTIENT} % 2 > c THEN 1 ELSE 0 END)"
    ),
    "scaled_e12(value DECIMAL(38, 12)) RETURNS DECIMAL(38, 0)": (
        "CAST(value * CAST('1000000000000' AS DECIMAL(13, 0)) AS DECIMAL(38, 0))"
    ),
    "local_day(zone STRING, instant TIMESTAMP) RETURNS DATE": "CAST(from_utc_timestamp(instant, zone) AS DATE)",
    "json_text(record STRING, key STRING) RETURNS STRING": "get_json_object(record, concat('$.', key))",
    "hash64(words STRING) RETURNS BIGINT": "xxhash64(words)",
}


def local_session(cores: int = 1) -> SparkSession:
    """A Spark session in this process, for small data and tests."""
    return (
        SparkSession.builder.master(f"local[{cores}]")
        .appName("ratable")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.ansi.enabled", "true")
        .config("spark.sql.shuffle.partitions", str(cores))
        .config("spark.default.parallelism", str(cores))
        # A checkpoint carries constraints over columns that a union then renames: "key not found".
        .config("spark.sql.constraintPropagation.enabled", "false")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.adaptive.enabled", "false")
        # On a handful of rows, compiling code for each statement costs more than running it.
        .config("spark.sql.codegen.wholeStage", "false")
        .config("spark.sql.codegen.factoryMode", "NO_CODEGEN")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )


class SparkBackend:
    """One Spark session with the exact-arithmetic functions.

    Without a session one is started in this process, and tables are kept by the driver, which is
    quickest for small data; with one, tables stay on the cluster.
    """

    dialect = "pyspark"

    def __init__(self, session: SparkSession | None = None) -> None:
        self._is_local = session is None
        self.session = session or local_session()
        for signature, body in _MACROS.items():
            self.session.sql(f"CREATE OR REPLACE TEMPORARY FUNCTION {signature} RETURN {body}")

    def bind(self, name: str, table: pa.Table) -> None:
        # Of a table in several chunks Spark would read the first only.
        self.session.createDataFrame(table.combine_chunks()).createOrReplaceTempView(name)

    def bind_parquet(self, name: str, path: str, columns: Mapping[str, str]) -> None:
        chosen = [f"{expression} AS {column}" for column, expression in columns.items()]
        self.session.read.parquet(path).selectExpr(*chosen).createOrReplaceTempView(name)

    def parquet_columns(self, path: str) -> tuple[str, ...]:
        return tuple(self.session.read.parquet(path).columns)

    def sql_type(self, dtype: ibis.expr.datatypes.DataType) -> str:
        return str(compiler.type_mapper.to_string(dtype))

    def store(self, name: str, sql: str) -> None:
        try:
            # Either way cuts the plan, so that a table may be replaced by one made from it.
            if self._is_local:
                self.bind(name, self.session.sql(sql).toArrow())
                return
            rows = self.session.sql(sql).localCheckpoint(eager=True)
        except ArithmeticException as error:
            raise NumberOverflowError(str(error)) from error
        rows.createOrReplaceTempView(name)

    def types(self, sql: str) -> dict[str, str]:
        return dict(self.session.sql(sql).dtypes)

    def fetch(self, sql: str) -> pa.Table:
        try:
            return self.session.sql(sql).toArrow()
        except PySparkException as error:
            raise _overflow_or(error) from error

    def close(self) -> None:
        self.session.stop()


def _overflow_or(error: PySparkException) -> Exception:
    return NumberOverflowError(str(error)) if isinstance(error, ArithmeticException) else error
