"""The journal as files for other ledgers: which formats there are, and what each asks for.

Owns the choice of entries, their cutting to what the target takes, and the names of files. An importer's file
holds one currency; plain-text ledgers keep them apart themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from ratable_server.exports import netsuite, plain_csv, plain_text, quickbooks, xero
from ratable_server.exports.chunks import cut_entries, pack_entries
from ratable_server.exports.entries import Books, Entry, detailed_entries, summarised_entries
from ratable_server.exports.lines import JournalLine
from ratable_server.exports.problems import ExportRefusedError

_ANY = 10**9  # more lines than any journal has
_QUICKBOOKS_LINES = 1_000  # ours, not documented: files that a browser uploads and a person can look through


@dataclass(frozen=True, slots=True, kw_only=True)
class Format:
    """A target: how it is written, and how much it takes at once."""

    name: str
    title: str
    suffix: str
    media_type: str
    write: Callable[[Sequence[Entry]], bytes]
    lines_per_entry: int = _ANY
    lines_per_file: int = _ANY
    one_currency: bool = True
    customers_on: tuple[str, ...] = ()  # roles that it takes with a customer only


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportFile:
    """A file of an export, and the ids of the entries in it."""

    name: str
    media_type: str
    content: bytes
    entry_ids: tuple[str, ...]


_FORMATS = (
    Format(name="csv", title="CSV, all columns", suffix="csv", media_type="text/csv", write=plain_csv.write),
    Format(
        name="beancount",
        title="Beancount",
        suffix="beancount",
        media_type="text/plain",
        write=plain_text.write_beancount,
        one_currency=False,
    ),
    Format(
        name="hledger",
        title="hledger",
        suffix="journal",
        media_type="text/plain",
        write=plain_text.write_hledger,
        one_currency=False,
    ),
    Format(
        name="quickbooks",
        title="QuickBooks Online, journal entries",
        suffix="csv",
        media_type="text/csv",
        write=quickbooks.write,
        lines_per_entry=_QUICKBOOKS_LINES,
        lines_per_file=_QUICKBOOKS_LINES,
        customers_on=("accounts_receivable",),
    ),
    Format(
        name="xero",
        title="Xero, manual journals",
        suffix="csv",
        media_type="text/csv",
        write=xero.write,
        lines_per_entry=xero.LINES_PER_FILE,
        lines_per_file=xero.LINES_PER_FILE,
    ),
    Format(
        name="netsuite",
        title="NetSuite, journal entries",
        suffix="csv",
        media_type="text/csv",
        write=netsuite.write,
        lines_per_entry=netsuite.LINES_PER_ENTRY,
    ),
)

FORMATS: Mapping[str, Format] = {format.name: format for format in _FORMATS}


def export_journal(
    lines: Iterable[JournalLine], books: Books, *, format: str, detailed: bool = False
) -> list[ExportFile]:
    """The journal in the words of a target: balanced entries of one currency each, with stable ids.

    Summarised by account, class and month unless `detailed`. No lines give no file.

    Raises:
        ExportRefusedError: a rule of `ratable_server.exports.problems`; then there is no file at all.
        InvariantError: a journal entry does not balance; always a bug.
    """
    target = FORMATS.get(format)
    if target is None:
        raise ExportRefusedError("export_format_must_be_known", f"{format}; there are {', '.join(FORMATS)}")
    if detailed:
        entries = detailed_entries(lines, books)
    else:
        entries = summarised_entries(lines, books, customers_on=target.customers_on)
    entries = cut_entries(entries, books, limit=target.lines_per_entry)
    packs = [pack for group in _groups(entries, target) for pack in pack_entries(group, limit=target.lines_per_file)]
    return [_file(pack, target, number) for pack, number in zip(packs, _numbers(packs), strict=True)]


def _groups(entries: Sequence[Entry], target: Format) -> list[list[Entry]]:
    if not target.one_currency:
        return [list(entries)]
    currencies = sorted({entry.currency for entry in entries})
    return [[entry for entry in entries if entry.currency == currency] for currency in currencies]


def _numbers(packs: Sequence[Sequence[Entry]]) -> list[int]:
    """The place of each file among those of its currency, from 1."""
    seen: dict[str, int] = {}
    numbers = []
    for pack in packs:
        currency = pack[0].currency
        seen[currency] = seen.get(currency, 0) + 1
        numbers.append(seen[currency])
    return numbers


def _file(pack: Sequence[Entry], target: Format, number: int) -> ExportFile:
    first, last = min(entry.period for entry in pack), max(entry.period for entry in pack)
    months = f"{first:%Y-%m}" if first == last else f"{first:%Y-%m}-to-{last:%Y-%m}"
    currency = f"-{pack[0].currency}" if target.one_currency else ""
    part = f"-{number}" if number > 1 else ""
    return ExportFile(
        name=f"journal-{months}-{target.name}{currency}{part}.{target.suffix}",
        media_type=target.media_type,
        content=target.write(pack),
        entry_ids=tuple(entry.id for entry in pack),
    )
