"""The case as records: terms, entries in the order the books learn them, expectations.

Owns the typed form of a case file. It does not own reading (`reading`), playing (`playing`)
or judging (`judging`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from ratable.terms import BundleLine, Terms


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice:
    contract: str
    amount: Decimal
    prepaid_commit: str | None = None
    subscription: str | None = None
    milestone: str | None = None
    is_of_usage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    contract: str
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """One usage record; texts stay as written, so that a bad one can be rejected and shown."""

    item: str
    id: str | None = None
    used_on: str | None = None
    used_at: str | None = None
    quantity: str | None = None
    amount: str | None = None
    currency: str | None = None
    dimensions: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageFile:
    """A file of usage records (CSV or Parquet) of one item, or with a column `item`."""

    path: Path
    item: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidUsage:
    """Usage in list value, for one prepaid commit first or for the contract in rank order."""

    prepaid_commit: str | None = None
    contract: str | None = None
    id: str | None = None
    used_on: str | None = None
    used_at: str | None = None
    amount: str | None = None
    events: int = 0
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VoidUsage:
    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Close:
    period: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen:
    period: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Adjustment:
    prepaid_commit: str
    period: date
    amount: Decimal
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocate:
    item: str
    lines: tuple[BundleLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TopUp:
    """Of a pool of units so many units, of one of money an amount."""

    prepaid_commit: str
    amount: Decimal
    is_of_units: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    prepaid_commit: str
    expected_breakage_percentage: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditMemo:
    contract: str
    amount: Decimal
    period: date | None = None
    against: Literal["revenue", "liability"] = "revenue"
    prepaid_commit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminate:
    contract: str
    on: date
    refund: Decimal = Decimal(0)


Act = (
    Invoice
    | Payment
    | Usage
    | UsageFile
    | PrepaidUsage
    | VoidUsage
    | Close
    | Reopen
    | Adjustment
    | Allocate
    | TopUp
    | Estimate
    | CreditMemo
    | Terminate
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing the books learn, on the day they learn it; `number` counts from 1."""

    number: int
    on: date
    act: Act
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One expected row: `keys` select rows of `table`, `figures` are the sums they must have."""

    table: str
    line: int
    keys: tuple[tuple[str, str], ...] = ()
    figures: tuple[tuple[str, str], ...] = ()
    absent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One customer story with what the books must say afterwards."""

    case: str
    path: Path
    line: int = 1
    about: str = ""
    source: str = ""
    terms: Terms
    entries: tuple[Entry, ...] = ()
    questions: tuple[Question, ...] = ()


__all__ = [
    "Act",
    "Adjustment",
    "Allocate",
    "Case",
    "Close",
    "CreditMemo",
    "Entry",
    "Estimate",
    "Invoice",
    "Payment",
    "PrepaidUsage",
    "Question",
    "Reopen",
    "Terminate",
    "TopUp",
    "Usage",
    "UsageFile",
    "VoidUsage",
]
