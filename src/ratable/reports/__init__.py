"""Reports: pure functions over posted tables, the same for a draft and for closed months.

Owns what a controller reads: balances, rollforwards, waterfall, burn-down, remaining performance
obligations. They sum what the flow made; they calculate nothing anew.
"""

from ratable.reports.balances import balances, rollforward, trial_balance
from ratable.reports.obligations import burn_down, remaining_obligations
from ratable.reports.waterfall import revenue, waterfall

__all__ = [
    "balances",
    "burn_down",
    "remaining_obligations",
    "revenue",
    "rollforward",
    "trial_balance",
    "waterfall",
]
