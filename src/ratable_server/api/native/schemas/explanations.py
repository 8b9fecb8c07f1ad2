"""Explanations on the wire."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ratable_server.api.native.schemas.fields import Code, Moment, Month, NativeSchema, Number, Text
from ratable_server.api.schemas import Whole

_MOST_RECORDS = 1_000


@extend_schema_field({"type": "array", "items": {"$ref": "#/components/schemas/Step"}})
class Steps(serializers.ListField):
    """Steps below a step; only told."""


class StepSerializer(NativeSchema):
    """One figure and where it comes from: `children` sum to its value, `basis` is what the formula reads."""

    kind = Text()
    key = Text()
    title = Text()
    formula = Text()
    value = Number()
    unit = Text()
    children = Steps()
    basis = Steps()


class TraceSerializer(NativeSchema):
    """A record of usage with its month, its share of it, and the journal lines that it stands in."""

    usage = StepSerializer()
    month = StepSerializer()
    part = Number()
    whole = Number()
    lines = StepSerializer(many=True)


class ExplanationSerializer(NativeSchema):
    """From a figure down to its usage (`steps`), or from a record of usage up to its journal lines (`trace`)."""

    id = Text(allow_null=True)
    of = serializers.ChoiceField(choices=["entry", "revenue", "usage"])
    steps = StepSerializer(many=True)
    trace = TraceSerializer(allow_null=True)


class ExplanationAsked(NativeSchema):
    """When an explanation is of, and how much of it is shown."""

    as_of = Moment(required=False, help_text="As the books stood then.")
    run = Whole(min_value=1, max_value=2**63 - 1, required=False, help_text="With this draft, as if posted.")
    records = Whole(min_value=0, max_value=_MOST_RECORDS, default=20, help_text="Records of usage to show of a month.")


class RevenueAsked(ExplanationAsked):
    """Which revenue is explained: its keys."""

    contract = Code()
    period = Month(required=False, help_text="The month that it is booked in.")
    service_period = Month(required=False, help_text="The month that it was earned in.")
    product = Code(required=False)
    item = Code(required=False)
    prepaid_commit = Code(required=False)
    source = Code(required=False)  # type: ignore[assignment]
    type = Code(required=False)
