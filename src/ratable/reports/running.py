"""Running a report of the catalogue on a sheet, whole or summed over some of its keys."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from ratable.backends import Sheet, Stored
from ratable.reports.catalogue import CATALOGUE, Column, Report
from ratable.reports.inputs import DAY


def day_of(sheet: Sheet, at: date) -> Stored:
    """The input `day`: reports of a day look at its end."""
    return sheet.bind("report_day", pa.table({"at": pa.array([at], pa.date32())}), DAY)


def run_report(
    sheet: Sheet,
    name: str,
    inputs: Mapping[str, Stored],
    *,
    periods: tuple[date, date] | None = None,
    by: Sequence[str] | None = None,
    **options: Hashable,
) -> pa.Table:
    """The rows of a report in the order of its keys.

    `inputs` holds at least the tables that the report reads, under the names of `ratable.reports.INPUTS`.
    With `periods` (first month, last month) only rows of these months are given; what they open with comes
    from the months before, so the inputs hold these, too. With `by` the figures are summed over all other
    keys; currencies stay apart, attributes are left out.

    Raises:
        LookupError: no such report, no such key, a table or an option is missing or is not of the report.
    """
    report = CATALOGUE.get(name)
    if report is None:
        raise LookupError(f"no report {name}; there are {', '.join(CATALOGUE)}")
    _check(report, inputs, options)
    tables = [inputs[table] for table in report.inputs]
    stored = sheet.run(report.function, *tables, into=f"report_{name}", **dict(report.fixed), **options)
    if periods is not None:
        stored = _of_periods(sheet, report, stored, periods)
    if by is None:
        return _ordered(sheet.fetch(stored), report.columns)
    columns = summed_columns(report, by)
    keys = tuple(column.name for column in columns if column.role == "key")
    summed = sheet.run(_summed, stored, into=f"report_{name}_summed", keys=keys, figures=report.figures)
    return _ordered(sheet.fetch(summed), columns)


def _of_periods(sheet: Sheet, report: Report, rows: Stored, periods: tuple[date, date]) -> Stored:
    if "period" not in report.keys:
        raise LookupError(f"{report.name} has no periods")
    schema = ibis.schema({"first_on": "date", "last_on": "date"})
    span = sheet.bind_rows("report_span", [{"first_on": periods[0], "last_on": periods[1]}], schema)
    return sheet.run(_in_span, rows, span, into=f"report_{report.name}_in_span")


def _in_span(rows: ir.Table, span: ir.Table) -> ir.Table:
    inside = rows.cross_join(span)
    kept = inside.filter((inside.period >= inside.first_on) & (inside.period <= inside.last_on))
    return kept.select(list(rows.columns))


def summed_columns(report: Report, by: Sequence[str]) -> tuple[Column, ...]:
    """The columns of a report that is summed over all keys but `by`; what a figure is counted in stays a key."""
    unknown = [key for key in by if key not in report.keys]
    if unknown:
        raise LookupError(f"{report.name} has no key {', '.join(unknown)}; it has {', '.join(report.keys)}")
    kept = {*by, "currency", "unit"}
    return tuple(
        column for column in report.columns if column.role == "figure" or (column.role == "key" and column.name in kept)
    )


def _check(report: Report, inputs: Mapping[str, Stored], options: Mapping[str, Hashable]) -> None:
    missing = [table for table in report.inputs if table not in inputs]
    if missing:
        raise LookupError(f"{report.name} needs the tables {', '.join(missing)}")
    if set(options) != set(report.options):
        raise LookupError(f"{report.name} takes the options {list(report.options)}, not {sorted(options)}")


def _summed(rows: ir.Table, *, keys: tuple[str, ...], figures: tuple[str, ...]) -> ir.Table:
    schema = rows.schema()
    sums = {name: rows[name].sum().fill_null(0).cast(schema[name]) for name in figures}
    return rows.group_by(list(keys)).agg(**sums) if keys else rows.agg(**sums)


def _ordered(table: pa.Table, columns: Sequence[Column]) -> pa.Table:
    chosen = table.select([column.name for column in columns])
    keys = [(column.name, "ascending") for column in columns if column.role == "key"]
    return chosen.sort_by(keys) if keys else chosen
