"""`xero`: draft manual journals for Adviser > Manual journals > Import of Xero.

Rows of one narration and date are one journal; a positive amount is a debit, a negative one a credit; dates
are day/month/year; every line names the tax rate of its account; a file has at most 300 lines. The import takes the
currency of the organisation only, so a file has one currency. Xero has no id of the caller's: ours ends the
narration, and journals arrive as drafts, so that a repetition is seen and discarded before it is posted.

Source:
    Xero, Enter multiple manual journals using an import template (help.xero.com/nz/ManualJournalsImport).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ratable_server.exports.cells import amount_cell, csv_file, text_cell
from ratable_server.exports.entries import Entry

HEADER = (
    "*Narration",
    "*Date",
    "Description",
    "*AccountCode",
    "*TaxRate",
    "*Amount",
    "TrackingName1",
    "TrackingOption1",
    "TrackingName2",
    "TrackingOption2",
)
LINES_PER_FILE = 300
TRACKING = "Product"


def write(entries: Sequence[Entry]) -> bytes:
    """The file; the product is the option of the tracking category `Product`."""
    return csv_file(HEADER, _rows(entries))


def _rows(entries: Sequence[Entry]) -> Iterator[list[str]]:
    for entry in entries:
        for line in entry.lines:
            yield [
                text_cell(f"{entry.memo} [{entry.id}]"),
                f"{entry.on:%d/%m/%Y}",
                text_cell(line.memo),
                text_cell(line.account.code),
                text_cell(line.account.tax_rate),
                amount_cell(line.amount_minor, entry.currency),
                TRACKING if line.product else "",
                text_cell(line.product),
                "",
                "",
            ]
