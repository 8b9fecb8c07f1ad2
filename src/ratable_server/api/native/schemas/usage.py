"""Usage that is sent, what became of it, and its receipt, on the wire."""

from __future__ import annotations

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ratable_server.api.native.schemas.fields import AskedFlag, Code, Flag, Moment, NativeSchema, Number, Text


@extend_schema_field({"type": "object", "additionalProperties": True})
class Anything(serializers.JSONField):
    """An object, as it is told."""


class UsageAsked(NativeSchema):
    """How usage is to be taken."""

    partial = AskedFlag(default=False, help_text="Take the good records of a call with bad ones.")  # type: ignore[assignment]


class UsageRecordSerializer(NativeSchema):
    """A record of usage. Each further name is a dimension.

    It names an item, or for prepaid usage a prepaid commit or a contract; a day or a moment; a quantity or an amount.
    """

    id = Code(required=False, help_text="Known for ever; without one, the record is new each time.")
    item = Code(required=False)
    prepaid_commit = Code(required=False)
    contract = Code(required=False)
    used_on = serializers.DateField(required=False)
    used_at = Moment(required=False)
    quantity = Number(required=False)
    amount = Number(required=False)
    currency = Text(required=False)


class UsageEventSerializer(NativeSchema):
    """A CloudEvent: its source and its id are the id of the usage, its time is when it was."""

    specversion = Text()
    id = Code()
    source = Code()  # type: ignore[assignment]
    type = Text()
    time = Moment(required=False)
    data = Anything(help_text="A record, but for id and moment.")  # type: ignore[assignment]


class OutcomeSerializer(NativeSchema):
    """What became of a record: accepted, duplicate (it is known as it is), or rejected by a rule.

    `late`: its month is closed, so that it counts in `posted_period`.
    """

    row = serializers.IntegerField()
    id = Text()
    result = serializers.ChoiceField(["accepted", "duplicate", "rejected"])
    status = serializers.IntegerField(help_text="The status that the record alone would have.")
    duplicate = Flag(required=False)
    late = Flag(required=False)
    service_period = Text(required=False)
    posted_period = Text(required=False)
    rule = Text(required=False)
    field = Text(required=False)
    detail = Text(required=False)


class ReceiptSerializer(NativeSchema):
    """What became of a call or a file: received = accepted + duplicate + rejected, of rows and of their quantities.

    `accepted_sha256` is the hash of the accepted records, chained to that of the receipt before.
    """

    id = Text()
    status = serializers.ChoiceField(["pending", "completed", "failed"])
    file_name = Text()
    sha256 = Text()
    is_partial = Flag()
    rows_received = serializers.IntegerField()
    rows_accepted = serializers.IntegerField()
    rows_duplicate = serializers.IntegerField()
    rows_rejected = serializers.IntegerField()
    quantity_received = Number()
    quantity_accepted = Number()
    quantity_duplicate = Number()
    quantity_rejected = Number()
    accepted_sha256 = Text()
    previous_sha256 = Text()
    recorded_at = Moment()
    recorded_by = Text()


class ProvenReceiptSerializer(ReceiptSerializer):
    """A receipt, held against the books: its records as they are stored have the hash that it says."""

    is_proven = Flag()
    found_sha256 = Text(help_text="The hash of the records as they are stored now, after `previous_sha256`.")


class TakenSerializer(NativeSchema):
    """The receipt of a call, and what became of each record, in their order."""

    receipt = ReceiptSerializer()
    results = OutcomeSerializer(many=True)


BODIES: dict[str, Any] = {
    "application/json": UsageRecordSerializer(many=True),
    "application/x-ndjson": OpenApiTypes.STR,
    "application/jsonl": OpenApiTypes.STR,
    "application/cloudevents+json": UsageEventSerializer,
    "application/cloudevents-batch+json": UsageEventSerializer(many=True),
}
