"""Every golden case, told to the books operation by operation, says what the engine alone says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from ratable.cases.judging import Row, judge
from ratable.cases.playing import play
from ratable.cases.reading import find_cases, read_case
from ratable.cases.reporting import report_of
from ratable_server.actor import Actor
from ratable_server.operations.case_files import answer_case, play_case
from ratable_server.queries.identities import broken_laws
from tests.factories import with_one_figure_changed

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
CASES = find_cases([GOLDEN])


IN_TIME = ("rated", "consumption", "allocated", "revenue", "journal", "rollforward", "waterfall")
NAMED_BY_THE_BOOKS = "entry"  # a document is numbered by the books, in a case by its place


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.relative_to(GOLDEN).with_suffix("").as_posix())
def test_case_holds_in_the_books_as_in_the_engine_alone(path: Path, actor: Actor):
    case = read_case(path)
    answers = answer_case(actor=actor, played=play_case(actor=actor, case=case))
    verdict = judge(case, answers)

    assert verdict.ok, "\n".join(report_of([verdict]))
    assert verdict.checked > 0
    alone = play(case)
    for table in IN_TIME:
        assert told(answers.rows(table)) == told(alone.rows(table)), table
    assert entries(answers.rows("journal")) == entries(alone.rows("journal"))
    assert broken_laws(actor=actor) == []


def test_a_case_with_one_figure_changed_does_not_hold(actor: Actor):
    case = with_one_figure_changed(read_case(GOLDEN / "chain" / "prepaid-chain.yaml"))
    verdict = judge(case, answer_case(actor=actor, played=play_case(actor=actor, case=case)))

    assert [(answer.table, answer.expected["gross"], answer.actual["gross"]) for answer in verdict.wrong] == [
        ("consumption", "40001", "40000")
    ]


def told(rows: Iterable[Row]) -> list[str]:
    """The rows in one order, without the names of entries."""
    return sorted(repr({**row, NAMED_BY_THE_BOOKS: None}) for row in rows)


def entries(rows: Iterable[Row]) -> list[list[str]]:
    """The lines of each entry, whatever its name."""
    found = defaultdict(list)
    for row in rows:
        found[row[NAMED_BY_THE_BOOKS]].append(repr({**row, NAMED_BY_THE_BOOKS: None}))
    return sorted(sorted(lines) for lines in found.values())
