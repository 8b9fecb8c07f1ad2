"""`netsuite`: journal entries for Setup > Import/Export > Import CSV records of NetSuite.

One file, the fields of the entry repeated on each of its lines; lines of one External ID are one entry, and
an import that meets a known External ID with "Add" posts nothing. Accounts are taken by number and name, or
by number alone where account numbers are used. An amount has at most ten digits before and two after the
decimal point, and an entry at least two lines with equal sides; entries are cut at 200 lines.

Source:
    Oracle, NetSuite online help: Journal Entry and Intercompany Journal Entry Line-Level Fields Table
    (section_1534492737), Header Fields Table (section_1534492479), Custom Transaction CSV File Examples
    (section_4271206853: one file, lines by External ID).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ratable.money import minor_unit_digits
from ratable_server.exports.cells import amount_cell, csv_file, text_cell
from ratable_server.exports.entries import Entry, EntryLine
from ratable_server.exports.problems import ExportRefusedError

_LINE = "Journal Entry - Line: "
HEADER = (
    "External ID",
    "Date",
    "Posting Period",
    "Currency",
    "Memo",
    f"{_LINE}Account",
    f"{_LINE}Debit",
    f"{_LINE}Credit",
    f"{_LINE}Memo",
    f"{_LINE}Name",
    f"{_LINE}Class",
)
LINES_PER_ENTRY = 200
_MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()  # noqa: SIM905 - not those of a locale
_PLACES = 2
_DIGITS = 10  # before the decimal point


def write(entries: Sequence[Entry]) -> bytes:
    """The file; dates are month/day/year, the empty side of a line is left empty.

    Raises:
        ExportRefusedError: amount_must_fit_the_target.
    """
    return csv_file(HEADER, _rows(entries))


def _rows(entries: Sequence[Entry]) -> Iterator[list[str]]:
    for entry in entries:
        for line in entry.lines:
            amount = _amount(entry, line)
            is_debit = line.amount_minor > 0
            yield [
                entry.id,
                f"{entry.on:%m/%d/%Y}",
                f"{_MONTHS[entry.period.month - 1]} {entry.period.year}",
                entry.currency,
                text_cell(entry.memo),
                text_cell(f"{line.account.code} {line.account.name}".strip()),
                amount if is_debit else "",
                "" if is_debit else amount,
                text_cell(line.memo),
                text_cell(line.buyer),
                text_cell(line.product),
            ]


def _amount(entry: Entry, line: EntryLine) -> str:
    text = amount_cell(abs(line.amount_minor), entry.currency)
    if minor_unit_digits(entry.currency) > _PLACES or len(text.split(".")[0]) > _DIGITS:
        detail = f"{text} {entry.currency} in {entry.id}; NetSuite takes {_DIGITS} digits and {_PLACES} decimal places"
        raise ExportRefusedError("amount_must_fit_the_target", detail)
    return text
