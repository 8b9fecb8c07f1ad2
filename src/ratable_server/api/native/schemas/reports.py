"""Reports on the wire."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.native.schemas.fields import MONTH, MOST_WORDS, Code, Moment, Month, NativeSchema, Text
from ratable_server.api.schemas import Day, Whole

FORMATS = ("json", "csv", "xlsx", "parquet")
_MOST_RUNS = 2**63 - 1


class ColumnSerializer(NativeSchema):
    """A column: how its values are to be read, and what they mean."""

    name = Text()
    unit = serializers.ChoiceField(
        choices=["id", "word", "month", "day", "instant", "amount", "exact", "count", "flag"]
    )
    meaning = Text()


class DefinedColumnSerializer(ColumnSerializer):
    """A column: keys tell rows apart, figures may be summed over keys, attributes are neither."""

    role = serializers.ChoiceField(choices=["key", "figure", "attribute"])


class ReportDefinitionSerializer(NativeSchema):
    """A report that can be asked for."""

    name = Code()
    title = Text()
    about = Text()
    has_periods = serializers.BooleanField()
    is_of_a_day = serializers.BooleanField()
    columns = DefinedColumnSerializer(many=True)


class TableSerializer(NativeSchema):
    """A report: in each row a value for each column, numbers that are not whole as texts."""

    report = Code()
    title = Text()
    columns = ColumnSerializer(many=True)
    rows = serializers.ListField(child=serializers.DictField(child=serializers.JSONField(allow_null=True)))


class ReportSerializer(TableSerializer):
    """A report; `through` is the last month that is in it, null while nothing is posted."""

    through = Month(allow_null=True)


class Periods(serializers.RegexField):
    """One month or two with a colon, the first and the last one: `2026-01:2026-12`."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(rf"\A{MONTH}(?::{MONTH})?\Z", **kwargs)  # type: ignore[arg-type]


class ReportAsked(NativeSchema):
    """Of which months or day a report is, as the books stood when, summed over which keys."""

    period = Periods(required=False, help_text="The months to show: 2026-01 or 2026-01:2026-12.")
    as_of = Moment(required=False, help_text="As the books stood then.")
    at = Day(required=False, help_text="For reports of a day: its end.")
    by = Text(required=False, max_length=MOST_WORDS, help_text="Sum over all keys but these: period,account.")
    run = Whole(min_value=1, max_value=_MOST_RUNS, required=False, help_text="With this draft, as if posted.")
    format = serializers.ChoiceField(choices=FORMATS, default="json")
