"""A report as people read it: major units, months without days, columns named without their unit.

Owns how a value of each unit is shown. It sums nothing and rounds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from ratable.money import minor_unit_digits, to_major
from ratable.reports import Column, as_counted, counted_in

Value = str | int | bool | Decimal | date | datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A column as it is shown: `amount_minor` of the report is `amount` here."""

    name: str
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownTable:
    """A report with its rows; an amount has exactly the decimal places of its row's currency."""

    name: str
    title: str
    columns: tuple[Shown, ...]
    rows: tuple[tuple[Value, ...], ...]
    currencies: tuple[str, ...]  # of each row; empty where it has none

    @property
    def names(self) -> list[str]:
        """The column names."""
        return [column.name for column in self.columns]


def show(name: str, title: str, *, columns: Sequence[Column], table: pa.Table) -> ShownTable:
    """Bring the rows of a report to what people read; `columns` are those of its catalogue entry."""
    rows = table.select([column.name for column in columns]).to_pylist()
    currencies = tuple(str(row.get("currency") or "") for row in rows)
    return ShownTable(
        name=name,
        title=title,
        columns=tuple(
            Shown(
                name=column.name.removesuffix("_minor") if column.unit == "minor" else column.name,
                unit="amount" if column.unit == "minor" else column.unit,
                meaning=column.meaning,
            )
            for column in columns
        ),
        rows=tuple(tuple(_value(row, column) for column in columns) for row in rows),
        currencies=currencies,
    )


def text_of(value: Value, unit: str) -> str:
    """A value in plain digits and ISO dates; nothing is empty."""
    if value is None:
        return ""
    if unit == "month" and isinstance(value, date):
        return f"{value:%Y-%m}"
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat() if isinstance(value, date) else str(value)


def digits_of(shown: ShownTable) -> int:
    """The most decimal places that an amount of the table has."""
    return max((minor_unit_digits(currency) for currency in shown.currencies if currency), default=0)


def _value(row: Mapping[str, Any], column: Column) -> Value:
    value: Value = row[column.name]
    if column.unit == "minor" and isinstance(value, int):
        currency = str(row.get("currency") or "")  # a month in which nothing is booked has none
        return to_major(value, currency) if currency else Decimal(value)
    if column.unit == "exact" and isinstance(value, Decimal) and "unit" in row:
        return as_counted(value, str(row["unit"]), str(row["currency"] or ""))
    return counted_in(str(value)) if column.name == "unit" else value
