"""Days and times as this API writes them: in, with or without a zone; out, in that of the books."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

MOST_LETTERS = 29
_WRITTEN = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}([T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII,
)


def read_time(text: str) -> datetime | None:
    """A time, or the midnight of a day; without a zone it is one of the books. None: it is none."""
    if len(text) > MOST_LETTERS or not _WRITTEN.fullmatch(text):
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def written_time(at: datetime, zone: ZoneInfo) -> str:
    """`2017-12-01T16:41:36.000+01:00`."""
    return at.astimezone(zone).isoformat(timespec="milliseconds")[:MOST_LETTERS]


def listed_time(at: datetime, zone: ZoneInfo) -> str:
    """`2017-12-01 16:41:36`."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"
