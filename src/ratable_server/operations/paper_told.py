"""What an invoice or a credit memo says, as a customer has it: its lines and what is kept beside them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from ratable_server.operations.kept import NOTHING, Further

PaperKind = Literal["invoice", "credit_memo"]
Stage = Literal["draft", "open", "sent", "uncollectible"]

# Entered with the code of the contract of a paper that may come to less, which nobody else acts on meanwhile; what it raises
# when it is left undoes the change.
Judging = Callable[[str], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line: of a prepaid commit, a subscription or a milestone, or of the contract's usage.

    A line of an invoice that names none of them is of what is unbilled, the oldest first.

    `against` and `period` are of credit memos: what is taken back, and of which service month.
    """

    amount: Decimal
    tax: Decimal = Decimal(0)
    prepaid_commit: str | None = None
    subscription: str | None = None
    milestone: str | None = None
    is_of_usage: bool = False
    against: Literal["revenue", "liability", "adjustment"] = "revenue"
    period: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Paper:
    """An invoice or a credit memo; without a code it gets the next number of its kind."""

    kind: PaperKind
    contract: str
    on: date
    lines: tuple[Line, ...]
    due_on: date | None = None
    stage: Stage = "open"
    code: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperBeside:
    """What is kept beside a paper, and beside each of its lines."""

    further: Further
    lines: Sequence[Further] = ()

    def of_line(self, place: int) -> Further:
        """What is kept beside a line."""
        return self.lines[place] if place < len(self.lines) else NOTHING
