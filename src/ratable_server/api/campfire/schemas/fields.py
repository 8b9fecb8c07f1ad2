"""Words for the documented fields, so that a schema reads like its document.

A field without `told_` is taken and told, one with `told_` is only told. What is taken may be left out and may be null,
as existing clients do. Owns what a field says that nobody has set.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from typing_extensions import override

from ratable_server.api.schemas import Amount, Day, Exact, Id, Schema, Whole

Options = dict[str, Any]
_TAKEN: Options = {"required": False, "allow_null": True}
_TOLD: Options = {"read_only": True, "allow_null": True}


class Resource(Schema):
    """Something that the API tells: what is ours of it, and further fields as they were sent."""

    @classmethod
    def answer(cls, ours: Mapping[str, Any], further: Mapping[str, Any]) -> dict[str, Any]:
        """Every documented field, in the order of the document; ours first, then what was sent, then unset."""
        told = {name: ours[name] if name in ours else further.get(name, unset) for name, unset in _unset(cls).items()}
        return {**told, **ours}

    @classmethod
    def further(cls, fields: Mapping[str, Any], *, less: Sequence[str]) -> dict[str, Any]:
        """The fields that are kept as they were sent: all but those that the books read."""
        return {name: value for name, value in fields.items() if name not in less}


class Lenient(Resource):
    """One whose senders say an empty text where there is no id."""

    @override
    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return super().to_internal_value(data)
        empty = [name for name, field in self.fields.items() if isinstance(field, Id) and data.get(name) == ""]
        return super().to_internal_value({**data, **dict.fromkeys(empty)} if empty else data)


@extend_schema_field({})
class Anything(serializers.JSONField):
    """Any JSON value, kept as it is."""


@extend_schema_field({"type": "string"})
class Tags(serializers.JSONField):
    """Tags by id: a list of ids or of objects with one, or text; told as comma-separated names."""


def text(most: int | None = None, **options: Any) -> serializers.CharField:
    """A text."""
    return serializers.CharField(max_length=most, allow_blank=True, **_TAKEN | options)


def needed_text(most: int | None = None) -> serializers.CharField:
    """A text that must be there."""
    return serializers.CharField(max_length=most)


def told_text(**options: Any) -> serializers.CharField:
    """A text that we tell."""
    return serializers.CharField(**_TOLD | options)


def choice(choices: Sequence[str], **options: Any) -> serializers.ChoiceField:
    """One of a few words."""
    return serializers.ChoiceField(choices=list(choices), **_TAKEN | options)


def told_choice(choices: Sequence[str]) -> serializers.ChoiceField:
    """One of a few words, which we tell."""
    return serializers.ChoiceField(choices=list(choices), read_only=True)


def flag(**options: Any) -> serializers.BooleanField:
    """Yes or no."""
    return serializers.BooleanField(**_TAKEN | options)


def told_flag() -> serializers.BooleanField:
    """Yes or no, which we tell."""
    return serializers.BooleanField(read_only=True)


def link(**options: Any) -> Id:
    """The id of something else."""
    return Id(**_TAKEN | options)


def told_link(**options: Any) -> Id:
    """An id that we tell."""
    return Id(**_TOLD | options)


def whole(**options: Any) -> Whole:
    """A whole number."""
    return Whole(**_TAKEN | options)


def told_whole() -> Whole:
    """A whole number that we tell."""
    return Whole(read_only=True)


def amount(**options: Any) -> Amount:
    """Money."""
    return Amount(**_TAKEN | options)


def told_amount() -> Amount:
    """Money that we tell."""
    return Amount(**_TOLD)


def exact(**options: Any) -> Exact:
    """A price, a quantity, a rate: up to twelve digits behind the point."""
    return Exact(**_TAKEN | options)


def told_exact() -> Exact:
    """Such a number that we tell."""
    return Exact(**_TOLD)


def day(**options: Any) -> Day:
    """A day."""
    return Day(**_TAKEN | options)


def told_day() -> Day:
    """A day that we tell."""
    return Day(**_TOLD)


def told_moment() -> serializers.DateTimeField:
    """A moment that we tell, in UTC."""
    return serializers.DateTimeField(**_TOLD)


def moment() -> serializers.DateTimeField:
    """A moment."""
    return serializers.DateTimeField(**_TAKEN)


def links(**options: Any) -> serializers.ListField:
    """Ids of several things."""
    return serializers.ListField(child=Id(), **_TAKEN | options)


def told_links() -> serializers.ListField:
    """Ids of several things that we tell."""
    return serializers.ListField(child=Id(), read_only=True)


def texts(most: int) -> serializers.ListField:
    """Several texts."""
    return serializers.ListField(child=serializers.CharField(max_length=most), **_TAKEN)


def anything(**options: Any) -> Anything:
    """Any JSON value."""
    return Anything(**_TAKEN | options)


def tags() -> Tags:
    """Tags."""
    return Tags(**_TAKEN)


def told_objects() -> serializers.ListField:
    """Objects of any kind that we tell."""
    return serializers.ListField(child=serializers.DictField(), read_only=True)


@cache
def _unset(schema: type[Resource]) -> dict[str, Any]:
    """What each documented field says that nobody has set."""
    return {str(name): _unset_of(field) for name, field in schema().fields.items() if not field.write_only}


def _unset_of(field: serializers.Field[Any, Any, Any, Any]) -> Any:
    match field:
        case serializers.ListField() | serializers.ListSerializer():
            return []
        case serializers.BooleanField():
            return field.initial or False
        case serializers.ChoiceField():
            return field.initial
        case serializers.CharField() if not field.allow_null:
            return ""
    return None
