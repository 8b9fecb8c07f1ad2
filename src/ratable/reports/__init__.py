"""Reports: pure functions over posted tables, the same for a draft and for closed months.

Owns what a controller reads: balances, rollforwards, waterfall, burn-down, remaining performance
obligations, completeness, and the explanation of a figure. They sum what the flow made; they calculate
nothing anew. `CATALOGUE` names every report with its columns; `run_report` runs one.
"""

from ratable.reports.balances import balances, rollforward, trial_balance
from ratable.reports.catalogue import CATALOGUE, Column, Report
from ratable.reports.completeness import as_counted, counted_in
from ratable.reports.inputs import INPUTS
from ratable.reports.obligations import burn_down, remaining_obligations
from ratable.reports.running import day_of, run_report, summed_columns
from ratable.reports.waterfall import revenue, waterfall

__all__ = [
    "CATALOGUE",
    "INPUTS",
    "Column",
    "Report",
    "as_counted",
    "balances",
    "burn_down",
    "counted_in",
    "day_of",
    "remaining_obligations",
    "revenue",
    "rollforward",
    "run_report",
    "summed_columns",
    "trial_balance",
    "waterfall",
]
