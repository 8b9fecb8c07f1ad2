"""Every golden case holds to the last digit, the check can fail, and every published example has its place."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from ratable.backends import Sheet
from ratable.cases.judging import judge
from ratable.cases.playing import play
from ratable.cases.reading import find_cases, read_case
from ratable.cases.reporting import report_of
from tests.factories import with_one_figure_changed

GOLDEN = Path(__file__).resolve().parent.parent / "golden"
CASES = find_cases([GOLDEN])
VECTOR = re.compile(r"\[vector: ([^\]]+)\]")
LISTED = re.compile(r"^- `([^`]+)`:", re.MULTILINE)


def marked(path: Path) -> Any:
    """A case by its name; published examples, of which there are many alike, are left out of the fast tests."""
    marks = [pytest.mark.slow] if VECTOR.search(path.read_text(encoding="utf-8")) else []
    return pytest.param(path, id=path.relative_to(GOLDEN).with_suffix("").as_posix(), marks=marks)


@pytest.mark.parametrize("path", [marked(path) for path in CASES])
def test_case_holds(path: Path, sheet: Sheet):
    case = read_case(path)
    verdict = judge(case, play(case, sheet))

    assert verdict.ok, "\n".join(report_of([verdict]))
    assert verdict.checked > 0


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
