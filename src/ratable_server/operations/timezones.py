"""The time zones that there are, asked once: looking for them opens several hundred files."""

from __future__ import annotations

from functools import cache
from zoneinfo import available_timezones


@cache
def timezones() -> frozenset[str]:
    """The names of all time zones of this machine, as they were when they were first asked for."""
    return frozenset(available_timezones())
