"""`quickbooks`: journal entries for Settings > Import data > Journal entries of QuickBooks Online.

Columns: journal number, date, account name, debits, credits, description, name, currency and class; rows of
one journal number are one entry. Accounts are named, sub-accounts after a colon, and account numbers must be
turned off for the import. A journal number has at most 21 characters. A line on a receivable needs the
customer in `Name`, as it is called there. With "Warn me if duplicate journal number is used" turned on, a second import of the
same entries is refused.

Source:
    Intuit, Import journal entries in QuickBooks Online
    (quickbooks.intuit.com/learn-support/.../L4tQBwbs7); length of the journal number: Transaction Pro,
    Journal Entry Import Fields (support.transactionpro.com, article 492).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ratable_server.exports.cells import amount_cell, csv_file, text_cell
from ratable_server.exports.entries import Entry

HEADER = (
    "JournalNo",
    "JournalDate",
    "Currency",
    "AccountName",
    "Debits",
    "Credits",
    "Description",
    "Name",
    "Class",
)


def write(entries: Sequence[Entry]) -> bytes:
    """The file; dates are month/day/year, the empty side of a line is left empty."""
    return csv_file(HEADER, _rows(entries))


def _rows(entries: Sequence[Entry]) -> Iterator[list[str]]:
    for entry in entries:
        for line in entry.lines:
            amount = amount_cell(abs(line.amount_minor), entry.currency)
            is_debit = line.amount_minor > 0
            yield [
                entry.id,
                f"{entry.on:%m/%d/%Y}",
                entry.currency,
                text_cell(line.account.name),
                amount if is_debit else "",
                "" if is_debit else amount,
                text_cell(line.memo),
                text_cell(line.buyer),
                text_cell(line.product),
            ]
