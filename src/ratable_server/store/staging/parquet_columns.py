"""Parquet as texts: every value becomes the text that it exactly is, and quantities that are not exact are refused."""

from __future__ import annotations

from pathlib import Path

import duckdb

from ratable_server.store.staging.json_objects import literal
from ratable_server.store.staging.problems import unreadable

_INEXACT = {"FLOAT", "DOUBLE"}
_NESTED = ("STRUCT", "MAP", "UNION")
_BLANKS = r"\s\x1c-\x1f\x85\pZ"  # what `str.strip` takes
_INSTANT = "TIMESTAMP WITH TIME ZONE"


class ParquetFile:
    """The columns of a Parquet file, and the query for its rows."""

    def __init__(self, path: Path, connection: duckdb.DuckDBPyConnection) -> None:
        self._source = f"read_parquet({literal(str(path))}, file_row_number = true)"
        try:
            described = connection.execute(
                f"DESCRIBE SELECT * EXCLUDE (file_row_number) FROM {self._source}"
            ).fetchall()
        except duckdb.Error as error:
            raise unreadable(f"is not a readable Parquet file: {error}") from error
        self._types = {str(name): str(kind) for name, kind, *_ in described}
        self.columns = list(self._types)

    def query(self) -> str:
        """The rows as texts `cell_0` and so on, with their `place` from 0."""
        cells = [f"{_text_of(name, kind)} AS cell_{at}" for at, (name, kind) in enumerate(self._types.items())]
        return f"SELECT file_row_number AS place, {', '.join(cells)} FROM {self._source}"


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
