"""Posting the revenue of a month, in this API's words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What stands in the way of a month, and what may surprise in it."""

    obstacles: Sequence[Any] = ()
    warnings: Sequence[Any] = ()


NOTHING_FOUND = Found()


def from_posting(
    posting: Any,
    *,
    month_on: date,
    entity: int | None,
    waiting: int,
    closed: Any = None,
    found: Found = NOTHING_FOUND,
) -> dict[str, Any]:
    """A month as it was computed, with what was found in it; or as it was posted by `closed`.

    `waiting` is how many adjustments nobody has processed.
    """
    warnings = found.warnings if closed is None else closed.warnings
    return {
        "period_month": month_on,
        "entity": entity,
        "run": posting.run_id,
        "status": "draft" if closed is None else "posted",
        "version": None if closed is None else closed.version,
        "journal_hash": None if closed is None else closed.journal_hash,
        "revenue": [
            {"kind": each.kind, "currency": each.currency, "amount": each.amount, "transactions": each.rows}
            for each in posting.revenue
        ],
        "journal_entries": posting.entries,
        "obstacles": from_obstacles(found.obstacles),
        "warnings": [{"code": each.code, "detail": each.detail} for each in warnings],
        "waiting_adjustments": waiting,
    }


def from_obstacles(obstacles: Iterable[Any]) -> list[dict[str, str]]:
    """Each reason by its name."""
    return [{"code": each.code, "detail": each.detail} for each in obstacles]


def from_period(period: Any) -> dict[str, Any]:
    """Where a month stands."""
    return {
        "period_month": period.month_on,
        "status": period.status,
        "version": period.version,
        "closed_at": period.closed_at,
        "closed_by": period.closed_by,
    }
