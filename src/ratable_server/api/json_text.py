"""JSON as text, to the digit: numbers are decimals or whole numbers on the way in, and plain digits on the way out.

Owns the limits of what is read: depth, length of numbers, characters that no text can have.
"""

from __future__ import annotations

import json
import re
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NoReturn

MOST_DEPTH = 32
_MOST_DIGITS = 40
_MOST_EXPONENT = 40
_MOST_LETTERS = 200  # of a place that is told
_MARK = "\x00"  # refused in what is read, and impossible in what the database keeps
_MARKED = re.compile(r'"\\u0000(-?[0-9.]+)"')


class MalformedJsonError(ValueError):
    """A text that is not JSON, or more than we read; `field` is the place of what cannot be kept: `lines[0].amount`."""

    def __init__(self, message: str, *, field: str = "") -> None:
        self.field = field = field[:_MOST_LETTERS]
        super().__init__(f"{field}: {message}" if field else message)


class _Unfit:
    """A number that cannot be kept, where its place is looked for."""


def read_json(text: str, *, refuses_doubled: bool = False) -> Any:
    """The value of a JSON text. Of a name that an object has twice the last value counts, unless that is refused.

    Raises:
        MalformedJsonError: it is none, too deep, or has a number or a character that cannot be kept.
    """
    pairs = _once if refuses_doubled else None
    try:
        value = json.loads(
            text, parse_float=_decimal, parse_int=_whole, parse_constant=_no_number, object_pairs_hook=pairs
        )
    except MalformedJsonError as error:
        raise MalformedJsonError(str(error), field=_place_of_number(text)) from None
    except RecursionError:
        raise MalformedJsonError(f"nested deeper than {MOST_DEPTH} levels") from None
    except ValueError as error:
        raise MalformedJsonError(str(error)) from None
    try:
        _refuse_unfit(value)
    except MalformedJsonError as error:
        raise MalformedJsonError(str(error), field=_place(value)) from None
    return value


def json_text(value: Any) -> str:
    """A value as JSON: decimals as plain numbers, moments and days in ISO 8601.

    Decimals are written as texts that begin with a character that no text here has, and lose their quotes at the end:
    so the fast writer of the standard library does the work.
    """
    written = json.dumps(value, default=_marked, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return _MARKED.sub(r"\1", written)


def plain_number(number: Decimal) -> str:
    """A decimal without exponent and without a minus before zero."""
    if not number.is_finite():
        raise ValueError(f"not a number: {number}")
    text = format(number, "f")
    return text.lstrip("-") if number == 0 else text


def _marked(value: Any) -> str:
    match value:
        case Decimal():
            return f"{_MARK}{plain_number(value)}"
        case datetime() | date():
            return value.isoformat()
    raise TypeError(f"no JSON for {type(value).__name__}")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose names are all different."""
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        raise MalformedJsonError(f"{next(name for name in names if names.count(name) > 1)!r} is there twice")
    return value


def _decimal(text: str) -> Decimal:
    number = Decimal(text)
    _, digits, exponent = number.as_tuple()
    if len(digits) > _MOST_DIGITS or abs(int(exponent)) > _MOST_EXPONENT:
        raise MalformedJsonError("a number has too many digits")
    return number


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise MalformedJsonError("a number has too many digits")
    return int(text)


def _no_number(text: str) -> NoReturn:
    raise MalformedJsonError(f"{text} is not a number")


def _refuse_unfit(value: Any) -> None:
    """Level by level, so that depth costs no stack."""
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MOST_DEPTH:
            raise MalformedJsonError(f"nested deeper than {MOST_DEPTH} levels")
        below: list[Any] = []
        for each in level:
            if isinstance(each, dict):
                below.extend(each)
                below.extend(each.values())
            elif isinstance(each, list):
                below.extend(each)
            elif isinstance(each, str):
                _refuse_unfit_text(each)
        level = below


def _refuse_unfit_text(text: str) -> None:
    if _is_unfit_text(text):
        raise MalformedJsonError("a text has a character that is none")


def _is_unfit_text(text: str) -> bool:
    return "\x00" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text))


def _place_of_number(text: str) -> str:
    """Where the first number is that cannot be kept, in a text that could be read but for it."""
    try:
        return _place(
            json.loads(text, parse_float=_kept_or_unfit, parse_int=_kept_or_unfit, parse_constant=lambda _: _Unfit())
        )
    except (ValueError, RecursionError):
        return ""


def _kept_or_unfit(text: str) -> Any:
    try:
        return _decimal(text)
    except (ArithmeticError, MalformedJsonError):
        return _Unfit()


def _place(value: Any) -> str:
    """The path of the first value that cannot be kept; of a name that cannot the object that has it. Empty: the whole, or none."""
    told = ""
    for step in _way(value, MOST_DEPTH) or ():
        told += f"[{step}]" if isinstance(step, int) else f".{step}" if told else step
    return told


def _way(value: Any, depth: int) -> tuple[str | int, ...] | None:
    """The names and places that lead to it, looked for as deep; None: there is none. A path is written for it alone."""
    if isinstance(value, _Unfit) or (isinstance(value, str) and _is_unfit_text(value)):
        return ()
    if not depth or not isinstance(value, dict | list):
        return None
    if isinstance(value, dict) and any(map(_is_unfit_text, value)):
        return ()
    for step, inner in value.items() if isinstance(value, dict) else enumerate(value):
        found = _way(inner, depth - 1)
        if found is not None:
            return (step, *found)
    return None
