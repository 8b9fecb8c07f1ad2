"""Usage as rows of the calculation: texts are read, what cannot be read gets its code.

Owns the reading of the day, instant, quantity and amount of a record. A record is never refused here: one that cannot
be read goes on as a row that `meter` rejects, with what stands there as written.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal

from ratable.scalars import YEARS, date_of, decimal_of
from ratable.terms_tables import Row

Texts = Mapping[str, str | None]


def usage_row(
    usage_id: str, item_id: str, texts: Texts, *, currency: str | None, dimensions: Mapping[str, str], row: int = 0
) -> Row:
    """One record as a row of `tables.USAGE`, less `batch` and `open_on`, which say when the books learned it.

    `texts` has used_on or used_at, and quantity or amount, as written.
    """
    used_on, used_at, dated = _day(texts.get("used_on"), texts.get("used_at"))
    quantity, counted = _number(texts.get("quantity"))
    amount, priced = _number(texts.get("amount"))
    code = value = None
    if not dated:
        on = texts.get("used_on")
        code, value = "usage_must_have_a_date", on if on is not None else texts.get("used_at")
    elif not (counted and priced):
        code, value = "quantity_must_be_a_number", texts.get("amount") if counted else texts.get("quantity")
    return {
        "usage_id": usage_id,
        "item_id": item_id,
        "used_at": used_at,
        "used_on": used_on,
        "quantity": quantity,
        "amount": amount,
        "currency": currency,
        "unreadable": code,
        "unreadable_value": value,
        "dimensions": _canonical(dimensions),
        "row": row,
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


def _number(text: str | None) -> tuple[Decimal | None, bool]:
    """A plain decimal, and whether what stands there is one or nothing."""
    if text is None:
        return None, True
    try:
        return decimal_of(text), True
    except ValueError:
        return None, False
