"""A file of usage as a table of texts in DuckDB, whatever its format, until it is in the books or refused.

Owns how the formats become one table: a row for each record, a column for each thing that a record can say, and all
further columns as one JSON object. What a text means is `reading`. A file larger than the memory that this may take
goes to a temporary folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from tempfile import TemporaryDirectory

import duckdb
import pyarrow as pa
from pyarrow import csv

from ratable_server.store.staging.columns import FACT, PREPAID, Layout
from ratable_server.store.staging.json_objects import add_quoted, object_expression
from ratable_server.store.staging.problems import unreadable

MEMORY = "768MB"
_THREADS = 1  # so that rows come out in their order; the other processor is the database's
_ROWS_AT_ONCE = 20_000
CELLS = (*FACT, *PREPAID, "dimensions")


class Texts:
    """The rows of one file; `connection` has them as the table `texts`, or as another one with other words."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, *, table: str = "texts", words: Sequence[str] = (*FACT, *PREPAID)
    ) -> None:
        self.connection = connection
        self.row_count = 0
        self._table, self._words = table, tuple(words)
        self._cells = (*self._words, "dimensions")
        columns = ", ".join(f'"{name}" VARCHAR' for name in self._cells)
        connection.execute(f'CREATE TABLE {table} ("row" BIGINT, {columns})')

    def add_csv(self, layout: Layout, blocks: Iterable[bytes]) -> None:
        """The rows of CSV without a header, in whole lines."""
        names = _names(layout)
        insert = self._inserting(layout, "block")
        for block in blocks:
            if block:
                self._add(insert, _read_csv(block, names))

    def add_rows(self, rows: Iterable[Sequence[str | None]]) -> None:
        """Rows one by one, in the order of a record's columns and then the object of its further ones."""
        insert = f'INSERT INTO {self._table} SELECT "row", {", ".join(self._cells)} FROM block'
        cells = iter(rows)
        while some := list(islice(cells, _ROWS_AT_ONCE)):
            columns = [pa.array(column, pa.string()) for column in zip(*some, strict=True)]
            self._add(insert, pa.table(columns, names=list(self._cells)))

    def add_parquet(self, layout: Layout, query: str) -> None:
        """The rows of a query of a Parquet file."""
        block = f'(SELECT place + 1 AS "row", * FROM ({query}))'
        try:
            (self.row_count,) = self.connection.execute(self._inserting(layout, block)).fetchall()[0]
        except duckdb.Error as error:
            raise unreadable(f"is not a readable Parquet file: {error}") from error
        if self._has_nul():
            raise unreadable("a cell has a NUL character")

    def _has_nul(self) -> bool:
        anywhere = " OR ".join(f"contains({name}, chr(0))" for name in CELLS)
        return bool(self.connection.execute(f"SELECT count(*) FROM texts WHERE {anywhere}").fetchall()[0][0])

    def _inserting(self, layout: Layout, source: str) -> str:
        cells = _names(layout)
        known = [cells[layout.known[word]] if word in layout.known else "NULL" for word in self._words]
        further = {name: cells[place] for name, place in layout.further.items()}
        return f'INSERT INTO {self._table} SELECT "row", {", ".join(known)}, {object_expression(further)} FROM {source}'

    def _add(self, insert: str, block: pa.Table) -> None:
        first = self.row_count + 1
        self.row_count += block.num_rows
        numbers = pa.array(range(first, self.row_count + 1), pa.int64())
        self.connection.register("block", block.append_column("row", numbers))
        self.connection.execute(insert)
        self.connection.unregister("block")


@contextmanager
def opened_texts() -> Iterator[Texts]:
    """An empty table, gone at the end."""
    with TemporaryDirectory(prefix="ratable-usage-") as folder:
        config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY,
            "threads": _THREADS,
            "temp_directory": folder,
            "arrow_large_buffer_size": True,  # so that a column may be as long as its texts are
        }
        with duckdb.connect(config=config) as connection:
            connection.execute("SET TimeZone = 'UTC'")
            add_quoted(connection)
            yield Texts(connection)


def _names(layout: Layout) -> list[str]:
    return [f"cell_{place}" for place in range(layout.width)]


def _read_csv(block: bytes, names: list[str]) -> pa.Table:
    try:
        return csv.read_csv(
            pa.BufferReader(block),
            read_options=csv.ReadOptions(column_names=names, use_threads=False, block_size=len(block) + 1),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=True,
            ),
        )
    except pa.ArrowInvalid as error:
        raise unreadable(f"cannot be read: {error}") from error
