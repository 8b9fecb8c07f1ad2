"""What the demo leaves behind: every report in three formats, the journal in the words of six ledgers, the receipts.

Owns the names of folders and files; the contents are those of `ratable_server.exports`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from ratable.reports import CATALOGUE
from ratable_server.actor import Actor
from ratable_server.exports import (
    FORMATS,
    Books,
    Shown,
    ShownTable,
    export_journal,
    lines_of_report,
    show,
    write_table,
)
from ratable_server.operations.usage import Receipt
from ratable_server.queries.reports import report

REPORTS, EXPORTS, RECEIPTS = "reports", "exports", "receipts"
TABLE_FORMATS = ("csv", "xlsx", "parquet")
_FIRST_CLOSE = 1

_RECEIPT_COLUMNS = (
    Shown(name="import_code", unit="id", meaning="the import"),
    Shown(name="recorded_at", unit="instant", meaning="when the books learned it"),
    Shown(name="file_name", unit="id", meaning="the file; empty for single records"),
    Shown(name="status", unit="word", meaning="completed or failed"),
    Shown(name="rows_received", unit="count", meaning="accepted + duplicate + rejected"),
    Shown(name="rows_accepted", unit="count", meaning="rows that were added"),
    Shown(name="rows_duplicate", unit="count", meaning="rows that were known"),
    Shown(name="rows_rejected", unit="count", meaning="rows that break a rule"),
    Shown(name="quantity_received", unit="id", meaning="control total of the amounts, or else of the quantities"),
    Shown(name="quantity_accepted", unit="id", meaning="of what was added"),
    Shown(name="repeats", unit="id", meaning="an earlier import of the same bytes"),
    Shown(name="sha256", unit="id", meaning="of the file"),
    Shown(name="accepted_sha256", unit="id", meaning="of what was added, chained to the receipt before"),
    Shown(name="previous_sha256", unit="id", meaning="the hash of the receipt before"),
)


def write_files(actor: Actor, folder: Path, *, tenant: str, receipts: Iterable[Receipt]) -> dict[str, list[str]]:
    """Write all files; give their names by folder."""
    return {
        REPORTS: _write(folder / REPORTS, _report_files(actor)),
        EXPORTS: _write(folder / EXPORTS, _export_files(actor, tenant)),
        RECEIPTS: _write(folder / RECEIPTS, _table_files(_receipts(list(receipts)))),
    }


def _write(folder: Path, files: Iterable[tuple[str, bytes]]) -> list[str]:
    folder.mkdir(parents=True, exist_ok=True)
    names = []
    for name, content in files:
        (folder / name).write_bytes(content)
        names.append(name)
    return names


def _report_files(actor: Actor) -> Iterable[tuple[str, bytes]]:
    for name in CATALOGUE:
        found = report(actor=actor, name=name)
        yield from _table_files(show(name, found.report.title, columns=found.columns, table=found.table))


def _table_files(shown: ShownTable) -> Iterable[tuple[str, bytes]]:
    for format in TABLE_FORMATS:
        yield f"{shown.name}.{format}", write_table(shown, format)


def _export_files(actor: Actor, tenant: str) -> Iterable[tuple[str, bytes]]:
    """Each month was closed once, so that one version stands for all of them."""
    lines = lines_of_report(report(actor=actor, name="journal").table.to_pylist())
    for format in FORMATS:
        for file in export_journal(lines, Books(tenant=tenant, version=_FIRST_CLOSE), format=format):
            yield file.name, file.content


def _receipts(receipts: Sequence[Receipt]) -> ShownTable:
    return ShownTable(
        name=RECEIPTS,
        title="Receipts of usage",
        columns=_RECEIPT_COLUMNS,
        rows=tuple(tuple(_cell(receipt, column) for column in _RECEIPT_COLUMNS) for receipt in receipts),
        currencies=tuple("" for _ in receipts),
    )


def _cell(receipt: Receipt, column: Shown) -> str | int | datetime:
    value: str | int | datetime | Decimal = getattr(receipt, column.name)
    return f"{value:f}" if isinstance(value, Decimal) else value
