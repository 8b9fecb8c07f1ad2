"""Journal lines as they leave the books: plain records, whatever they were read from.

Owns the record, its laws (an entry balances in one currency on one day) and what a reopened month
differs by. It does not own accounts of a general ledger, nor any file format.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from ratable.errors import InvariantError


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalLine:
    """One side of an entry, in minor units; one of debit and credit is zero, none is negative."""

    entry_id: str
    on: date
    period: date  # first day of the month that books it
    service_period: date  # first day of the month that it belongs to
    contract: str
    customer: str
    account: str  # by its role
    product: str  # the class of the line; empty: none
    currency: str
    debit_minor: int = 0
    credit_minor: int = 0
    memo: str = ""
    customer_name: str = ""

    @property
    def amount_minor(self) -> int:
        """Debit less credit."""
        return self.debit_minor - self.credit_minor


def lines_of_report(rows: Iterable[Mapping[str, Any]], names: Mapping[str, str] | None = None) -> list[JournalLine]:
    """The rows of the report `journal` as lines; the memo says what happened and for which month.

    `names` are those of customers, by their ids.
    """
    return [
        JournalLine(
            entry_id=row["entry_id"],
            on=row["on"],
            period=row["period"],
            service_period=row["service_period"],
            contract=row["contract_id"],
            customer=row["customer_id"],
            account=row["account"],
            product=row["product_id"],
            currency=row["currency"],
            debit_minor=row["debit_minor"],
            credit_minor=row["credit_minor"],
            memo=f"{row['kind']} {row['service_period']:%Y-%m} {row['contract_id']}",
            customer_name=(names or {}).get(row["customer_id"], ""),
        )
        for row in rows
    ]


def by_entry(lines: Iterable[JournalLine]) -> dict[str, list[JournalLine]]:
    """The lines of each entry, entries in the order of day and id.

    Raises:
        InvariantError: an entry does not balance, or stands in two currencies, days or months; always a bug.
    """
    found: dict[str, list[JournalLine]] = defaultdict(list)
    for line in lines:
        found[line.entry_id].append(line)
    for entry_id, members in found.items():
        _check(entry_id, members)
    return dict(sorted(found.items(), key=lambda entry: (entry[1][0].on, entry[0])))


def _check(entry_id: str, lines: Sequence[JournalLine]) -> None:
    if len({(line.currency, line.on, line.period) for line in lines}) != 1:
        raise InvariantError(f"entry {entry_id} stands in more than one currency, day or month")
    if any(min(line.debit_minor, line.credit_minor) != 0 or line.debit_minor + line.credit_minor < 0 for line in lines):
        raise InvariantError(f"entry {entry_id} has a line with two sides or below zero")
    off_by = sum(line.amount_minor for line in lines)
    if off_by:
        raise InvariantError(f"entry {entry_id} does not balance: off by {off_by} minor units")


def difference(after: Iterable[JournalLine], before: Iterable[JournalLine]) -> list[JournalLine]:
    """What books that took `before` still need to show `after`: the old lines with their sides swapped, and the new.

    Summarised, what has not changed cancels out.
    """
    taken_back = [
        replace(
            line,
            entry_id=f"{line.entry_id}/taken back",
            debit_minor=line.credit_minor,
            credit_minor=line.debit_minor,
            memo=f"taken back: {line.memo}",
        )
        for line in before
    ]
    return [*taken_back, *after]
