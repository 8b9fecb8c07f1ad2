"""What an upload of usage answers; the published document leaves it open."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.schemas import Amount, Day, Exact, Id, Schema, Whole


class UploadErrorSerializer(Schema):
    """A row that cannot be taken; rows count from 1, below the header."""

    row = Whole()
    field = serializers.CharField()
    message = serializers.CharField()
    code = serializers.CharField()


class UploadRowsSerializer(Schema):
    """Rows by what became of them: received = accepted + duplicate + rejected."""

    received = Whole()
    accepted = Whole()
    duplicate = Whole()
    rejected = Whole()


class UploadSumsSerializer(Schema):
    """What these rows sum to."""

    received = Exact()
    accepted = Exact()
    duplicate = Exact()
    rejected = Exact()


class UploadAdjustmentsSerializer(Schema):
    """Adjustments among the rows; `process-adjustments` books them."""

    received = Whole()
    accepted = Whole()


class UploadPeriodSerializer(Schema):
    """What a month comes to now: usage = gross + cascaded - covered for others, to the cent."""

    period_month = Day()
    usage_amount = Amount(help_text="What all events of the month sum to, in list value.")
    gross_usage_amount = Amount(help_text="What this prepaid commit covers, and its overage.")
    cascaded_amount = Amount(help_text="What other prepaid commits of the contract cover of these events.")
    covered_for_others_amount = Amount(help_text="What of the gross is usage of other commits or of usage lines.")
    total_events = Whole(help_text="Of all events of the month.")
    consumption = Id()


class UploadedFileSerializer(Schema):
    """A file that was taken, and what became of its rows."""

    import_id = serializers.CharField()
    status = serializers.CharField()
    file_name = serializers.CharField()
    file_sha256 = serializers.CharField()
    repeats = serializers.CharField(allow_null=True)
    detail = serializers.CharField(allow_null=True)
    created = Whole()
    updated = Whole()
    skipped = Whole()
    errors = UploadErrorSerializer(many=True)  # type: ignore[assignment]  # a field of this name
    rows = UploadRowsSerializer()
    adjustments = UploadAdjustmentsSerializer()
    replaced_periods = serializers.ListField(child=Day())


class UsageEventsUploadSerializer(UploadedFileSerializer):
    """A file of events of a prepaid commit."""

    total_revenue_dollars = UploadSumsSerializer()
    periods = UploadPeriodSerializer(many=True)


class UploadedMonthSerializer(Schema):
    """What a month of a usage line has now."""

    usage = Id()
    period_month = Day()
    quantity = Exact()
    amount = Exact()
    records = Whole()


class ContractUsageUploadSerializer(UploadedFileSerializer):
    """A file of usage of a contract's usage lines; `control_total` sums amounts, and quantities of rows without one."""

    control_total = UploadSumsSerializer()
    periods = UploadedMonthSerializer(many=True)
