"""Usage as rows of the calculation: texts are read, what cannot be read gets its code.

Owns the reading of the day, instant, quantity and amount of a record. A record is never refused here: one that cannot
be read goes on as a row that `meter` rejects, with what stands there as written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from ratable.scalars import YEARS, date_of, decimal_of
from ratable.terms_tables import Row

Texts = Mapping[str, str | None]

WHOLE_DIGITS = 13  # what 25 digits with 12 decimals hold: a month of such records still fits the exact range
_BEYOND = re.compile(rf"-?0*[1-9][0-9]{{{WHOLE_DIGITS},}}(\.[0-9]{{1,12}})?")


def usage_row(
    usage_id: str, item_id: str, texts: Texts, *, currency: str | None, dimensions: Mapping[str, str], row: int = 0
) -> Row:
    """One record as a row of `tables.USAGE`, less `batch` and `open_on`, which say when the books learned it.

    `texts` has used_on or used_at, and quantity or amount, as written.
    """
    used_on, used_at, dated = _day(texts.get("used_on"), texts.get("used_at"))
    if dated:
        code, value = _unreadable_number(texts)
    else:
        on = texts.get("used_on")
        code, value = "usage_must_have_a_date", on if on is not None else texts.get("used_at")
    return {
        "usage_id": usage_id,
        "item_id": item_id,
        "used_at": used_at,
        "used_on": used_on,
        "quantity": _number(texts.get("quantity")),
        "amount": _number(texts.get("amount")),
        "currency": currency,
        "unreadable": code,
        "unreadable_value": value,
        "dimensions": _canonical(dimensions),
        "row": row,
        "came_alone": False,
    }


def _canonical(dimensions: Mapping[str, str]) -> str | None:
    """The further columns of a record as one text, the same for the same pairs in any order."""
    return json.dumps(dict(dimensions), ensure_ascii=False, sort_keys=True) if dimensions else None


def _day(on: str | None, at: str | None) -> tuple[date | None, datetime | None, bool]:
    """The day or the instant; an instant needs its offset."""
    try:
        if on is not None:
            return date_of(on), None, True
        instant = datetime.fromisoformat(at or "")
        if instant.tzinfo is None:
            return None, None, False
        instant = instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None, None, False
    return (None, instant, True) if instant.year in YEARS else (None, None, False)


def _unreadable_number(texts: Texts) -> tuple[str | None, str | None]:
    """The first rule that the quantity or the amount breaks, with what stands there."""
    given = [text for name in ("quantity", "amount") if (text := texts.get(name)) is not None]
    for code, fits in (("quantity_must_be_a_number", _is_number), ("quantity_must_be_in_range", _is_in_range)):
        for text in given:
            if not fits(text):
                return code, text
    return None, None


def _number(text: str | None) -> Decimal | None:
    """A plain decimal in range."""
    return decimal_of(text) if text is not None and _is_number(text) and _is_in_range(text) else None


def _is_number(text: str) -> bool:
    try:
        decimal_of(text)
    except ValueError:
        return not _is_in_range(text)  # a number, and too long a one
    return True


def _is_in_range(text: str) -> bool:
    return not _BEYOND.fullmatch(text)
