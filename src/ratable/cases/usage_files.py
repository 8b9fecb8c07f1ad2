"""The rows of usage files: CSV and Parquet as texts by column name.

Owns what makes a file unreadable as a whole. A cell that is no date or number is not judged here:
it is a fact that is rejected when the case is played. A row whose cells cannot be told apart is
malformed: a quantity `1,234` without quotes would otherwise count as 1.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from ratable.errors import MalformedCaseError

Texts = dict[str, str | None]


def texts_of(path: Path) -> Iterator[Texts]:
    """The rows of a usage file; an empty cell is None.

    Raises:
        MalformedCaseError: names the file, and the line and row where there is one.
    """
    for number, (line, row) in enumerate(_parquet(path) if path.suffix == ".parquet" else _csv(path), start=1):
        if row.get("used_on") and row.get("used_at"):
            raise MalformedCaseError(path, line, "used_at", f"row {number}: used_on and used_at do not go together")
        for name in ("id", "item"):
            text = row.get(name)
            if text and text.startswith("!"):
                raise MalformedCaseError(path, line, name, f"row {number}: {text!r} begins with !, as no id may")
        yield row


def _csv(path: Path) -> Iterator[tuple[int, Texts]]:
    line = 1
    try:
        with path.open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.reader(lines, strict=True)
            columns = [name.strip() for name in next(reader, [])]
            _check_columns(path, columns)
            number = 0
            for cells in reader:
                line = reader.line_num
                if not cells:
                    continue
                number += 1
                if len(cells) != len(columns):
                    message = f"row {number} has {len(cells)} cells where the header has {len(columns)}"
                    raise MalformedCaseError(path, line, "", message)
                yield line, {name: cell.strip() or None for name, cell in zip(columns, cells, strict=True)}
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise MalformedCaseError(path, line, "", f"is not a CSV file in UTF-8: {error}") from error


def _parquet(path: Path) -> Iterator[tuple[int, Texts]]:
    try:
        table = pq.read_table(path)
        _check_columns(path, table.column_names)
        for name in ("quantity", "amount"):
            if name in table.column_names and pa.types.is_floating(table.schema.field(name).type):
                raise MalformedCaseError(path, 1, name, "a column of floating point is not exact; use decimal or text")
        rows = table.to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError) as error:
        raise MalformedCaseError(path, 1, "", f"is not a readable Parquet file: {error}") from error
    for row in rows:
        yield 1, {name: _text_or_none(value) for name, value in row.items()}


def _check_columns(path: Path, columns: list[str]) -> None:
    doubled = sorted({name for name in columns if columns.count(name) > 1})
    if doubled:
        raise MalformedCaseError(path, 1, doubled[0], "two columns have this name")
    if not {"used_on", "used_at"} & set(columns):
        raise MalformedCaseError(path, 1, "used_on", "a usage file has a column used_on or used_at")
    if not {"quantity", "amount"} & set(columns):
        raise MalformedCaseError(path, 1, "quantity", "a usage file has a column quantity or amount")


def _text_or_none(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, Decimal):
        return f"{value:f}"
    return (value.isoformat() if isinstance(value, date) else str(value)).strip() or None
