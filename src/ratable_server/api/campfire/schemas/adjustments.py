"""What processing adjustments answers; the published document leaves it open."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.schemas import Amount, Day, Id, Schema, Whole


class AdjustmentCreditMemoSerializer(Schema):
    """The credit memo of an adjustment."""

    id = Id()
    credit_memo_number = serializers.CharField()
    amount = Amount()
    original_period_month = Day()


class AdjustedPeriodSerializer(Schema):
    """What adjustments of one day change of a closed month: gross = discount + net + overage."""

    original_period_month = Day()
    period_month = Day()
    adjustment_date = Day()
    events = Whole()
    gross_amount = Amount()
    discount_amount = Amount()
    net_amount = Amount()
    overage_amount = Amount()
    credited_amount = Amount()
    credit_memo = Id(allow_null=True)


class ProcessedAdjustmentsSerializer(Schema):
    """Adjustments that were processed; `waiting` are those of months that are still open."""

    processed = Whole()
    waiting = Whole()
    credit_memos = AdjustmentCreditMemoSerializer(many=True)
    periods = AdjustedPeriodSerializer(many=True)
