"""What a pool of units earned, and what a cap took, explained in words."""

from __future__ import annotations

from collections.abc import Iterator

from ratable.backends import Sheet
from ratable.reports.explanation import Step, explain_entry
from tests.engine.reports.books import golden


def formulas(steps: tuple[Step, ...]) -> Iterator[str]:
    for step in steps:
        yield step.formula
        yield from formulas((*step.children, *step.basis))


def test_drawn_units_are_told_with_what_all_units_cost(sheet: Sheet):
    evidence = golden(sheet, "drawdown/units-of-several-items").evidence
    steps = explain_entry(evidence, "acme/prepaid_commit/first/drawdown/2026-02/2026-02/2026-02-28")

    told = list(formulas(steps))
    assert "70 units at 100 units for 100.00, rounded to date: 70.00" in told
    assert "80 units drawn, 7 not covered; pool had 80.00: net 80.00, overage 0.70" in told


def test_what_exceeds_the_cap_of_a_rollover_is_told_as_such(sheet: Sheet):
    evidence = golden(sheet, "drawdown/openmeter-rollover-cap").evidence
    entry = next(row["entry_id"] for row in evidence.journal if row["kind"] == "breakage" and row["on"].month == 1)

    assert "over the cap of a rollover 40.00 less 0.00 lapsed before = 40.00" in list(
        formulas(explain_entry(evidence, entry))
    )
