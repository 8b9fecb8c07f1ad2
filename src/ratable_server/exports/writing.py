"""Tables of reports as files: CSV, XLSX, Parquet, JSON, and a table for the terminal.

No amount passes through a float on the way into a file. openpyxl writes numbers, Decimal too, by the format
%.16g, which goes through one and keeps 16 digits: amounts are handed to it as the digits themselves, in a
cell of the type number. A spreadsheet computes with 15 digits whatever the file says, so an amount with more
is written as text, where nobody adds it up and loses the last digit unseen.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, Cell
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet
from rich import box
from rich.table import Table

from ratable_server.exports.cells import csv_file, is_like_a_formula, text_cell
from ratable_server.exports.presenting import Shown, ShownTable, Value, digits_of, text_of
from ratable_server.exports.problems import ExportRefusedError

_TEXTS = ("id", "word")
_NUMBERS = ("amount", "exact", "count")
_SHEET_DIGITS = 15
_SHEET_NAME_LENGTH = 31
_DATE_FORMATS = {"day": "yyyy-mm-dd", "month": "yyyy-mm", "instant": "yyyy-mm-dd hh:mm:ss"}
_FIRST_SHEET_DAY = date(1900, 3, 1)  # before it, the calendar of spreadsheets has a day too many


def write_table(shown: ShownTable, format: str) -> bytes:
    """The file of a table.

    Raises:
        ExportRefusedError: export_format_must_be_known.
    """
    write = TABLE_FORMATS.get(format)
    if write is None:
        raise ExportRefusedError("export_format_must_be_known", f"{format}; there are {', '.join(TABLE_FORMATS)}")
    return write(shown)


def _csv(shown: ShownTable) -> bytes:
    return csv_file(shown.names, _csv_rows(shown))


def _csv_rows(shown: ShownTable) -> Iterator[list[str]]:
    for row in shown.rows:
        cells = zip(row, shown.columns, strict=True)
        yield [text_cell(text_of(v, c.unit)) if c.unit in _TEXTS else text_of(v, c.unit) for v, c in cells]


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────


def _json(shown: ShownTable) -> bytes:
    """Amounts and long numbers are texts: a reader that makes floats of numbers would lose digits."""
    told = {
        "report": shown.name,
        "title": shown.title,
        "columns": [{"name": c.name, "unit": c.unit, "meaning": c.meaning} for c in shown.columns],
        "rows": [
            {c.name: _json_value(value, c.unit) for value, c in zip(row, shown.columns, strict=True)}
            for row in shown.rows
        ],
    }
    return json.dumps(told, ensure_ascii=False, indent=1).encode() + b"\n"


def _json_value(value: Value, unit: str) -> str | int | bool | None:
    if value is None or isinstance(value, bool):
        return value
    return value if unit == "count" and isinstance(value, int) else text_of(value, unit)


# ── Parquet ──────────────────────────────────────────────────────────────────────────────────


def _parquet(shown: ShownTable) -> bytes:
    kinds = {
        "amount": pa.decimal128(38, digits_of(shown)),
        "count": pa.int64(),
        "flag": pa.bool_(),
        "day": pa.date32(),
        "month": pa.date32(),
        "instant": pa.timestamp("us", tz="UTC"),
    }
    columns = [[row[place] for row in shown.rows] for place in range(len(shown.columns))]
    fields = [
        pa.field(
            c.name,
            pa.decimal128(38, _places(values)) if c.unit == "exact" else kinds.get(c.unit, pa.string()),
            metadata={"unit": c.unit, "meaning": c.meaning},
        )
        for c, values in zip(shown.columns, columns, strict=True)
    ]
    arrays = [pa.array(values, field.type) for values, field in zip(columns, fields, strict=True)]
    sink = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=pa.schema(fields)), sink)
    return sink.getvalue()


def _places(values: Sequence[Value]) -> int:
    """The most decimal places of some numbers."""
    return max((-int(value.as_tuple().exponent) for value in values if isinstance(value, Decimal)), default=0)


# ── XLSX ─────────────────────────────────────────────────────────────────────────────────────


def _xlsx(shown: ShownTable) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(shown.title[:_SHEET_NAME_LENGTH])
    sheet.freeze_panes = "A2"
    for place, column in enumerate(shown.columns, start=1):
        width = max([len(column.name), *(len(text_of(row[place - 1], column.unit)) for row in shown.rows[:1000])])
        sheet.column_dimensions[get_column_letter(place)].width = min(width + 3, 60)
    sheet.append([_heading(sheet, column) for column in shown.columns])
    for row, currency in zip(shown.rows, shown.currencies, strict=True):
        sheet.append([_cell(sheet, v, c.unit, currency) for v, c in zip(row, shown.columns, strict=True)])
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(shown.columns))}{len(shown.rows) + 1}"
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


def _heading(sheet: WriteOnlyWorksheet, column: Shown) -> Cell:
    cell = _text(sheet, column.name)
    cell.font = Font(bold=True)
    return cell


def _cell(sheet: WriteOnlyWorksheet, value: Value, unit: str, currency: str) -> Cell | None:
    if value is None:
        return None
    if unit in _DATE_FORMATS and isinstance(value, date):
        return _date(sheet, value, unit)
    if unit in _NUMBERS and isinstance(value, int | Decimal):
        return _number(sheet, value, is_amount=unit == "amount" and bool(currency))
    return _text(sheet, text_of(value, unit))


def _number(sheet: WriteOnlyWorksheet, value: int | Decimal, *, is_amount: bool) -> Cell:
    digits = text_of(value, "amount")
    if len(digits.strip("-").replace(".", "").lstrip("0")) > _SHEET_DIGITS:
        return _text(sheet, digits)
    cell = WriteOnlyCell(sheet, value=digits)
    cell.data_type = "n"  # the digits stand in the file as they are
    places = len(digits.partition(".")[2])
    thousands = "#,##0" if is_amount else "0"
    cell.number_format = f"{thousands}.{'0' * places}" if places else thousands
    return cell


def _date(sheet: WriteOnlyWorksheet, value: date, unit: str) -> Cell:
    day = value.date() if isinstance(value, datetime) else value
    if day < _FIRST_SHEET_DAY:
        return _text(sheet, text_of(value, unit))
    instant = value if isinstance(value, datetime) else datetime.combine(value, time())
    cell = WriteOnlyCell(sheet, value=instant.replace(tzinfo=None))
    cell.number_format = _DATE_FORMATS[unit]
    return cell


def _text(sheet: WriteOnlyWorksheet, text: str) -> Cell:
    """A text, also where it looks like a formula; what XML cannot hold is left out."""
    cell = WriteOnlyCell(sheet, value=ILLEGAL_CHARACTERS_RE.sub("", text))
    cell.data_type = "s"
    cell.quotePrefix = is_like_a_formula(text)
    return cell


TABLE_FORMATS: Mapping[str, Callable[[ShownTable], bytes]] = {
    "csv": _csv,
    "xlsx": _xlsx,
    "parquet": _parquet,
    "json": _json,
}


# ── terminal ─────────────────────────────────────────────────────────────────────────────────


def rich_table(shown: ShownTable) -> Table:
    """The table for a terminal: numbers to the right, with thousands apart."""
    table = Table(title=shown.title, title_justify="left", box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in shown.columns:
        is_number = column.unit in _NUMBERS
        table.add_column(column.name, justify="right" if is_number else "left", no_wrap=is_number)
    for row in shown.rows:
        table.add_row(*(_printed(value, column.unit) for value, column in zip(row, shown.columns, strict=True)))
    return table


def _printed(value: Value, unit: str) -> str:
    """As text without markup: an id in square brackets is an id."""
    if unit == "amount" and isinstance(value, Decimal):
        return f"{value:,f}"
    return text_of(value, unit).replace("[", r"\[")
