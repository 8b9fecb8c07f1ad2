"""Usage records as the served document has them; what a field may hold is read by `translate.usage`."""
# ruff: noqa: N815 - names of the API

from __future__ import annotations

from drf_spectacular.utils import extend_schema_serializer
from rest_framework import serializers

from ratable_server.api.schemas import Schema


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
    """A usage record; what was not told is left out, custom fields end with `__c`."""

    AccountId = serializers.CharField()
    AccountNumber = serializers.CharField()
    ChargeId = serializers.CharField(required=False)
    ChargeNumber = serializers.CharField(required=False)
    CreatedById = serializers.CharField()
    CreatedDate = serializers.DateTimeField()
    Description = serializers.CharField(required=False)
    EndDateTime = serializers.DateTimeField(required=False)
    Id = serializers.CharField()
    ImportId = serializers.CharField(required=False)
    Quantity = serializers.FloatField()
    RbeStatus = serializers.ChoiceField(choices=["Importing", "Pending", "Processed"])
    SourceName = serializers.CharField(required=False)
    SourceType = serializers.ChoiceField(choices=["API", "Import"])
    StartDateTime = serializers.DateTimeField()
    SubmissionDateTime = serializers.DateTimeField()
    SubscriptionId = serializers.CharField(required=False)
    SubscriptionNumber = serializers.CharField(required=False)
    UOM = serializers.CharField()
    UniqueKey = serializers.CharField(required=False)
    UpdatedById = serializers.CharField()
    UpdatedDate = serializers.DateTimeField()


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
    subscriptionNumber = serializers.CharField(allow_null=True)
    chargeNumber = serializers.CharField(allow_null=True)
    unitOfMeasure = serializers.CharField()
    quantity = serializers.CharField()
    submissionDateTime = serializers.CharField()
    startDateTime = serializers.CharField()
    status = serializers.ChoiceField(choices=["Importing", "Pending", "Processed"])
    sourceName = serializers.ChoiceField(choices=["API", "Import"])
    fileName = serializers.CharField(allow_null=True)
    uniqueKey = serializers.CharField(allow_null=True)


@extend_schema_serializer(many=False)
class UsageListSerializer(Schema):
    """A page of the list of an account."""

    usage = UsageListedSerializer(many=True)
    nextPage = serializers.CharField(required=False)
    success = serializers.BooleanField()
