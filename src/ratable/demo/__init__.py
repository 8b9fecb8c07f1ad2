"""The demo: a year of a sample company, played, checked against its expected figures and reported.

Owns the sample (the case file beside this module) and what `ratable demo` leaves behind. Every figure
is that of `ratable.reports`; `figures` sums them over contracts, `tables` puts them on the screen.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ratable.backends import Sheet
from ratable.cases.answers import Answers
from ratable.cases.exporting import write_tables
from ratable.cases.judging import Verdict, judge
from ratable.cases.playing import play
from ratable.cases.reading import read_case
from ratable.cases.records import Case
from ratable.cases.reporting import report_of
from ratable.demo.figures import Figures, as_tables, figures_of
from ratable.demo.tables import print_demo, record_of
from ratable.errors import InvariantError

SAMPLE = Path(__file__).parent / "sample_company.yaml"
DEFAULT_FOLDER = Path("demo-output")
_NOT_BY_MONTH = ("usage_outcome", "months", "prepaid_commits", "grants", "schedules", "rejected", "refused")


class Sample(NamedTuple):
    """The sample company after its last close."""

    case: Case
    answers: Answers
    verdict: Verdict
    figures: Figures


def run(out: Path | None, *, as_json: bool = False) -> dict[str, object] | None:
    """Play the sample company, write its tables and reports to `out` and print them.

    With `as_json` nothing is printed and the record of the demo is given instead.

    Raises:
        InvariantError: the books do not say what the sample expects; always a bug.
    """
    sample = play_sample()
    if not sample.verdict.ok:
        raise InvariantError("\n".join(report_of([sample.verdict])))
    folder = out or DEFAULT_FOLDER
    files = write_sample(sample, folder)
    if as_json:
        return {**record_of(sample.verdict, sample.figures), "folder": str(folder), "files": files}
    print_demo(sample.verdict, sample.figures, folder=folder, files=files)
    return None


def play_sample(sheet: Sheet | None = None) -> Sample:
    """Play and judge the sample."""
    case = read_case(SAMPLE)
    answers = play(case, sheet)
    return Sample(case, answers, judge(case, answers), figures_of(case, answers))


def write_sample(sample: Sample, folder: Path) -> list[dict[str, object]]:
    """Write the stage tables of the closed months, the journal among them, and the reports."""
    stages = {name: _closed(name, table, sample.answers) for name, table in sample.answers.stage_tables().items()}
    return write_tables({**stages, **as_tables(sample.figures)}, folder)


def _closed(name: str, table: pa.Table, answers: Answers) -> pa.Table:
    """The rows of closed months: what the case computes beyond them is a draft."""
    columns = [column for column in ("booked_on", "month_on", "service_on") if column in table.column_names]
    if name in _NOT_BY_MONTH or not columns:
        return table
    return table.filter(pc.less(table[columns[0]], pa.scalar(answers.open_on)))
