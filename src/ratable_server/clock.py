"""The only file that reads the clock; only a door may ask it, everything below is told the time."""

from __future__ import annotations

from datetime import UTC, datetime


def now_at() -> datetime:
    """This moment, aware, in UTC."""
    return datetime.now(UTC)
