"""The sample company's year, told to the books day by day.

Owns what is told of it: what came in and what was posted, month by month, as it happens.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ratable.cases import records
from ratable.cases.records import Case, Entry
from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.operations.case_files import moment_of, tell_entry
from ratable_server.operations.periods import close_period
from ratable_server.operations.terms import import_terms
from ratable_server.operations.usage import Receipt, Upload, ingest_usage
from ratable_server.queries.reports import report


@dataclass(frozen=True, slots=True, kw_only=True)
class FileTaken:
    """A file of usage that the books have taken."""

    on: date
    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A closed month that was corrected."""

    on: date
    act: records.Adjustment


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """What a close posted in one currency; `late` is the part of the revenue that belongs to earlier months."""

    currency: str
    entries: int
    revenue: Decimal
    late: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class MonthClosed:
    """A close, with the receipts since the one before."""

    month_on: date
    receipts: tuple[Receipt, ...]
    posted: tuple[Posted, ...]
    journal_hash: str

    def rows(self, outcome: str) -> int:
        """How many rows of usage were `received`, `accepted`, `duplicate` or `rejected`."""
        return sum(getattr(receipt, f"rows_{outcome}") for receipt in self.receipts)

    def in_currency(self, currency: str) -> Posted | None:
        """What was posted in a currency."""
        return next((posted for posted in self.posted if posted.currency == currency), None)


Happening = FileTaken | Corrected | MonthClosed


def play(actor: Actor, case: Case) -> Iterator[Happening]:
    """Agree the terms, then tell the books every entry on its day; give what happens, as it happens.

    Refuses:
        whatever an operation refuses: then the sample is wrong
    """
    import_terms(actor=actor, terms=case.terms, at=moment_of(case.entries[0].on))
    receipts: list[Receipt] = []
    for entry in case.entries:
        if isinstance(entry.act, records.Close):
            yield _close(actor, entry.act.period, on=entry.on, receipts=receipts)
            receipts = []
        elif isinstance(entry.act, records.UsageFile):
            receipts.append(_ingest(actor, entry, entry.act))
            yield FileTaken(on=entry.on, receipt=receipts[-1])
        else:
            answer = tell_entry(actor, entry)
            receipts.extend([answer] if isinstance(answer, Receipt) else [])
            if isinstance(entry.act, records.Adjustment):
                yield Corrected(on=entry.on, act=entry.act)


def _ingest(actor: Actor, entry: Entry, file: records.UsageFile) -> Receipt:
    return ingest_usage(actor=actor, upload=Upload(source=file.path, item=file.item), at=moment_of(entry.on))


def _close(actor: Actor, month_on: date, *, on: date, receipts: Sequence[Receipt]) -> MonthClosed:
    closed = close_period(actor=actor, month_on=month_on, at=moment_of(on))
    status = report(actor=actor, name="close_status", periods=(month_on, month_on))
    return MonthClosed(
        month_on=month_on,
        receipts=tuple(receipts),
        posted=tuple(
            Posted(
                currency=row["currency"],
                entries=row["entries"],
                revenue=to_major(row["revenue_minor"], row["currency"]),
                late=to_major(row["late_revenue_minor"], row["currency"]),
            )
            for row in status.table.to_pylist()
        ),
        journal_hash=closed.journal_hash,
    )
