"""The further columns of a record as one JSON object, written as PostgreSQL writes what it keeps as jsonb.

The hash of a record's content is taken of that text before the record is in the books, and again of the stored one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import duckdb

_written = json.JSONEncoder(ensure_ascii=False).encode


def object_text(cells: Mapping[str, str]) -> str | None:
    """An object of texts; nothing for one without any."""
    if len(cells) > 1:
        cells = {name: cells[name] for name in sorted(cells, key=_place)}
    return _written(cells) if cells else None


def object_texts(columns: Mapping[str, Sequence[str]]) -> list[str]:
    """The same of rows that all have these columns, at least one; what is told twice is written once."""
    names = sorted(columns, key=_place)
    rows = list(zip(*(columns[name] for name in names), strict=True))
    written = {cells: _written(dict(zip(names, cells, strict=True))) for cells in set(rows)}
    return [written[cells] for cells in rows]


def object_expression(columns: Mapping[str, str]) -> str:
    """The same over columns, by the names that they have in the object; an empty cell has no part in it.

    The macro `quoted` must be there.
    """
    if not columns:
        return "NULL"
    parts = [
        f"CASE WHEN {columns[name]} IS NOT NULL THEN {literal(_string(name) + ': ')} || quoted({columns[name]}) END"
        for name in sorted(columns, key=_place)
    ]
    return f"'{{' || nullif(concat_ws(', ', {', '.join(parts)}), '') || '}}'"


def add_quoted(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the macro `quoted`: a text as a JSON string. Few texts have anything to escape."""
    connection.create_function("json_string", _string, ["VARCHAR"], "VARCHAR")
    is_odd = r"""regexp_matches(cell, '[\x01-\x1f"\\]')"""
    connection.execute(
        f"""CREATE MACRO quoted(cell) AS CASE WHEN {is_odd} THEN json_string(cell) ELSE '"' || cell || '"' END"""
    )


def literal(text: str) -> str:
    """A text within a statement of DuckDB."""
    return "'" + text.replace("'", "''") + "'"


def _string(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _place(name: str) -> tuple[int, bytes]:
    """PostgreSQL keeps the keys of an object in this order: the shorter first."""
    written = name.encode()
    return len(written), written
