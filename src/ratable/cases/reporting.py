"""Verdicts as text for people and as records for programs.

Owns the wording and the order of a report; figures, keys and rows are spelled as in a case file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal

from ratable.cases.judging import Answer, Row, Verdict
from ratable.cases.questions import TABLES
from ratable.errors import MalformedCaseError
from ratable.scalars import month_of, plain

ROWS_SHOWN = 12


def records_of(verdicts: Iterable[Verdict]) -> list[dict[str, object]]:
    """The `--json` form: one record per case, with every wrong answer."""
    return [
        {
            "case": verdict.case.case,
            "ok": verdict.ok,
            "checked": verdict.checked,
            "wrong": [_record(answer) for answer in verdict.wrong],
        }
        for verdict in verdicts
    ]


def records_of_errors(errors: Iterable[MalformedCaseError]) -> list[dict[str, object]]:
    """The `--json` form of files that could not be played, in the shape of the others."""
    return [{"case": str(error.file), "ok": False, "checked": 0, "wrong": [], "error": str(error)} for error in errors]


def report_of(verdicts: Iterable[Verdict]) -> Iterator[str]:
    """A line per case, each followed by its wrong figures and the rows these were summed from."""
    cases = wrong = 0
    for verdict in verdicts:
        cases, wrong = cases + 1, wrong + (not verdict.ok)
        yield _headline(verdict)
        for answer in verdict.wrong:
            yield from _explanation(verdict, answer)
    count = f"{cases} case{'s' if cases != 1 else ''}"
    yield f"{count}, {wrong} wrong" if wrong else f"{count}, all hold"


def _headline(verdict: Verdict) -> str:
    state = "ok   " if verdict.ok else "WRONG"
    wrong = f", {len(verdict.wrong)} wrong" if verdict.wrong else ""
    return f"{state} {verdict.case.case}  {verdict.checked} checked{wrong}"


def _explanation(verdict: Verdict, answer: Answer) -> Iterator[str]:
    place = f"{verdict.case.path}:{answer.line}" if answer.line else str(verdict.case.path)
    keys = " ".join(f"{key}={text}" for key, text in answer.keys.items())
    yield f"  {place} {answer.table} {keys}".rstrip()
    for name, expected in answer.expected.items():
        if answer.actual[name] != expected:
            yield f"    {name}: expected {expected}, got {answer.actual[name]}"
    yield from _rows(answer)


def _rows(answer: Answer) -> Iterator[str]:
    if not answer.rows:
        yield "    from no rows"
        return
    yield f"    from {len(answer.rows)} row{'s' if len(answer.rows) > 1 else ''}:"
    for row in answer.rows[:ROWS_SHOWN]:
        yield "      " + " ".join(f"{key}={text}" for key, text in _spelled(answer.table, row).items() if text)
    if len(answer.rows) > ROWS_SHOWN:
        yield f"      and {len(answer.rows) - ROWS_SHOWN} more"


def _record(answer: Answer) -> dict[str, object]:
    return {
        "table": answer.table,
        "line": answer.line,
        "keys": answer.keys,
        "expected": answer.expected,
        "actual": answer.actual,
        "rows": [_spelled(answer.table, row) for row in answer.rows],
    }


def _spelled(table: str, row: Row) -> dict[str, str]:
    return {key: _text(table, key, value) for key, value in row.items()}


def _text(table: str, key: str, value: object) -> str:
    """A value as a case file spells it: a month without its day, a decimal in plain digits."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, date):
        is_month = TABLES[table].keys.get(key) is month_of
        return value.isoformat()[:7] if is_month else value.isoformat()
    return "" if value is None else str(value)
