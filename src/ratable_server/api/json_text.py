"""JSON as text, to the digit: numbers are decimals or whole numbers on the way in, and plain digits on the way out.

Owns the limits of what is read: depth, length of numbers, characters that no text can have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any, NoReturn

MOST_DEPTH = 32
_MOST_DIGITS = 40
_MOST_EXPONENT = 40


class MalformedJsonError(ValueError):
    """A text that is not JSON, or more than we read."""


def read_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        MalformedJsonError: it is none, too deep, or has a number or a character that cannot be kept.
    """
    try:
        value = json.loads(text, parse_float=_decimal, parse_int=_whole, parse_constant=_no_number)
    except MalformedJsonError:
        raise
    except RecursionError:
        raise MalformedJsonError(f"nested deeper than {MOST_DEPTH} levels") from None
    except ValueError as error:
        raise MalformedJsonError(str(error)) from None
    _refuse_unfit(value)
    return value


def json_text(value: Any) -> str:
    """A value as JSON: decimals as plain numbers, moments and days in ISO 8601."""
    return "".join(_pieces(value))


def plain_number(number: Decimal) -> str:
    """A decimal without exponent and without a minus before zero."""
    if not number.is_finite():
        raise ValueError(f"not a number: {number}")
    text = format(number, "f")
    return text.lstrip("-") if number == 0 else text


def _pieces(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield encode_basestring(value)
        case None:
            yield "null"
        case bool():
            yield "true" if value else "false"
        case int():
            yield str(int(value))
        case Decimal():
            yield plain_number(value)
        case dict():
            yield from _object(value)
        case list() | tuple():
            yield from _array(value)
        case datetime() | date():
            yield encode_basestring(value.isoformat())
        case _:
            raise TypeError(f"no JSON for {type(value).__name__}")


def _object(value: dict[Any, Any]) -> Iterator[str]:
    before = "{"
    for key, each in value.items():
        yield f"{before}{encode_basestring(str(key))}:"
        yield from _pieces(each)
        before = ","
    yield "}" if value else "{}"


def _array(value: list[Any] | tuple[Any, ...]) -> Iterator[str]:
    before = "["
    for each in value:
        yield before
        yield from _pieces(each)
        before = ","
    yield "]" if value else "[]"


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
    if "\x00" in text or (not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text)):
        raise MalformedJsonError("a text has a character that is none")
