"""Days and months: half-open ranges, and the weights of amounts that are earned over time."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

FAR = date(9999, 12, 31)  # no end

# Days of a month as a fraction of that month have the denominators 28 to 31; their least common
# multiple makes every such weight a whole number.
_MONTH_WEIGHT = 28 * 29 * 15 * 31
_THIRTY = 30


def month_of(day: date) -> date:
    """The first day of the month of `day`."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """The first day of the month after that of `day`."""
    return date(day.year + 1, 1, 1) if day.month == 12 else date(day.year, day.month + 1, 1)  # noqa: PLR2004


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or the last day of that month if it has no such day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year > FAR.year:
        return FAR
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def day_after(day: date) -> date:
    """The next day; the last date there is stays itself."""
    return day if day == FAR else day + timedelta(days=1)


def month_end(day: date) -> date:
    """The last day of the month of `day`."""
    return next_month(day) - timedelta(days=1)


def months_between(first_on: date, before_on: date) -> Iterator[date]:
    """First days of the months from that of `first_on`, before `before_on`."""
    month_on = month_of(first_on)
    while month_on < before_on:
        yield month_on
        month_on = next_month(month_on)


@dataclass(frozen=True, slots=True)
class Weights:
    """The progress of a range of days, in whole weights, by a proration."""

    starts_on: date
    ends_before: date
    proration: str

    @property
    def total(self) -> int:
        """The weight of the whole range."""
        return self.through(self.ends_before - timedelta(days=1))

    def through(self, day: date) -> int:
        """The weight from the start up to and with `day`; 0 before the start."""
        last_on = min(day, self.ends_before - timedelta(days=1))
        if last_on < self.starts_on:
            return 0
        if self.proration == "daily":
            return (last_on - self.starts_on).days + 1
        return sum(
            self._month(max(month_on, self.starts_on), min(month_end(month_on), last_on))
            for month_on in months_between(self.starts_on, last_on + timedelta(days=1))
        )

    def _month(self, first_on: date, last_on: date) -> int:
        length = calendar.monthrange(first_on.year, first_on.month)[1]
        if self.proration == "standard":
            return ((last_on - first_on).days + 1) * (_MONTH_WEIGHT // length)
        ends = _THIRTY if last_on.day == length else min(last_on.day, _THIRTY)
        return max(ends - min(first_on.day, _THIRTY) + 1, 0)


def schedule_weights(starts_on: date, ends_before: date, proration: str) -> Weights:
    """The weights of a range by `daily`, `standard` (days of each month) or `thirty_day`.

    Source: docs/flow/5-recognition.md.
    """
    return Weights(starts_on, ends_before, proration)
