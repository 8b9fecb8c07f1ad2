"""`csv`: every line with all that is known of it, for people and for programs of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ratable_server.exports.cells import amount_cell, csv_file, text_cell
from ratable_server.exports.entries import Entry

HEADER = (
    "external_id",
    "line",
    "date",
    "period",
    "service_period",
    "account_code",
    "account_name",
    "class",
    "customer",
    "customer_name",
    "contract",
    "currency",
    "debit",
    "credit",
    "memo",
)


def write(entries: Sequence[Entry]) -> bytes:
    """The file; lines are numbered within their entry, from 1."""
    return csv_file(HEADER, _rows(entries))


def _rows(entries: Sequence[Entry]) -> Iterator[list[str]]:
    for entry in entries:
        for number, line in enumerate(entry.lines, start=1):
            debit, credit = max(line.amount_minor, 0), max(-line.amount_minor, 0)
            yield [
                entry.id,
                str(number),
                entry.on.isoformat(),
                f"{entry.period:%Y-%m}",
                f"{line.service_period:%Y-%m}" if line.service_period else "",
                text_cell(line.account.code),
                text_cell(line.account.name),
                text_cell(line.product),
                text_cell(line.customer),
                text_cell(line.customer_name),
                text_cell(line.contract),
                entry.currency,
                amount_cell(debit, entry.currency),
                amount_cell(credit, entry.currency),
                text_cell(line.memo),
            ]
