"""Ids that come of what a row is: those of computed rows, so that a draft has the id that it will be posted under."""

from __future__ import annotations

from datetime import date
from hashlib import md5

_HEX_DIGITS = 13  # 52 bits: every such number is exact wherever numbers are read
_EPOCH = date(1970, 1, 1)
_REPORTED_USAGE = "8ad00001"


def revenue_id(*key: str | date) -> int:
    """The id of a revenue transaction, as the database's `ratable_revenue_id` gives it.

    `key` is contract, kind and id of the source, item, product, prepaid commit, kind, service month, month booked, and the
    day of an adjustment.
    """
    told = "\x1f".join(part if isinstance(part, str) else str((part - _EPOCH).days) for part in key)
    return int(md5(told.encode(), usedforsecurity=False).hexdigest()[:_HEX_DIGITS], 16)


def journal_id(*key: str | int) -> int:
    """The id of a journal entry, of a line of one, or of an account that plays a role and is not in the register."""
    told = "\x1f".join(map(str, key))
    return int(md5(told.encode(), usedforsecurity=False).hexdigest()[:_HEX_DIGITS], 16)


def consumption_id(commit: str, month_on: date) -> int:
    """The id of what a month consumed of a prepaid commit."""
    told = f"{commit}\x1f{(month_on - _EPOCH).days}"
    return int(md5(told.encode(), usedforsecurity=False).hexdigest()[:_HEX_DIGITS], 16)


def reported_usage_code(row_id: int) -> str:
    """The id of reported usage, which begins the ids of the usage records that count for it: 8 letters and 24."""
    return f"{_REPORTED_USAGE}{row_id:024x}"
