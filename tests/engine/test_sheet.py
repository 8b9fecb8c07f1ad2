"""The sheet: compile once and run often, nothing inexact, files that lack columns."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ratable.backends import Sheet, connect
from ratable.backends.sheet import Compiled
from ratable.errors import InvariantError
from tests.factories import empty, expect, rows, table

NUMBERS = ibis.schema({"id": "string", "amount": "int64"})
TEXT = "id | amount\na | 1\nb | 2"


@pytest.fixture
def own(sheet: Sheet) -> Sheet:
    """A sheet on the same backend that has compiled nothing."""
    return Sheet(sheet.backend, compiled={})


def doubled(numbers: ir.Table) -> ir.Table:
    return numbers.mutate(amount=numbers.amount * 2)


def above(numbers: ir.Table, *, least: int) -> ir.Table:
    return numbers.filter(numbers.amount >= least)


def test_a_function_is_compiled_once_and_reads_what_stands_there_now(own: Sheet, monkeypatch: pytest.MonkeyPatch):
    compiled: list[ir.Table] = []
    to_sql = ibis.to_sql

    def counted(expression: ir.Table, **named: str) -> str:
        compiled.append(expression)
        return str(to_sql(expression, **named))

    monkeypatch.setattr(ibis, "to_sql", counted)

    expect(own, own.run(doubled, table(own, "numbers", NUMBERS, TEXT)), "id | amount\na | 2\nb | 4")
    expect(own, own.run(doubled, table(own, "numbers", NUMBERS, "id | amount\nc | 5")), "id | amount\nc | 10")
    assert len(compiled) == 1


def test_what_one_sheet_has_compiled_another_only_runs(sheet: Sheet, monkeypatch: pytest.MonkeyPatch):
    compiled: Compiled = {}
    first, second = Sheet(sheet.backend, compiled=compiled), Sheet(sheet.backend, compiled=compiled)
    numbers = table(first, "numbers", NUMBERS, TEXT)
    expect(first, first.run(doubled, numbers), "id | amount\na | 2\nb | 4")
    monkeypatch.delattr(ibis, "to_sql")

    expect(second, second.run(doubled, numbers, into="doubled_elsewhere"), "id | amount\na | 2\nb | 4")
    assert len(compiled) == 1


def test_a_variant_is_another_statement(own: Sheet):
    numbers = table(own, "numbers", NUMBERS, TEXT)

    expect(own, own.run(above, numbers, least=1), TEXT)
    expect(own, own.run(above, numbers, least=2), "id | amount\nb | 2")
    expect(own, own.run(above, numbers, least=1), TEXT)


def test_a_result_has_the_name_of_its_function_or_its_own(own: Sheet):
    numbers = table(own, "numbers", NUMBERS, TEXT)
    once = own.run(doubled, numbers)
    twice = own.run(doubled, once, into="doubled_twice")

    assert (once.name, twice.name) == ("doubled", "doubled_twice")
    expect(own, once, "id | amount\na | 2\nb | 4")
    expect(own, twice, "id | amount\na | 4\nb | 8")


def test_a_result_may_take_the_place_of_its_input(own: Sheet):
    numbers = table(own, "numbers", NUMBERS, TEXT)

    expect(own, own.run(doubled, numbers, into="numbers"), "id | amount\na | 2\nb | 4")


def halved(numbers: ir.Table) -> ir.Table:
    return numbers.mutate(half=numbers.amount / 2)


def test_a_statement_that_would_compute_in_floating_point_is_refused(own: Sheet):
    numbers = table(own, "numbers", NUMBERS, TEXT)

    with pytest.raises(InvariantError, match="halved would compute in floating point"):
        own.run(halved, numbers)


def test_what_one_sheet_has_refused_no_other_runs(sheet: Sheet):
    compiled: Compiled = {}
    numbers = table(sheet, "numbers", NUMBERS, TEXT)

    for each in (Sheet(sheet.backend, compiled=compiled), Sheet(sheet.backend, compiled=compiled)):
        with pytest.raises(InvariantError, match="halved would compute in floating point"):
            each.run(halved, numbers)


def test_rows_are_counted(own: Sheet):
    assert own.count(table(own, "numbers", NUMBERS, TEXT)) == 2
    assert own.count(empty(own, "numbers", NUMBERS)) == 0


def test_an_arrow_table_is_cast_to_its_schema_and_other_columns_are_left(own: Sheet):
    arrow = pa.table({"other": [True], "amount": pa.array([7], pa.int8()), "id": ["a"]})

    assert rows(own, own.bind("numbers", arrow, NUMBERS)) == [{"id": "a", "amount": 7}]


def test_an_arrow_table_that_lacks_a_column_is_refused(own: Sheet):
    with pytest.raises(KeyError, match="amount"):
        own.bind("numbers", pa.table({"id": ["a"]}), NUMBERS)


def test_columns_that_a_parquet_file_lacks_read_as_null(own: Sheet, tmp_path: Path):
    path = tmp_path / "it's.parquet"  # a quote in a path is no end of a text
    pq.write_table(pa.table({"id": ["a"], "quantity": pa.array([Decimal("1.5")], pa.decimal128(10, 2))}), path)
    schema = ibis.schema(
        {"id": "string", "quantity": "decimal(38, 12)", "used_on": "date", "amount": "decimal(38, 12)"}
    )

    assert rows(own, own.bind_parquet("from_file", str(path), schema)) == [
        {"id": "a", "quantity": Decimal("1.500000000000"), "used_on": None, "amount": None}
    ]


def test_dates_of_a_parquet_file_are_dates(own: Sheet, tmp_path: Path):
    path = tmp_path / "days.parquet"
    pq.write_table(pa.table({"used_on": ["2026-01-31"]}), path)

    assert rows(own, own.bind_parquet("days", str(path), ibis.schema({"used_on": "date"}))) == [
        {"used_on": date(2026, 1, 31)}
    ]


def test_sheets_do_not_see_each_other():
    one, other = connect(), connect()
    stored = table(one, "numbers", NUMBERS, TEXT)

    with pytest.raises(Exception, match="numbers"):
        other.count(stored)
    one.backend.close()
    other.backend.close()
