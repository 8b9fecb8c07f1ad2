"""The whole demo over empty books: the year, what the books say of it, what is left behind.

Owns the order. Each part is told on the console as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from rich.console import Console

from ratable.cases.judging import Verdict, judge
from ratable.cases.records import Case, Close
from ratable.cases.reporting import report_of
from ratable.demo.figures import Figures
from ratable.errors import InvariantError
from ratable.reports.explanation import Step
from ratable_server.actor import Actor
from ratable_server.demo.figures import figures_of_books
from ratable_server.demo.files import write_files
from ratable_server.demo.late import ServiceMonth, late_months
from ratable_server.demo.playing import Happening, MonthClosed, play
from ratable_server.demo.telling import (
    print_checked,
    print_explanation,
    print_files,
    print_happening,
    print_late,
    print_reports,
    print_verified,
)
from ratable_server.operations.audit import seal_audit
from ratable_server.operations.case_files import answer_case
from ratable_server.operations.case_files.playing import Played
from ratable_server.operations.usage import Receipt
from ratable_server.queries.explanations import explain_revenue
from ratable_server.queries.verification import Verified, verification

# The five records of March that came in May.
_EXPLAINED = "bramble"
_LATE_REVENUE = {"service_on": date(2025, 3, 1), "booked_on": date(2025, 5, 1)}
_SHOWN = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What came of the demo."""

    months: list[MonthClosed]
    late: list[ServiceMonth]
    figures: Figures
    explanation: Step
    verdict: Verdict
    checks: list[Verified]
    files: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        """Did every check of the books hold?"""
        return all(check.is_sound for check in self.checks)


def tell_year(actor: Actor, case: Case, folder: Path, *, tenant: str, at: datetime, console: Console) -> Year:
    """Play the sample, show what the books say of it, and write it to `folder`.

    Raises:
        InvariantError: the books do not say what the sample expects; always a bug.
    """
    months = list(_closes(play(actor, case), console))
    late = late_months(actor, _days_of_closes(case))
    print_late(console, late)
    figures = figures_of_books(actor, months)
    print_reports(console, figures)
    explanation = explain_revenue(actor=actor, contract=_EXPLAINED, keys=_LATE_REVENUE, records_shown=_SHOWN)
    print_explanation(console, explanation)
    files = write_files(actor, folder, tenant=tenant, receipts=_receipts(months))
    print_files(console, folder, files)
    verdict = _judge(actor, case)
    print_checked(console, verdict, figures)
    seal_audit(actor, at=at)
    checks = verification(actor)
    print_verified(console, checks)
    return Year(
        months=months, late=late, figures=figures, explanation=explanation, verdict=verdict, checks=checks, files=files
    )


def _closes(happenings: Iterable[Happening], console: Console) -> Iterator[MonthClosed]:
    for happening in happenings:
        print_happening(console, happening)
        if isinstance(happening, MonthClosed):
            yield happening


def _days_of_closes(case: Case) -> dict[date, date]:
    return {entry.act.period: entry.on for entry in case.entries if isinstance(entry.act, Close)}


def _receipts(months: Iterable[MonthClosed]) -> list[Receipt]:
    return [receipt for month in months for receipt in month.receipts]


def _judge(actor: Actor, case: Case) -> Verdict:
    """The figures that the sample expects, asked of the books; what is posted is computed once more as a whole."""
    verdict = judge(case, answer_case(actor=actor, played=Played(case=case)))
    if not verdict.ok:
        raise InvariantError("\n".join(report_of([verdict])))
    return verdict
