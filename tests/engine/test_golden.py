"""Every golden case holds to the last digit, in the engine and beside the oracle, the check can fail, and every published example has its place."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ratable.backends import Sheet
from ratable.cases.answers import Answers
from ratable.cases.judging import judge
from ratable.cases.playing import play
from ratable.cases.reading import find_cases, read_case
from ratable.cases.records import Case
from ratable.cases.reporting import report_of
from ratable.periods import month_end
from ratable.scalars import date_of
from tests.engine.laws.comparing import differences
from tests.engine.oracle.playing import play as play_oracle
from tests.factories import with_one_figure_changed

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
CASES = find_cases([GOLDEN])
VECTOR = re.compile(r"\[vector: ([^\]]+)\]")
TERMS_THAT_CANNOT_BE = {
    f"refusals/{name}.yaml"
    for name in ("lives-and-units", "minimum-quantity", "openings", "price-plans", "rating-options")
}
LISTED = re.compile(r"^- `([^`]+)`:", re.MULTILINE)


def marked(path: Path) -> Any:
    """A case by its name; published examples, of which there are many alike, are left out of the fast tests."""
    marks = [pytest.mark.slow] if VECTOR.search(path.read_text(encoding="utf-8")) else []
    return pytest.param(path, id=path.relative_to(GOLDEN).with_suffix("").as_posix(), marks=marks)


@pytest.mark.parametrize("path", [marked(path) for path in CASES])
def test_case_holds(path: Path, sheet: Sheet):
    case = read_case(path)
    answers = play(case, sheet)
    verdict = judge(case, answers)

    assert verdict.ok, "\n".join(report_of([verdict]))
    assert verdict.checked > 0
    if not names_terms_that_cannot_be(path):
        found = differences(answers, play_oracle(case), case, days=days_told(case, answers))
        assert not found, "\n".join(found[:25])


def names_terms_that_cannot_be(path: Path) -> bool:
    """The oracle has no rules for terms; acts that cannot be it refuses itself."""
    return path.relative_to(GOLDEN).as_posix() in TERMS_THAT_CANNOT_BE


def days_told(case: Case, answers: Answers) -> list[date]:
    """The days of the pictures that the case asks for, and the last day of its story."""
    asked = [date_of(value) for question in case.questions for key, value in question.keys if key == "at"]
    last_month = max(row["month_on"] for row in answers.stage_tables()["months"].to_pylist())
    return sorted({*asked, month_end(last_month)})


def test_a_case_with_one_figure_changed_does_not_hold(sheet: Sheet):
    case = read_case(GOLDEN / "chain" / "prepaid-chain.yaml")
    answers = play(case, sheet)
    wrong = judge(with_one_figure_changed(case), answers).wrong

    assert judge(case, answers).ok
    assert [(answer.table, answer.expected["gross"], answer.actual["gross"]) for answer in wrong] == [
        ("consumption", "40001", "40000")
    ]


def test_case_names_are_unique():
    names = [read_case(path).case for path in CASES]
    assert len(names) == len(set(names)) >= 148


def test_every_published_example_is_in_a_case_or_listed_with_what_is_missing(shared: Path):
    published = {
        vector["id"] for file in (shared / "vectors").glob("*.json") for vector in json.loads(file.read_text())
    }
    covered = {name for path in CASES for name in VECTOR.findall(path.read_text(encoding="utf-8"))}
    listed = set(LISTED.findall((GOLDEN / "NOT_COVERED.md").read_text(encoding="utf-8")))

    assert len(published) > 100
    assert covered <= published
    assert listed <= published
    assert published <= covered | listed


def test_marks_are_read():
    assert VECTOR.findall("source: Lago [vector: a-1], [vector: b-2]") == ["a-1", "b-2"]
    assert LISTED.findall("text\n- `a-1`: tax\n- `b-2` no colon\n") == ["a-1"]
