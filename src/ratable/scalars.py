"""The texts of a case as values: exact decimals, dates, months and whole numbers.

Owns the one spelling that each kind of value has. Does not know files, lines or keys: a text
that is not of its kind raises ValueError with the sentence to show.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from decimal import Decimal

from ratable.currencies import CURRENCIES

_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,12})?")
_WHOLE = re.compile(r"[0-9]{1,18}")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_DAY = timedelta(days=1)
_PERCENTAGE_DECIMALS = 10
YEARS = range(1900, 3000)


def decimal_of(text: str) -> Decimal:
    """`12.50`; no sign but minus, no exponent, no separators, 18 digits before and 12 after the point at most."""
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"{text!r} is not a decimal number such as 1250.00 (at most 12 decimals)")
    return Decimal(text)


def percentage_of(text: str) -> Decimal:
    """`12.5`; at most 10 decimals, so that a hundredth of it still has at most 12."""
    percentage = decimal_of(text)
    if percentage != round(percentage, _PERCENTAGE_DECIMALS):
        raise ValueError(f"{text!r} has more than {_PERCENTAGE_DECIMALS} decimals")
    return percentage


def whole_of(text: str) -> int:
    """`3`; no sign."""
    if not _WHOLE.fullmatch(text):
        raise ValueError(f"{text!r} is not a whole number")
    return int(text)


def date_of(text: str) -> date:
    """`2026-03-31`."""
    return _day_of(text if _DATE.fullmatch(text) else "", text, "a date such as 2026-03-31")


def day_after(text: str) -> date:
    """The half-open end of a range whose last day is `text`."""
    return date_of(text) + _DAY


def month_of(text: str) -> date:
    """`2026-03` as its first day."""
    return _day_of(f"{text}-01" if _MONTH.fullmatch(text) else "", text, "a month such as 2026-03")


def _day_of(day: str, text: str, kind: str) -> date:
    """`day` as a date; `text` is what was written, for the sentence to show."""
    try:
        found = date.fromisoformat(day)
    except ValueError as error:
        raise ValueError(f"{text!r} is not {kind}") from error
    if found.year not in YEARS:
        raise ValueError(
            f"{text!r} is not between the years {YEARS[0]} and {YEARS[-1]}; leave out an end that never is"
        )
    return found


def truth_of(text: str) -> bool:
    """`true` or `false`."""
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is not true or false")
    return text == "true"


def currency_of(text: str) -> str:
    """`USD`: a code of ISO 4217 that is in use."""
    if text not in CURRENCIES:
        raise ValueError(f"{text!r} is not an ISO 4217 currency such as USD")
    return text


def plain(value: Decimal) -> str:
    """A decimal in plain digits: no exponent, no trailing zeros, no minus before zero."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
