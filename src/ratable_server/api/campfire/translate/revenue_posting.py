"""Posting the revenue of a month, in this API's words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any


def from_posting(
    posting: Any,
    *,
    month_on: date,
    entity: int | None,
    waiting: int,
    closed: Any = None,
    obstacles: Iterable[Any] = (),
) -> dict[str, Any]:
    """A month as it was computed, with what stands in the way; or as it was posted by `closed`.

    `waiting` is how many adjustments nobody has processed.
    """
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
        "obstacles": from_obstacles(obstacles),
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
