"""Usage records as the served document has them; what a field may hold is read by `translate.usage`."""
# ruff: noqa: N815 - names of the API

from __future__ import annotations

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from ratable_server.api.schemas import Schema

RBE_STATUSES = ("Importing", "Pending", "Processed")
SOURCE_TYPES = ("API", "Import")


class UsageChangeSerializer(Schema):
    """What a usage record is told anew; custom fields end with `__c`."""

    EndDateTime = serializers.DateTimeField(required=False)
    Quantity = serializers.FloatField(required=False)
    RbeStatus = serializers.CharField(required=False, help_text="Taken, and ignored: it is told by what happens.")
    StartDateTime = serializers.DateTimeField(required=False)
    UOM = serializers.CharField(required=False)
    Description = serializers.CharField(required=False, max_length=200)
    UniqueKey = serializers.CharField(required=False, max_length=255)


class UsageSerializer(Schema):
    """A new usage record; custom fields end with `__c`."""

    AccountId = serializers.CharField(required=False, max_length=32)
    AccountNumber = serializers.CharField(required=False, max_length=50)
    ChargeId = serializers.CharField(required=False, max_length=32)
    ChargeNumber = serializers.CharField(required=False, max_length=50)
    Description = serializers.CharField(required=False, max_length=200)
    EndDateTime = serializers.DateTimeField(required=False)
    Quantity = serializers.FloatField()
    StartDateTime = serializers.DateTimeField()
    SubscriptionId = serializers.CharField(required=False, max_length=32)
    SubscriptionNumber = serializers.CharField(required=False, max_length=100)
    UOM = serializers.CharField()
    UniqueKey = serializers.CharField(required=False, max_length=255)


class UsageToldSerializer(Schema):
    """A usage record; what was not told, or not asked for, is left out; custom fields end with `__c`."""

    AccountId = serializers.CharField(required=False)
    AccountNumber = serializers.CharField(required=False)
    ChargeId = serializers.CharField(required=False)
    ChargeNumber = serializers.CharField(required=False)
    CreatedById = serializers.CharField(required=False)
    CreatedDate = serializers.DateTimeField(required=False)
    Description = serializers.CharField(required=False)
    EndDateTime = serializers.DateTimeField(required=False)
    Id = serializers.CharField(required=False)
    ImportId = serializers.CharField(required=False)
    Quantity = serializers.FloatField(required=False)
    RbeStatus = serializers.ChoiceField(choices=RBE_STATUSES, required=False)
    SourceName = serializers.CharField(required=False)
    SourceType = serializers.ChoiceField(choices=SOURCE_TYPES, required=False)
    StartDateTime = serializers.DateTimeField(required=False)
    SubmissionDateTime = serializers.DateTimeField(required=False)
    SubscriptionId = serializers.CharField(required=False)
    SubscriptionNumber = serializers.CharField(required=False)
    UOM = serializers.CharField(required=False)
    UniqueKey = serializers.CharField(required=False)
    UpdatedById = serializers.CharField(required=False)
    UpdatedDate = serializers.DateTimeField(required=False)


class NothingSerializer(Schema):
    """There is no such record."""

    records = serializers.ListField(child=serializers.DictField())
    size = serializers.IntegerField()
    done = serializers.BooleanField()


class WrittenSerializer(Schema):
    """What was written."""

    Success = serializers.BooleanField()
    Id = serializers.CharField()


class DeletedSerializer(Schema):
    """What was deleted."""

    success = serializers.BooleanField()
    id = serializers.CharField()


class UsageListedSerializer(Schema):
    """A usage record in the list of an account; times are those of the books."""

    id = serializers.CharField()
    accountId = serializers.CharField()
    accountNumber = serializers.CharField()
    accountName = serializers.CharField()
    subscriptionNumber = serializers.CharField(required=False)
    chargeNumber = serializers.CharField(required=False)
    unitOfMeasure = serializers.CharField()
    quantity = serializers.CharField()
    submissionDateTime = serializers.CharField()
    startDateTime = serializers.CharField()
    status = serializers.ChoiceField(choices=RBE_STATUSES)
    sourceName = serializers.ChoiceField(choices=SOURCE_TYPES)
    fileName = serializers.CharField(required=False)
    uniqueKey = serializers.CharField(required=False)


@extend_schema_serializer(many=False)
class UsageListSerializer(Schema):
    """A page of the list of an account."""

    usage = UsageListedSerializer(many=True)
    nextPage = serializers.CharField(required=False)
    success = serializers.BooleanField()
