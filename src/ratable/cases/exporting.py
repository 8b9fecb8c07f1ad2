"""Writes tables to a folder, each as CSV for people and as Parquet for programs.

Owns the files of `ratable run`. Figures are written as they are; a text that a spreadsheet would
take for a formula gets a leading apostrophe, in CSV only.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_tables(tables: Mapping[str, pa.Table], folder: Path) -> list[dict[str, object]]:
    """Write each table as <name>.csv and <name>.parquet; answer a record per table.

    Existing files of these names are replaced, others are left alone.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(name, table, folder) for name, table in tables.items()]


def _write(name: str, table: pa.Table, folder: Path) -> dict[str, object]:
    as_csv, as_parquet = folder / f"{name}.csv", folder / f"{name}.parquet"
    with as_csv.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.writer(lines, lineterminator="\n")
        writer.writerow(table.column_names)
        writer.writerows(_cells(table))
    pq.write_table(table, as_parquet)
    return {"table": name, "rows": table.num_rows, "csv": str(as_csv), "parquet": str(as_parquet)}


def _cells(table: pa.Table) -> Iterator[list[str]]:
    """The rows as texts, in batches, so that a large table is never doubled in memory."""
    is_text = [pa.types.is_string(field.type) or pa.types.is_large_string(field.type) for field in table.schema]
    for batch in table.to_batches(max_chunksize=10_000):
        columns = [column.to_pylist() for column in batch.columns]
        for values in zip(*columns, strict=True):
            yield [_cell(value, is_text=text) for value, text in zip(values, is_text, strict=True)]


def _cell(value: Any, *, is_text: bool) -> str:
    if value is None:
        return ""
    text = f"{value:f}" if hasattr(value, "as_tuple") else str(value)
    return f"'{text}" if is_text and text.startswith(FORMULA_STARTS) else text
