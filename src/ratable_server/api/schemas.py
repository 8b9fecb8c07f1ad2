"""Fields as every dialect reads them: numbers to the digit, days as days, forms as if they were JSON.

Owns what counts as a number. What a field means is the dialect's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from typing import Any

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from typing_extensions import override

from ratable_server.api.json_text import MalformedJsonError, read_json
from ratable_server.api.parsers import FormData

_DECIMAL = re.compile(r"-?[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_WHOLE = re.compile(r"-?[0-9]{1,30}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_BIGGEST_ID = 2**63 - 1
_MOST_WHOLE = 2**31 - 1
_NESTED = (serializers.BaseSerializer, serializers.ListField, serializers.DictField)


class Exact(serializers.DecimalField):
    """A number to the digit, as a JSON number or as its text."""

    def __init__(self, *, max_digits: int = 30, decimal_places: int = 12, **kwargs: Any) -> None:
        super().__init__(max_digits=max_digits, decimal_places=decimal_places, coerce_to_string=False, **kwargs)

    @override
    def to_internal_value(self, data: Any) -> Decimal:
        is_text = isinstance(data, str) and _DECIMAL.fullmatch(data) is not None
        is_number = isinstance(data, int | Decimal) and not isinstance(data, bool)
        if not (is_text or is_number):
            self.fail("invalid")
        number = Decimal(data)
        if not number.is_finite():
            self.fail("invalid")
        return self.validate_precision(_shortest(number))


class Amount(Exact):
    """An amount of money; how many digits its currency has is asked by the operation."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=22, decimal_places=4, **kwargs)


class Whole(serializers.IntegerField):
    """A whole number, as a JSON number or as its text."""

    def __init__(self, *, max_value: int = _MOST_WHOLE, min_value: int = -_MOST_WHOLE - 1, **kwargs: Any) -> None:
        super().__init__(max_value=max_value, min_value=min_value, **kwargs)

    @override
    def to_internal_value(self, data: Any) -> int:
        return _whole(self, data)


class Id(serializers.IntegerField):
    """The id of something of ours."""

    @override
    def to_internal_value(self, data: Any) -> int:
        number = _whole(self, data)
        if not 0 <= number <= _BIGGEST_ID:
            raise ValidationError([f'Invalid pk "{number}" - object does not exist.'])
        return number


class Day(serializers.DateField):
    """A day, and nothing else that a date library takes for one."""

    @override
    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not _DAY.fullmatch(value):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(value)


class Schema(serializers.Serializer[Any]):
    """An object on the wire. What a form sends is read as JSON would be: nested fields from JSON text."""

    @override
    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, QueryDict):
            data = FormData(data.dict())
        return super().to_internal_value(self._unfolded(data) if isinstance(data, Mapping) else data)

    def _unfolded(self, data: Mapping[str, Any]) -> dict[str, Any]:
        is_form, errors = isinstance(data, FormData), {}
        unfolded = dict(data)
        for field in self._writable_fields:
            name = str(field.field_name)
            value = unfolded.get(name)
            if not isinstance(value, str):
                continue
            if is_form and value == "" and not isinstance(field, serializers.CharField):
                _unset(unfolded, name, field)
            elif isinstance(field, _NESTED) or (is_form and isinstance(field, serializers.JSONField)):
                try:
                    unfolded[name] = read_json(value)
                except MalformedJsonError:
                    errors[name] = ["Value must be valid JSON."]
        if errors:
            raise ValidationError(errors)
        return unfolded


def read_fields(schema: type[Schema], data: Any, *, is_partial: bool = False) -> dict[str, Any]:
    """The fields that an object has, as a schema reads them; with `is_partial` none of them is needed.

    Raises:
        ValidationError: of every field that is wrong.
    """
    try:
        found: dict[str, Any] = _reading(schema, is_partial).run_validation(data)
    except ValidationError:
        schema(data=data, partial=is_partial).is_valid(raise_exception=True)  # tells it as a body, not as a field
        raise
    return found


@cache
def _reading(schema: type[Schema], is_partial: bool) -> Schema:  # noqa: FBT001 - part of the key
    """A schema that everybody asks: to make its fields takes longer than to read them, and reading changes none of them."""
    return schema(partial=is_partial)


def _unset(data: dict[str, Any], name: str, field: Any) -> None:
    """An empty text of a form: nothing, where there can be nothing."""
    if field.allow_null:
        data[name] = None
    elif not field.required:
        del data[name]


def _whole(field: Any, data: Any) -> int:
    is_text = isinstance(data, str) and _WHOLE.fullmatch(data) is not None
    if not is_text and (not isinstance(data, int) or isinstance(data, bool)):
        field.fail("invalid")
    return int(data)


def _shortest(number: Decimal) -> Decimal:
    """The same number without exponent and without zeros at its end; zero has no sign."""
    if number == 0:
        return Decimal(0)
    text = format(number, "f")
    return Decimal(text.rstrip("0").rstrip(".") if "." in text else text)
