"""Reports as files: exact digits in every format, and texts that stay texts."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from ratable.reports import CATALOGUE, Column
from ratable_server.exports import TABLE_FORMATS, ExportRefusedError, ShownTable, rich_table, show, write_table

COLUMNS = (
    Column(name="customer_id", unit="id", meaning="who buys", role="key"),
    Column(name="currency", unit="word", meaning="the currency", role="key"),
    Column(name="period", unit="month", meaning="the month", role="key"),
    Column(name="on", unit="day", meaning="the day", role="key"),
    Column(name="amount_minor", unit="minor", meaning="how much", role="figure"),
    Column(name="left_value", unit="exact", meaning="a long number", role="figure"),
    Column(name="lines", unit="count", meaning="how many", role="figure"),
    Column(name="closed_at", unit="instant", meaning="when", role="attribute"),
    Column(name="is_blocking", unit="flag", meaning="does it block?", role="attribute"),
)
AT = datetime(2026, 4, 2, 8, 30, tzinfo=UTC)
MARCH = date(2026, 3, 1)
LONG = 12345678901234567891234
ROWS = [
    ("=1+1", "USD", MARCH, date(2026, 3, 31), -500, 1, 3, AT, True),
    ("Delphine, Média", "EUR", MARCH, date(2026, 3, 31), 9007199254740993, LONG, 0, None, False),
    ("[bold]", "JPY", MARCH, date(1, 1, 1), 1200, 0, 1, None, False),
    ("'@x", "KWD", MARCH, date(2026, 3, 31), 1234567, 0, 1, None, None),
]


def shown() -> ShownTable:
    schema = pa.schema([pa.field(one.name, _type(one)) for one in COLUMNS])
    rows = [dict(zip(schema.names, row, strict=True)) for row in ROWS]
    return show("made_up", "Made up", columns=COLUMNS, table=pa.Table.from_pylist(rows, schema=schema))


def _type(column: Column) -> pa.DataType:
    kinds = {
        "string": pa.string(), "date": pa.date32(), "int64": pa.int64(), "boolean": pa.bool_(),
        "decimal(38, 0)": pa.decimal128(38, 0), "timestamp('UTC')": pa.timestamp("us", tz="UTC"),
    }  # fmt: skip
    return kinds[column.type]


def sheet_of(content: bytes) -> Any:
    """The only sheet of a workbook."""
    return openpyxl.load_workbook(io.BytesIO(content)).active


def test_csv_has_exact_digits_and_escapes_what_begins_like_a_formula():
    rows = list(csv.reader(io.StringIO(write_table(shown(), "csv").decode(), newline="")))

    assert rows[0] == [
        "customer_id", "currency", "period", "on", "amount", "left_value", "lines", "closed_at", "is_blocking",
    ]  # fmt: skip
    assert rows[1] == ["'=1+1", "USD", "2026-03", "2026-03-31", "-5.00", "1", "3", "2026-04-02T08:30:00Z", "yes"]
    assert rows[2][:6] == ["Delphine, Média", "EUR", "2026-03", "2026-03-31", "90071992547409.93", str(LONG)]
    assert [row[4] for row in rows[3:]] == ["1200", "1234.567"]
    assert rows[4][0] == "''@x"
    assert rows[4][8] == ""


def test_json_has_amounts_as_texts_and_counts_as_numbers():
    told = json.loads(write_table(shown(), "json"))

    assert told["report"] == "made_up"
    assert told["columns"][4] == {"name": "amount", "unit": "amount", "meaning": "how much"}
    assert told["rows"][1] == {
        "customer_id": "Delphine, Média",
        "currency": "EUR",
        "period": "2026-03",
        "on": "2026-03-31",
        "amount": "90071992547409.93",
        "left_value": str(LONG),
        "lines": 0,
        "closed_at": None,
        "is_blocking": False,
    }
    assert told["rows"][0]["customer_id"] == "=1+1"  # no spreadsheet reads JSON by a double click


def test_parquet_has_decimals_of_the_most_digits_and_says_what_a_column_means():
    table = pq.read_table(io.BytesIO(write_table(shown(), "parquet")))

    assert table.schema.field("amount").type == pa.decimal128(38, 3)
    assert table.schema.field("amount").metadata == {b"unit": b"amount", b"meaning": b"how much"}
    assert table["amount"].to_pylist() == [
        Decimal("-5.000"), Decimal("90071992547409.930"), Decimal("1200.000"), Decimal("1234.567"),
    ]  # fmt: skip
    assert table["period"].to_pylist() == [MARCH] * 4
    assert table["left_value"].to_pylist()[1] == LONG
    assert table["closed_at"].to_pylist()[0] == AT


def test_xlsx_has_numbers_dates_and_a_frozen_header():
    sheet = sheet_of(write_table(shown(), "xlsx"))

    assert sheet.title == "Made up"
    assert sheet.freeze_panes == "A2"
    amount = sheet["E2"]
    assert (amount.value, amount.data_type, amount.number_format) == (-5, "n", "#,##0.00")
    assert (sheet["E4"].value, sheet["E4"].number_format) == (1200, "#,##0")
    assert sheet["E5"].number_format == "#,##0.000"
    assert (sheet["C2"].value, sheet["C2"].number_format) == (datetime(2026, 3, 1), "yyyy-mm")  # noqa: DTZ001
    assert (sheet["D2"].value, sheet["D2"].number_format) == (datetime(2026, 3, 31), "yyyy-mm-dd")  # noqa: DTZ001
    assert sheet["H2"].value == AT.replace(tzinfo=None)
    assert sheet["D4"].value == "0001-01-01"
    assert sheet["I5"].value is None


def test_xlsx_keeps_a_formula_as_a_text():
    cell = sheet_of(write_table(shown(), "xlsx"))["A2"]

    assert (cell.value, cell.data_type, cell.quotePrefix) == ("=1+1", "s", True)


def test_xlsx_has_the_digits_of_the_amount_and_more_than_a_sheet_can_count_as_text():
    """2^53 + 1 is the first whole number that a float cannot hold."""
    with zipfile.ZipFile(io.BytesIO(write_table(shown(), "xlsx"))) as archive:
        xml = archive.read("xl/worksheets/sheet1.xml").decode()

    assert "<v>-5.00</v>" in xml
    assert "<v>1234.567</v>" in xml
    assert "<t>90071992547409.93</t>" in xml
    assert f"<t>{LONG}</t>" in xml


def test_a_long_amount_within_fifteen_digits_is_a_number_to_the_last_digit():
    column = (COLUMNS[1], COLUMNS[4])
    table = pa.table({"currency": ["USD"], "amount_minor": pa.array([999999999999999], pa.int64())})
    content = write_table(show("one", "One", columns=column, table=table), "xlsx")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "<v>9999999999999.99</v>" in archive.read("xl/worksheets/sheet1.xml").decode()


def test_characters_that_xml_cannot_hold_are_left_out_of_a_sheet():
    table = pa.table({"customer_id": ["a\x00b\x1fc"]})
    content = write_table(show("one", "One", columns=COLUMNS[:1], table=table), "xlsx")

    assert sheet_of(content)["A2"].value == "abc"


def test_the_terminal_shows_thousands_and_takes_no_markup_from_data():
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(rich_table(shown()))
    text = console.export_text()

    assert "-5.00" in text
    assert "90,071,992,547,409.93" in text
    assert "[bold]" in text


@pytest.mark.parametrize("format", TABLE_FORMATS)
@pytest.mark.parametrize("name", CATALOGUE)
def test_every_report_can_be_written_without_rows(format: str, name: str):
    report = CATALOGUE[name]
    empty = show(name, report.title, columns=report.columns, table=report.schema.to_pyarrow().empty_table())

    assert write_table(empty, format)


def test_an_unknown_format_is_refused_by_name():
    with pytest.raises(ExportRefusedError, match="export_format_must_be_known: pdf; there are csv, xlsx"):
        write_table(shown(), "pdf")
