"""Fields as this API reads them: strictly, since what is guessed about a request ends up in the books.

Owns what an id, a text, a month and a moment are. An object refuses what it does not know.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, ClassVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from typing_extensions import override

from ratable_server.api.schemas import Exact, Schema

MONTH = "(?:19|2[0-9])[0-9]{2}-(?:0[1-9]|1[0-2])"  # of the years that the books have
_MONTH = re.compile(MONTH)
_MOMENT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_UNSEEN = {"Cc", "Cf", "Cs", "Zl", "Zp"}
MOST_LETTERS = 500
MOST_WORDS = 2_000


class NativeSchema(Schema):
    """An object on the wire: every name that it has is one of its fields."""

    @override
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            known = {str(field.field_name) for field in self._writable_fields}
            unknown = [str(name) for name in data if name not in known]
            if unknown:
                raise ValidationError({name: [ErrorDetail("Unknown field.", code="unknown")] for name in unknown})
        return super().to_internal_value(data)


class Number(Exact):
    """A number to the digit: read as a JSON number or as its text, told as text."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.coerce_to_string = True  # how the document tells it


class Text(serializers.CharField):
    """A text, as it is."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(trim_whitespace=False, **kwargs)

    @override
    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return str(super().to_internal_value(data))


class Code(Text):
    """The id that somebody gave to something: what everybody who looks at it reads alike."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=MOST_LETTERS, **kwargs)

    @override
    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if text != text.strip() or any(unicodedata.category(letter) in _UNSEEN for letter in text):
            raise ValidationError(["An id has no space around it and no character that nobody sees."])
        return text


class Flag(serializers.BooleanField):
    """True or false, in JSON."""

    @override
    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return bool(data)


class AskedFlag(serializers.BooleanField):
    """True or false, in the address."""

    @override
    def to_internal_value(self, data: Any) -> bool:
        if data not in {"true", "false"}:
            self.fail("invalid", input=data)
        return bool(data == "true")


@extend_schema_field({"type": "string", "pattern": f"^{MONTH}$", "example": "2026-03"})
class Month(serializers.Field[date, Any, str, Any]):
    """A month, as its first day: `2026-03`."""

    default_error_messages: ClassVar[dict[str, Any]] = {"invalid": "A month is written as 2026-03."}

    @override
    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or not _MONTH.fullmatch(data):
            self.fail("invalid")
        return date.fromisoformat(f"{data}-01")

    @override
    def to_representation(self, value: date) -> str:
        return f"{value:%Y-%m}"


@extend_schema_field(OpenApiTypes.DATETIME)
class Moment(serializers.Field[datetime, Any, str, Any]):
    """A moment with its offset: `2026-04-05T12:00:00Z`."""

    default_error_messages: ClassVar[dict[str, Any]] = {
        "invalid": "A moment has a day, a time and an offset, as 2026-04-05T12:00:00Z."
    }

    @override
    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str) or not _MOMENT.fullmatch(data.upper()):
            self.fail("invalid")
        try:
            return datetime.fromisoformat(data.upper()).astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail("invalid")

    @override
    def to_representation(self, value: datetime) -> str:
        return value.isoformat()
