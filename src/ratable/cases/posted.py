"""What the closes of a story have posted: each close makes a new record of it, so that a reopen finds the old."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import pyarrow as pa

from ratable import tables
from ratable.backends import Stored
from ratable.drawdown.breakage import BREAKAGE
from ratable.drawdown.chain import STEPS
from ratable.pipeline import Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The tables of the closed months that a later run reads, and `steps`, the history of balances, for people."""

    open_on: date
    draws: pa.Table
    demands: pa.Table
    breakage: pa.Table
    revenue: pa.Table
    applied: pa.Table
    steps: pa.Table
    before: Posted | None = None

    @classmethod
    def nothing(cls, open_on: date) -> Posted:
        """Before the first close."""
        return cls(
            open_on=open_on,
            draws=tables.DRAWS.to_pyarrow().empty_table(),
            demands=tables.POSTED_DEMANDS.to_pyarrow().empty_table(),
            breakage=BREAKAGE.to_pyarrow().empty_table(),
            revenue=tables.REVENUE.to_pyarrow().empty_table(),
            applied=tables.MOVES.to_pyarrow().empty_table(),
            steps=STEPS.to_pyarrow().empty_table(),
        )

    def then(self, outcome: Outcome, fetch: Callable[[Stored], pa.Table], *, open_on: date) -> Posted:
        """After the close of the run's months; draws, demands and revenue of a run hold what was posted before."""
        drawn = outcome.drawdowns
        return Posted(
            open_on=open_on,
            draws=fetch(outcome.kept_draws),
            demands=fetch(outcome.kept_demands),
            breakage=pa.concat_tables([self.breakage, fetch(drawn.breakage)]),
            revenue=fetch(outcome.revenue),
            applied=pa.concat_tables([self.applied, fetch(outcome.journal.applied)]),
            steps=pa.concat_tables([self.steps, fetch(drawn.steps)]),
            before=self,
        )
