"""Is a record one that can be kept and computed? Its texts, numbers, dates and currencies, before any rule of terms.

Owns the ranges that a case file has too (`ratable.scalars`): what books hold can be written as a case, and the engine
reads it without losing a digit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from ratable.currencies import CURRENCIES
from ratable.scalars import YEARS
from ratable_server.errors import Refused
from ratable_server.store.fields import CODE_LENGTH

_UNPLAIN = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")
_WHOLE_DIGITS, _DECIMALS, _DECIMALS_OF_PERCENTAGE = 18, 12, 10
_MOST_WHOLE = 2**31 - 1
_UNKEPT = re.compile(r"[\x00\ud800-\udfff]")  # what no text of the database can hold
_DEEPEST, _MOST_VALUES = 20, 10_000


def refuse_unfit(record: Any) -> None:
    """Go on, unless something in a record of terms or of an act cannot be kept.

    Refuses:
        text_must_be_plain, number_must_be_exact, date_must_be_in_range, currency_must_be_known
    """
    for path, name, value in _values(record, ""):
        code = _unfit(name, value)
        if code:
            raise Refused(code, field=path, detail=(f"{value!r}" if isinstance(value, str) else f"{value}")[:200])


def refuse_unfit_text(name: str, text: str) -> None:
    """The same for one text; `name` says which."""
    code = _unfit_text(name, text)
    if code:
        raise Refused(code, field=name, detail=f"{text!r}"[:200])


def refuse_unfit_number(name: str, number: Decimal) -> None:
    """The same for one number; a percentage is told by its name."""
    code = _unfit(name, number)
    if code:
        raise Refused(code, field=name, detail=f"{number}"[:200])


def refuse_unfit_day(name: str, day: date) -> None:
    """The same for one day."""
    if day.year not in YEARS:
        raise Refused("date_must_be_in_range", field=name, detail=f"{day}")


def refuse_unfit_further(further: Mapping[str, Any]) -> None:
    """The same for fields that are kept and not computed with: JSON, neither deep nor endless.

    Refuses:
        text_must_be_plain, number_must_be_exact, further_must_be_small
    """
    for count, (path, value) in enumerate(_leaves(further, "further", 0)):
        if count > _MOST_VALUES:
            raise Refused("further_must_be_small", field="further")
        if isinstance(value, str) and _UNKEPT.search(value):
            raise Refused("text_must_be_plain", field=path, detail=f"{value!r}"[:200])
        if isinstance(value, Decimal) and not value.is_finite():
            raise Refused("number_must_be_exact", field=path, detail=f"{value}")


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, Any]]:
    """Every key and value, with its road."""
    if depth > _DEEPEST:
        raise Refused("further_must_be_small", field=path[:200])
    if isinstance(value, Mapping):
        for key, each in value.items():
            yield f"{path}.{key}", key
            yield from _leaves(each, f"{path}.{key}", depth + 1)
    elif isinstance(value, list | tuple):
        for place, each in enumerate(value):
            yield from _leaves(each, f"{path}[{place}]", depth + 1)
    else:
        yield path, value


def _values(value: Any, path: str, name: str = "") -> Iterator[tuple[str, str, Any]]:
    """Everything in a record, with its road from the record and the name of its field."""
    if is_dataclass(value):
        for field in fields(value):
            road = f"{path}.{field.name}" if path else field.name
            yield from _values(getattr(value, field.name), road, field.name)
    elif isinstance(value, tuple):
        for place, each in enumerate(value):
            yield from _values(each, f"{path}[{place}]", name)
    elif value is not None:
        yield path, name, value


def _unfit(name: str, value: Any) -> str | None:
    match value:
        case str():
            return _unfit_text(name, value)
        case Decimal():
            places = _DECIMALS_OF_PERCENTAGE if name.endswith("percentage") else _DECIMALS
            return None if _fits(value, places) else "number_must_be_exact"
        case bool():
            return None
        case int():
            return None if abs(value) <= _MOST_WHOLE else "number_must_be_exact"
        case date():
            last_on = value - timedelta(days=1) if name == "ends_before" and value > date.min else value
            return None if last_on.year in YEARS else "date_must_be_in_range"
    return None


def _unfit_text(name: str, text: str) -> str | None:
    if name == "currency":
        return None if text in CURRENCIES or not text else "currency_must_be_known"
    is_id = name in {"id", "code"}
    length_fits = 1 <= len(text) <= CODE_LENGTH and not text.startswith("!") if is_id else True
    return None if length_fits and not _UNPLAIN.search(text) else "text_must_be_plain"


def _fits(number: Decimal, places: int) -> bool:
    """Not NaN nor infinite; trailing zeros are not digits."""
    if not number.is_finite():
        return False
    _, digits, exponent = number.as_tuple()
    if not any(digits):
        return True
    trailing = len(digits) - len("".join(map(str, digits)).rstrip("0"))
    decimals = -(int(exponent) + trailing)
    return decimals <= places and number.adjusted() < _WHOLE_DIGITS
