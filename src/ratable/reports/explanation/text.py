"""Explanations as text: one line a step, parts behind a plus, what a formula reads behind an arrow."""

from __future__ import annotations

from collections.abc import Iterator

from ratable.reports.explanation.journal import share_of
from ratable.reports.explanation.records import Step, Trace

_DEEPER = "  "


def explanation_text(step: Step) -> str:
    """The step and all below it."""
    return "\n".join(_lines(step, mark="", depth=0))


def trace_text(trace: Trace) -> str:
    """A usage record up to its journal lines."""
    up = [
        _told(trace.usage),
        f"  share: {share_of(trace)}",
        f"  of: {_told(trace.month)}",
        *(f"    in: {_told(line)}" for line in trace.lines),
    ]
    return "\n".join(up)


def _lines(step: Step, *, mark: str, depth: int) -> Iterator[str]:
    yield f"{_DEEPER * depth}{mark}{_told(step)}"
    for child in step.children:
        yield from _lines(child, mark="+ ", depth=depth + 1)
    for read in step.basis:
        yield from _lines(read, mark="<- ", depth=depth + 1)


def _told(step: Step) -> str:
    formula = f": {step.formula}" if step.formula else ""
    return f"{step.title}  {step.value:,f} {step.unit}{formula}"
