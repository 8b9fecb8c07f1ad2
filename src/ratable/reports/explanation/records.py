"""The records of an explanation: steps, and the trace of one usage record.

Owns their form and their law: what a step is the sum of sums to it, to the last digit.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from ratable.errors import InvariantError

Kind = Literal[
    "figure",
    "journal_line",
    "revenue",
    "booked_at_another_time",
    "allocation",
    "drawdown",
    "overage",
    "correction",
    "consumption",
    "part",
    "rated",
    "tier",
    "metered",
    "usage",
    "agreed",
    "document",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One figure and where it comes from.

    `children` are in the unit of the step and sum to its value. `basis` is what the formula reads, in
    whatever unit: the price of a share, the usage behind an amount. `key` names the row or record.
    """

    kind: Kind
    key: str
    title: str
    formula: str
    value: Decimal
    unit: str  # a currency, or `units`
    children: tuple[Step, ...] = ()
    basis: tuple[Step, ...] = ()

    def every(self) -> Iterator[Step]:
        """The step and all below it, in the order in which they are read."""
        yield self
        for step in (*self.children, *self.basis):
            yield from step.every()


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A usage record on its way up: its month, its share of it, and the journal lines that it stands in."""

    usage: Step
    month: Step
    part: Decimal
    whole: Decimal
    lines: tuple[Step, ...]


def checked(step: Step) -> Step:
    """The step, if all below it sums up.

    Raises:
        InvariantError: names the step and by how much its parts miss it; always a bug, or rows are missing.
    """
    for one in step.every():
        off_by = one.value - sum((child.value for child in one.children), Decimal(0))
        if one.children and off_by:
            raise InvariantError(f"{one.kind} {one.key}: its parts are off by {off_by} {one.unit}")
        if any(child.unit != one.unit for child in one.children):
            raise InvariantError(f"{one.kind} {one.key}: its parts are not in {one.unit}")
    return step
