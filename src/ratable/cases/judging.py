"""Compares what the books say with what a case expects, to the last digit.

Owns the selection of rows, the exact sums and the verdict. It knows the books only as tables of
rows, so that the engine alone, the server and the oracle are judged by the same words.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, localcontext
from typing import Protocol

from ratable.cases.questions import TABLES, Value
from ratable.cases.records import Case, Question
from ratable.errors import InvariantError
from ratable.scalars import date_of, plain

Row = dict[str, object]

EXACT_DIGITS = 100


class Books(Protocol):
    """The tables that a case may ask about (docs/guides/case-file.md): months and dates as dates, figures in major units."""

    def rows(self, table: str, at: date | None = None) -> list[Row]:
        """The rows of a table; `at` is the end of day for tables that are pictures of a day."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question answered: what was expected, what came out, and from which rows.

    `line` is that of the question; None for a refused term that no question names.
    """

    table: str
    line: int | None
    keys: dict[str, str]
    expected: dict[str, str]
    actual: dict[str, str]
    rows: list[Row]

    @property
    def ok(self) -> bool:
        return self.expected == self.actual


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The answers to all questions of one case, and to the one nobody asks: what was refused unexpectedly."""

    case: Case
    answers: tuple[Answer, ...]

    @property
    def ok(self) -> bool:
        return not self.wrong

    @property
    def checked(self) -> int:
        return len(self.case.questions)

    @property
    def wrong(self) -> tuple[Answer, ...]:
        return tuple(answer for answer in self.answers if not answer.ok)


def judge(case: Case, books: Books) -> Verdict:
    """Answer every question of a case from the books.

    Keys select rows; figures are exact sums over them, 0 over none. A balance or status is
    that of the only row selected. Without `currency` as a key, two currencies are wrong.

    Raises:
        InvariantError: a table lacks a column, or holds another type than the format says.
    """
    answers = tuple(_answer(question, _selected(question, books)) for question in case.questions)
    return Verdict(case=case, answers=(*answers, *_unexpected_refusals(case, books)))


def _selected(question: Question, books: Books) -> list[Row]:
    keys = dict(question.keys)
    at = keys.get("at")
    rows = books.rows(question.table) if at is None else books.rows(question.table, date_of(at))
    return [row for row in rows if _matches(question, row)]


def _matches(question: Question, row: Row) -> bool:
    parsers = TABLES[question.table].keys
    return all(_has(row, key, parsers[key](text)) for key, text in question.keys if key != "at")


def _has(row: Row, key: str, wanted: Value) -> bool:
    """Compare a key column, which must be empty or of the type it is compared with.

    A text compared with a date would select nothing, and nothing sums to a silent 0.
    """
    if key not in row:
        raise InvariantError(f"a row has no column {key}: {row}")
    value = row[key]
    if value is not None and type(value) is not type(wanted):
        raise InvariantError(f"{key} is not a {type(wanted).__name__}: {row}")
    return value == wanted


def _answer(question: Question, rows: list[Row]) -> Answer:
    expected, actual = _compared(question, rows)
    return Answer(
        table=question.table,
        line=question.line,
        keys=dict(question.keys),
        expected=expected,
        actual=actual,
        rows=rows,
    )


def _compared(question: Question, rows: list[Row]) -> tuple[dict[str, str], dict[str, str]]:
    """What was expected and what came out, in the same spelling, so that equal is equal."""
    if question.absent:
        return {"rows": "0"}, {"rows": str(len(rows))}
    if not question.figures:
        return {"rows": "at least 1"}, {"rows": "at least 1" if rows else "0"}
    currencies = sorted({str(row.get("currency")) for row in rows})
    parsers = TABLES[question.table].figures
    expected = {name: _spelled(parsers[name](text)) for name, text in question.figures}
    if len(currencies) > 1:
        return expected, dict.fromkeys(expected, f"a sum over {' and '.join(currencies)}; make currency a key")
    return expected, {name: _figure(question.table, name, rows) for name in expected}


def _spelled(value: Value) -> str:
    return plain(value) if isinstance(value, Decimal) else str(value)


def _figure(table: str, name: str, rows: list[Row]) -> str:
    if name not in TABLES[table].single:
        return plain(_sum(table, name, rows))
    if len(rows) != 1:
        return f"{len(rows)} rows are selected, not one"
    value = rows[0].get(name)
    return value if name == "status" and isinstance(value, str) else plain(_decimal(table, name, rows[0]))


def _sum(table: str, name: str, rows: list[Row]) -> Decimal:
    with localcontext() as context:
        context.prec = EXACT_DIGITS
        return sum((_decimal(table, name, row) for row in rows), Decimal(0))


def _decimal(table: str, name: str, row: Row) -> Decimal:
    value = row.get(name)
    if not isinstance(value, Decimal) or not value.is_finite():
        raise InvariantError(f"{table}.{name} holds {value!r}, which is not an exact decimal")
    return value


def _unexpected_refusals(case: Case, books: Books) -> Iterator[Answer]:
    """Each refused row that no question of the case names."""
    named = [question for question in case.questions if question.table == "refused" and not question.absent]
    for row in books.rows("refused"):
        if not any(_matches(question, row) for question in named):
            yield Answer(
                table="refused",
                line=_line_of(case, str(row["id"])),
                keys={"id": str(row["id"]), "code": str(row["code"])},
                expected={"rows": "0"},
                actual={"rows": "1"},
                rows=[row],
            )


def _line_of(case: Case, name: str) -> int | None:
    """The line of the entry that has this number or id."""
    for entry in case.entries:
        if name in (str(entry.number), getattr(entry.act, "id", None)):
            return entry.line
    return None
