"""A large run draws by day only where the day decides: no figure may depend on that."""

from __future__ import annotations

from pathlib import Path

import pytest

from ratable import drawing
from ratable.backends import Sheet
from ratable.cases.judging import judge
from ratable.cases.playing import play
from ratable.cases.reading import read_case
from ratable.cases.reporting import report_of

GOLDEN = Path(__file__).resolve().parent.parent / "golden"


@pytest.mark.parametrize(
    "name",
    [
        "drawdown/two-items-one-commit",
        "drawdown/mid-month",
        "drawdown/rank",
        "drawdown/cascade",
        "drawdown/top-up",
        "drawdown/zuora-units-overage",
        "drawdown/units-of-several-items",
        "drawdown/units-late-usage",
        "drawdown/openmeter-rollover-cap",
        "corrections/late-usage-of-an-item-that-draws",
        "corrections/late-usage-short-pool",
        "corrections/void-usage",
    ],
)
def test_case_holds_in_a_large_run(name: str, sheet: Sheet, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(drawing, "DAILY_MONTHS", 0)
    case = read_case(GOLDEN / f"{name}.yaml")
    verdict = judge(case, play(case, sheet))

    assert verdict.ok, "\n".join(report_of([verdict]))
