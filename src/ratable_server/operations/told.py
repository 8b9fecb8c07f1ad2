"""What an operation answers and what it tells the audit: plain records, never rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from ratable.price_plans import PriceWarning


@dataclass(frozen=True, slots=True, kw_only=True)
class Created:
    """Something that has been agreed, by its public id; warnings tell what may surprise, `id` is that of its row, if told."""

    code: str
    warnings: tuple[PriceWarning, ...] = ()
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A fact: its public id, its place in the order of the books, and the month and day that book it."""

    code: str
    number: int
    booked_on: date
    on: date


def told(record: Any) -> dict[str, Any]:
    """A record for the audit, less what was not agreed."""
    return {name: value for name, value in asdict(record).items() if value not in (None, ())}


def told_beside(record: Any, further: Mapping[str, Any]) -> dict[str, Any]:
    """The same with the further fields, where there are any."""
    return {**told(record), **({"further": dict(further)} if further else {})}
