"""Cutting what a target would not take whole: an entry with too many lines, a file with too many.

An entry is cut into balanced parts. Its debits and credits are paired in order, each pair for the smaller
of the two amounts; a part takes pairs until one more would need a line too many. A line that falls into
two parts is split between them, so that every part balances and every line keeps its sum.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace

from ratable_server.exports.entries import Books, Entry, EntryLine, distinct, external_id

SMALLEST = 2  # a debit and a credit


def cut_entries(entries: Sequence[Entry], books: Books, *, limit: int) -> list[Entry]:
    """The entries, those with more than `limit` lines cut into parts; each part has an id of its own."""
    return distinct([part for entry in entries for part in _cut(entry, books, limit)])


def pack_entries(entries: Sequence[Entry], *, limit: int) -> list[list[Entry]]:
    """Whole entries in files of at most `limit` lines, in order."""
    files: list[list[Entry]] = []
    room = 0
    for entry in entries:
        if len(entry.lines) > room:
            files.append([])
            room = limit
        files[-1].append(entry)
        room -= len(entry.lines)
    return files


def _cut(entry: Entry, books: Books, limit: int) -> Iterator[Entry]:
    if limit < SMALLEST:
        raise ValueError(f"no entry fits in {limit} lines")
    if len(entry.lines) <= limit:
        yield entry
        return
    parts = list(_parts(entry.lines, limit))
    for number, lines in enumerate(parts, start=1):
        yield replace(
            entry,
            id=external_id(books, entry.period, *entry.key, f"part {number}"),
            memo=f"{entry.memo} (part {number} of {len(parts)})",
            lines=lines,
        )


def _parts(lines: Sequence[EntryLine], limit: int) -> Iterator[tuple[EntryLine, ...]]:
    amounts: dict[int, int] = {}
    for debit, credit, amount in _pairs(lines):
        if len({*amounts, debit, credit}) > limit:
            yield _part(lines, amounts)
            amounts = {}
        amounts[debit] = amounts.get(debit, 0) + amount
        amounts[credit] = amounts.get(credit, 0) - amount
    yield _part(lines, amounts)


def _pairs(lines: Sequence[EntryLine]) -> Iterator[tuple[int, int, int]]:
    """Places of a debit and of a credit, and the amount that they have in common."""
    debits = deque((place, line.amount_minor) for place, line in enumerate(lines) if line.amount_minor > 0)
    credits = deque((place, -line.amount_minor) for place, line in enumerate(lines) if line.amount_minor < 0)
    while debits and credits:
        (debit, owed), (credit, due) = debits.popleft(), credits.popleft()
        amount = min(owed, due)
        yield debit, credit, amount
        if owed > amount:
            debits.appendleft((debit, owed - amount))
        if due > amount:
            credits.appendleft((credit, due - amount))


def _part(lines: Sequence[EntryLine], amounts: dict[int, int]) -> tuple[EntryLine, ...]:
    return tuple(replace(lines[place], amount_minor=amounts[place]) for place in sorted(amounts))
