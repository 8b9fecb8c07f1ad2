"""Bodies and answers of actions: many usage records at once."""
# ruff: noqa: N815 - names of the API

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.schemas import Schema
from ratable_server.api.zuora.schemas.usage import UsageChangeSerializer, UsageSerializer, UsageToldSerializer


class FaultSerializer(Schema):
    """What is wrong with one record."""

    Code = serializers.CharField()
    Message = serializers.CharField()


class SmallFaultSerializer(Schema):
    """The same of a deletion."""

    code = serializers.CharField()
    message = serializers.CharField()


class ActionCreateSerializer(Schema):
    """New records, at most 50."""

    type = serializers.ChoiceField(choices=["Usage"])
    objects = UsageSerializer(many=True)


class UsageUpdateSerializer(UsageChangeSerializer):
    """A record by its id, with what it is told anew."""

    Id = serializers.CharField()


class ActionUpdateSerializer(Schema):
    """Changes, at most 50."""

    type = serializers.ChoiceField(choices=["Usage"])
    objects = UsageUpdateSerializer(many=True)


class ActionDeleteSerializer(Schema):
    """What is to be deleted, at most 50."""

    type = serializers.ChoiceField(choices=["Usage"])
    ids = serializers.ListField(child=serializers.CharField())


class ActedSerializer(Schema):
    """What became of one record."""

    Success = serializers.BooleanField()
    Id = serializers.CharField(required=False)
    Errors = FaultSerializer(many=True, required=False)


class ActedDeletedSerializer(Schema):
    """What became of one that was to be deleted."""

    success = serializers.BooleanField()
    id = serializers.CharField()
    errors = SmallFaultSerializer(many=True, required=False)  # type: ignore[assignment]  # a field, which DRF takes out


class QueryConfSerializer(Schema):
    """How much of the answer is wanted at once."""

    batchSize = serializers.IntegerField(required=False, help_text="From 1 to 2,000; more is 2,000.")


class QuerySerializer(Schema):
    """A query."""

    queryString = serializers.CharField(max_length=10_000)
    conf = QueryConfSerializer(required=False)


class QueryMoreSerializer(Schema):
    """Where the answer to a query goes on."""

    queryLocator = serializers.CharField()
    conf = QueryConfSerializer(required=False)


class QueriedSerializer(Schema):
    """Records that were asked for, with the fields that were; `queryLocator` says that there are more."""

    size = serializers.IntegerField()
    records = UsageToldSerializer(many=True)
    done = serializers.BooleanField()
    queryLocator = serializers.CharField(required=False)
