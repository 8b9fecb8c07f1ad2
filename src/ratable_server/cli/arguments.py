"""What people write on the command line: months, ranges of months, days and moments, and exact numbers.

Owns how they are read; what cannot be read is told with an example, and ends with the exit status of a malformed call.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import typer

_MONTH = re.compile(r"\d{4}-\d{2}")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def month_of_text(text: str) -> date:
    """A month, as its first day: `2026-03`."""
    if not _MONTH.fullmatch(text):
        raise typer.BadParameter(f"{text!r} is not a month such as 2026-03")
    return _read(f"{text}-01", f"{text!r} is not a month such as 2026-03")


def months_of_text(text: str) -> tuple[date, date]:
    """The first and the last month of a range: `2026-01:2026-12`, or one month."""
    first, colon, last = text.partition(":")
    return month_of_text(first), month_of_text(last if colon else first)


def day_of_text(text: str) -> date:
    """A day: `2026-03-31`."""
    wrong = f"{text!r} is not a day such as 2026-03-31"
    if not _DAY.fullmatch(text):
        raise typer.BadParameter(wrong)
    return _read(text, wrong)


def day_or_today(text: str | None) -> date:
    """A day; without one today, UTC."""
    from ratable_server.clock import now_at

    return now_at().date() if text is None else day_of_text(text)


def number_of_text(text: str) -> Decimal:
    """A number in plain digits: `1250.00`."""
    from ratable.scalars import decimal_of

    try:
        return decimal_of(text)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


def moment_of_text(text: str) -> datetime:
    """A moment with its offset; a day stands for its end in UTC, so that what was learned on it is in."""
    wrong = f"{text!r} is not a day, nor a moment with its offset such as 2026-04-05T12:00:00Z"
    if _DAY.fullmatch(text):
        return datetime.combine(_read(text, wrong) + timedelta(days=1), time(), tzinfo=UTC) - timedelta(microseconds=1)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(wrong) from None
    if moment.tzinfo is None:
        raise typer.BadParameter(wrong)
    return moment


def _read(text: str, wrong: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(wrong) from None
