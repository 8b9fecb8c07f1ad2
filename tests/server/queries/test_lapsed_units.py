"""Units that lapse at the cap of a rollover take their price with them, in each report and explanation of the books."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

from ratable.cases.reading import read_case
from ratable_server.actor import Actor
from ratable_server.operations.case_files import play_case
from ratable_server.operations.periods import close_period
from ratable_server.queries.explanations import explain_revenue
from ratable_server.queries.reports import report
from tests.server.conftest import AT

CASE = Path(__file__).resolve().parents[2] / "golden" / "drawdown" / "units-rollover.yaml"
FEBRUARY = date(2024, 2, 1)


def test_units_that_lapse_at_a_cap_are_gone_from_reports_and_explanations(actor: Actor):
    """Of 1,000 units at 1.00 of 2023 200 are left, of which 150 roll over; 160 are drawn through February 2024."""
    play_case(actor=actor, case=read_case(CASE))
    close_period(actor=actor, month_on=FEBRUARY, at=AT)

    assert remaining(actor, "year-1", periods=(date(2023, 11, 1), FEBRUARY)) == [
        (date(2023, 11, 1), 20_000),
        (date(2023, 12, 1), 15_000),
        (date(2024, 1, 1), 5_000),
        (FEBRUARY, 4_000),  # the 60 late units of December are of the 200: 140 were left, all roll over
    ]
    assert obligations(actor, date(2023, 12, 31)) == 105_000
    assert obligations(actor, date(2024, 2, 29)) == 94_000
    keys = {"kind": "drawdown", "booked_on": date(2024, 1, 1), "commit_id": "year-1"}
    (revenue,) = explain_revenue(actor=actor, contract="acme", keys=keys).children
    (drawn,) = revenue.children
    (month,) = drawn.basis
    assert month.formula == "100 units drawn, 0 not covered; pool had 150.00: net 100.00, overage 0.00"


def remaining(actor: Actor, commit: str, **asked: Any) -> list[tuple[date, int]]:
    rows = report(actor=actor, name="burn_down", **asked).table.to_pylist()
    return [(row["period"], row["remaining_minor"]) for row in rows if row["commit_id"] == commit]


def obligations(actor: Actor, day: date) -> int:
    return sum(row["amount_minor"] for row in report(actor=actor, name="rpo", day=day).table.to_pylist())
