"""Warm sheets for reports: one that is quick with a handful of rows, one for many.

Owns how long tables stay on them: a report's inputs go when it is done, what was compiled stays.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping

import pyarrow as pa

from ratable.backends import Sheet, Stored, connect
from ratable.reports import INPUTS

SMALL_ROWS = 5_000  # of all inputs together; up to so many, planning costs more than the work
_LARGE_TABLE = 10_000


class _Sheets(threading.local):
    """The sheets of a thread: a connection is not shared between threads."""

    def __init__(self) -> None:
        self.by_size: dict[bool, Sheet] = {}

    def of_size(self, *, is_small: bool) -> Sheet:
        if is_small not in self.by_size:
            self.by_size[is_small] = connect(is_small=is_small)
        return self.by_size[is_small]


_sheets = _Sheets()


def sheet_for(tables: Mapping[str, pa.Table]) -> Sheet:
    """The warm sheet that is quick with tables of this size."""
    return _sheets.of_size(is_small=sum(table.num_rows for table in tables.values()) <= SMALL_ROWS)


def bind_tables(sheet: Sheet, tables: Mapping[str, pa.Table]) -> dict[str, Stored]:
    """Put the inputs of a report on a sheet, each under a name that stays the same."""
    return {name: sheet.bind(f"books_{name}", table, INPUTS[name]) for name, table in tables.items()}


def forget_tables(sheet: Sheet, tables: Mapping[str, pa.Table]) -> None:
    """Free what large inputs take on the sheet."""
    for name, table in tables.items():
        if table.num_rows > _LARGE_TABLE:
            sheet.bind(f"books_{name}", INPUTS[name].to_pyarrow().empty_table(), INPUTS[name])
