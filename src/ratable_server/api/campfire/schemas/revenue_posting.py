"""Posting the revenue of a month: an addition to the published API."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import flag, link
from ratable_server.api.schemas import Amount, Day, Id, Schema, Whole


class RevenuePostingInputSerializer(Schema):
    """The month; with `dry_run` it is only computed, with `run` that draft is posted."""

    period_month = Day()
    entity = link()
    dry_run = flag()
    run = link()


class PostedRevenueSerializer(Schema):
    """Revenue of one kind: usage, drawdown, overage, minimum, breakage, subscription, milestone, adjustment."""

    kind = serializers.CharField()
    currency = serializers.CharField()
    amount = Amount()
    transactions = Whole()


class ObstacleSerializer(Schema):
    """A reason why the month cannot be posted now."""

    code = serializers.CharField()
    detail = serializers.CharField()


class CloseWarningSerializer(Schema):
    """Something that may surprise in the month, and stops nothing."""

    code = serializers.CharField()
    detail = serializers.CharField()


class RevenuePostingSerializer(Schema):
    """A month as it was computed or posted; `version` counts its closes."""

    period_month = Day()
    entity = Id(allow_null=True)
    run = Id()
    status = serializers.ChoiceField(choices=["draft", "posted"])
    version = Whole(allow_null=True)
    journal_hash = serializers.CharField(allow_null=True)
    revenue = PostedRevenueSerializer(many=True)
    journal_entries = Whole()
    obstacles = ObstacleSerializer(many=True)
    warnings = CloseWarningSerializer(many=True)
    waiting_adjustments = Whole(help_text="Reported of this month and earlier ones, and not processed yet.")


class PeriodOfBooksSerializer(Schema):
    """Where a month stands."""

    period_month = Day()
    status = serializers.CharField()
    version = Whole()
    closed_at = serializers.DateTimeField(allow_null=True)
    closed_by = serializers.CharField()
