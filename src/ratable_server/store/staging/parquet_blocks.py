"""Parquet as COPY takes it: DuckDB reads, every value becomes the text that it exactly is."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from types import TracebackType
from typing import Self

import duckdb
from pyarrow import csv

from ratable_server.store.staging.problems import unreadable

_ROWS_AT_ONCE = 50_000
_MEMORY = "512MB"
_INEXACT = {"FLOAT", "DOUBLE"}
_NESTED = ("STRUCT", "MAP", "UNION")
_BLANKS = r"\s\x1c-\x1f\x85\pZ"  # what `str.strip` takes
_INSTANT = "TIMESTAMP WITH TIME ZONE"


class ParquetFile:
    """The columns of a Parquet file, and its rows in blocks for `COPY ... (FORMAT csv)`."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._connection = duckdb.connect(config={"memory_limit": _MEMORY, "threads": 1})
        self._connection.execute("SET TimeZone = 'UTC'")
        try:
            described = self._connection.execute("DESCRIBE SELECT * FROM read_parquet(?)", [self._path]).fetchall()
        except duckdb.Error as error:
            raise unreadable(f"is not a readable Parquet file: {error}") from error
        self._types = {str(name): str(kind) for name, kind, *_ in described}
        self.columns = list(self._types)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def rows(self) -> Iterator[bytes]:
        """The rows, in their order."""
        texts = ", ".join(_text_of(name, kind) for name, kind in self._types.items())
        try:
            found = self._connection.execute(f"SELECT {texts} FROM read_parquet(?)", [self._path])  # noqa: S608
            for batch in found.to_arrow_reader(_ROWS_AT_ONCE):
                written = BytesIO()
                csv.write_csv(batch, written, csv.WriteOptions(include_header=False, quoting_style="needed"))
                block = written.getvalue()
                if b"\0" in block:
                    raise unreadable("a cell has a NUL character")
                yield block
        except duckdb.Error as error:
            raise unreadable(f"is not a readable Parquet file: {error}") from error


def _text_of(name: str, kind: str) -> str:
    """A column as text; quantities in floating point are refused, since they are not what was measured."""
    column = '"' + name.replace('"', '""') + '"'
    if kind in _INEXACT and name in {"quantity", "amount"}:
        raise unreadable(f"{name} is a column of floating point, which is not exact; use decimal or text")
    if kind.endswith("]") or kind.startswith(_NESTED) or kind == "BLOB":
        raise unreadable(f"{name} is a column of {kind}, where texts or numbers belong")
    if kind == _INSTANT:
        return f"strftime({column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S.%fZ')"
    if kind == "VARCHAR":
        return f"nullif(regexp_replace({column}, '^[{_BLANKS}]+|[{_BLANKS}]+$', '', 'g'), '')"
    return f"CAST({column} AS VARCHAR)"
