"""What the ledger is asked for: a window of days, accounts, types, and everything else that a list of lines can be limited to.

Parameters are taken as documented: several times, with commas, or as a JSON list. What is not served is refused by name.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.schemas import Amount, Day

_NOT_ASKED = {"false", "0", "no", "off", ""}
_DIGITS = re.compile(r"[0-9]{1,18}", re.ASCII)
MONTHS_BACK = 6
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """Days, both ends included; None: no limit."""

    starts_on: date | None
    ends_on: date | None


def window_of(request: Request, *, today: date) -> Window:
    """The days that are asked for: from six months ago to the end of this month, unless `all_time`."""
    if flag_of(request, "all_time"):
        return Window(starts_on=None, ends_on=None)
    return Window(
        starts_on=day_of(request, "start_date") or months_before(today, MONTHS_BACK),
        ends_on=day_of(request, "end_date") or month_end(today),
    )


def months_before(day: date, months: int) -> date:
    """The same day some months ago, or the last one of that month."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(years, month + 1, min(day.day, monthrange(years, month + 1)[1]))


def month_end(day: date) -> date:
    """The last day of its month."""
    return day.replace(day=monthrange(day.year, day.month)[1])


def day_of(request: Request, name: str) -> date | None:
    """A day that the books can have."""
    said = request.query_params.get(name)
    if not said:
        return None
    day: date = _read(Day(), name, said)
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValidationError({name: [f"Must be between {FIRST_DAY} and {LAST_DAY}."]})
    return day


def amount_of(request: Request, name: str) -> Decimal | None:
    """An amount."""
    said = request.query_params.get(name)
    return _read(Amount(), name, said) if said else None


def ids_of(request: Request, *names: str) -> list[int] | None:
    """The ids of all these parameters; None: none of them is there."""
    found = [(name, each) for name in names for each in words_of(request, name) or ()]
    wrong = {name: [f'"{each}" is not a valid value.'] for name, each in found if not _DIGITS.fullmatch(each)}
    if wrong:
        raise ValidationError(wrong)
    return [int(each) for _, each in found] if found else None


def words_of(request: Request, name: str) -> list[str] | None:
    """The words of a parameter; None: it is not there."""
    said = [each for text in request.query_params.getlist(name) for each in _parts(text)]
    return said or None


def choice_of(request: Request, name: str, choices: Sequence[str]) -> str:
    """One of a few words, the first where none is said."""
    said = request.query_params.get(name) or choices[0]
    if said not in choices:
        raise ValidationError({name: [f'"{said}" is not a valid choice.']})
    return said


def refuse_unserved(request: Request, names: Sequence[str]) -> None:
    """Go on, unless something is asked for that is not served.

    Raises:
        ValidationError: told by its name.
    """
    asked = [name for name in names if request.query_params.get(name, "").lower() not in _NOT_ASKED]
    if asked:
        raise ValidationError({name: ["This is not served here."] for name in asked})


def _parts(text: str) -> Iterator[str]:
    for each in text.strip().removeprefix("[").removesuffix("]").split(","):
        part = each.strip().strip('"')
        if part:
            yield part


def _read(field: Any, name: str, said: str) -> Any:
    try:
        return field.run_validation(said)
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from error


def parameter(name: str, type: Any, description: str, **options: Any) -> OpenApiParameter:
    """A documented parameter."""
    return OpenApiParameter(name, type, description=description, **options)


DAYS = [
    parameter("start_date", OpenApiTypes.DATE, "The first day; six months ago."),
    parameter("end_date", OpenApiTypes.DATE, "The last day; the end of this month."),
]
ALL_TIME = parameter("all_time", OpenApiTypes.BOOL, "All days.")
