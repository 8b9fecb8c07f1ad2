"""The documented fields of usage events of prepaid commits."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    amount,
    anything,
    day,
    flag,
    text,
    told_link,
    told_moment,
    whole,
)
from ratable_server.api.schemas import Day, Schema


class PrepaidUsageEventSerializer(Resource):
    """A row of the source data, in list value; `data` are its other columns."""

    id = told_link()
    prepaid_commit = told_link()
    consumption = told_link()
    external_id = text(250)
    event_date = day()
    period_month = Day()
    total_revenue_dollars = amount()
    total_events = whole()
    data = anything()  # type: ignore[assignment]  # a field of this name
    adjustment_date = day()
    is_adjustment = flag()
    original_period_month = day()
    created_at = told_moment()


class DistinctValuesSerializer(Schema):
    """The values that a column of the data has."""

    field = serializers.CharField()
    values = serializers.ListField(child=serializers.CharField())
