"""Explanation: any revenue or journal line down to its usage records, any usage record up to its lines.

Pure functions over rows of the stage tables, as the books hold them. Every arrow has its formula in words
and numbers; what a step is the sum of sums to it exactly, or the explanation is refused as a defect. It
calculates no figure: amounts are those that the stages made.
"""

from ratable.reports.explanation.evidence import COUNTED_USAGE, EVIDENCE, Evidence
from ratable.reports.explanation.journal import explain_entry, explain_revenue, trace_usage
from ratable.reports.explanation.records import Step, Trace
from ratable.reports.explanation.text import explanation_text, trace_text

__all__ = [
    "COUNTED_USAGE",
    "EVIDENCE",
    "Evidence",
    "Step",
    "Trace",
    "explain_entry",
    "explain_revenue",
    "explanation_text",
    "trace_text",
    "trace_usage",
]
