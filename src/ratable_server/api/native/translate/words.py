"""Records as they are told: numbers as texts to the digit, months as months, days and moments in ISO 8601."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ratable_server.api.json_text import plain_number

_MOST_PLACES = 4  # of money; what has more places is a quantity or a price, and loses the zeros at its end


def told(value: Any) -> Any:
    """A value of ours as JSON has it, without a number that is not whole."""
    match value:
        case Decimal():
            return number_text(value)
        case datetime():
            return moment_text(value)
        case date():
            return value.isoformat()
        case Mapping():
            return {str(name): told(each) for name, each in value.items()}
        case list() | tuple() | set() | frozenset():
            return [told(each) for each in value]
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: told(getattr(value, field.name)) for field in fields(value)}
    return value


def number_text(number: Decimal) -> str:
    """A number as text."""
    text = plain_number(number)
    _, _, places = text.partition(".")
    return text.rstrip("0").rstrip(".") if len(places) > _MOST_PLACES else text


def moment_text(moment: datetime) -> str:
    """A moment in UTC."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def month_text(month_on: date) -> str:
    """A month: `2026-03`."""
    return f"{month_on:%Y-%m}"
