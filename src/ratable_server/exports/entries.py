"""Entries as they are posted elsewhere: detailed, or summarised by account, class and period.

Owns the grouping and the external ids. An id is derived from what an entry is the entry of (tenant, month,
version of the close, entry or currency, part), never from its amounts or from the day of the export: a
second export of one close has the same ids, and a target that knows them posts nothing twice.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date

from ratable.periods import month_end
from ratable_server.exports.accounts import Account, Chart
from ratable_server.exports.lines import JournalLine, by_entry
from ratable_server.exports.problems import ExportRefusedError

_Class = tuple[str, str, str, str]  # role, product, customer and its name
ID_LENGTH = 21  # what QuickBooks keeps of a journal number, the shortest of the targets


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """Whose journal it is, which close of a month, and how its roles are called elsewhere."""

    tenant: str
    version: int
    chart: Chart = field(default_factory=Chart)


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryLine:
    """A line as the target sees it; the amount is debit less credit, never zero."""

    account: Account
    product: str
    customer: str
    contract: str
    service_period: date | None
    memo: str
    amount_minor: int
    customer_name: str = ""

    @property
    def buyer(self) -> str:
        """The customer by its name, which targets know customers by; one without a name by its id."""
        return self.customer_name or self.customer


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A balanced entry in one currency; `key` is what its id is made of."""

    id: str
    key: tuple[str, ...]
    on: date
    period: date
    currency: str
    memo: str
    lines: tuple[EntryLine, ...]


def external_id(books: Books, period: date, *key: str) -> str:
    """The id of an entry: `R202603-` and 13 hexadecimal digits, 21 characters in all."""
    told = "\x1f".join([books.tenant, f"{period:%Y-%m}", str(books.version), *key])
    return f"R{period:%Y%m}-{hashlib.sha256(told.encode()).hexdigest()[:13]}"


def detailed_entries(lines: Iterable[JournalLine], books: Books) -> list[Entry]:
    """One entry for each journal entry."""
    found = []
    for entry_id, members in by_entry(lines).items():
        first = members[0]
        key = ("entry", entry_id)
        found.append(
            Entry(
                id=external_id(books, first.period, *key),
                key=key,
                on=first.on,
                period=first.period,
                currency=first.currency,
                memo=first.memo,
                lines=tuple(_line(line, books) for line in members if line.amount_minor),
            )
        )
    return distinct([entry for entry in found if entry.lines])


def summarised_entries(
    lines: Iterable[JournalLine], books: Books, *, customers_on: Collection[str] = ()
) -> list[Entry]:
    """One entry for each month and currency, one line for each account and class, net.

    Roles in `customers_on` are told apart by customer: some ledgers take no receivable without one.
    """
    groups: dict[tuple[date, str], dict[_Class, int]] = defaultdict(lambda: defaultdict(int))
    for members in by_entry(lines).values():
        for line in members:
            buyer = (line.customer, line.customer_name) if line.account in customers_on else ("", "")
            groups[line.period, line.currency][line.account, line.product, *buyer] += line.amount_minor
    entries = [_summary(period, currency, sums, books) for (period, currency), sums in sorted(groups.items())]
    return distinct([entry for entry in entries if entry.lines])


def distinct(entries: Sequence[Entry]) -> list[Entry]:
    """The entries, all of different ids.

    Raises:
        ExportRefusedError: external_id_must_be_unique.
    """
    ids = [entry.id for entry in entries]
    if len(set(ids)) < len(ids):
        twice = next(id for id in ids if ids.count(id) > 1)
        raise ExportRefusedError("external_id_must_be_unique", f"{twice} stands for two entries")
    return list(entries)


def _line(line: JournalLine, books: Books) -> EntryLine:
    return EntryLine(
        account=books.chart.account(line.account),
        product=line.product,
        customer=line.customer,
        contract=line.contract,
        service_period=line.service_period,
        memo=line.memo,
        amount_minor=line.amount_minor,
        customer_name=line.customer_name,
    )


def _summary(period: date, currency: str, sums: dict[_Class, int], books: Books) -> Entry:
    key = ("summary", currency)
    memo = f"Ratable {period:%Y-%m} {currency}"
    return Entry(
        id=external_id(books, period, *key),
        key=key,
        on=month_end(period),
        period=period,
        currency=currency,
        memo=memo,
        lines=tuple(
            EntryLine(
                account=books.chart.account(role),
                product=product,
                customer=customer,
                contract="",
                service_period=None,
                memo=f"{memo} {role.replace('_', ' ')}",
                amount_minor=amount,
                customer_name=name,
            )
            for (role, product, customer, name), amount in sorted(sums.items())
            if amount
        ),
    )
