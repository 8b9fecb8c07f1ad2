"""What is told of accounting periods."""
# ruff: noqa: N815 - names of the API

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.schemas import Schema

PERIOD_STATUSES = ("Open", "PendingClose", "Closed")
BALANCE_STATUSES = ("Pending", "Processing", "Completed", "Error")


def _text() -> serializers.CharField:
    return serializers.CharField(allow_null=True)


class PeriodFilesSerializer(Schema):
    """Reports of a period: none is kept as a file here."""

    accountsReceivableAccountAgingDetailExportFileId = _text()
    accountsReceivableInvoiceAgingDetailExportFileId = _text()
    arRollForwardDetailExportFileId = _text()
    fxRealizedGainAndLossDetailExportFileId = _text()
    fxUnrealizedGainAndLossDetailExportFileId = _text()
    revenueDetailCsvFileId = _text()
    revenueDetailExcelFileId = _text()
    unprocessedChargesFileId = _text()


class AccountingPeriodSerializer(Schema):
    """A period in a list."""

    id = serializers.CharField()
    name = serializers.CharField()
    startDate = serializers.DateField()
    endDate = serializers.DateField()
    fiscalYear = serializers.CharField()
    fiscal_quarter = serializers.IntegerField()
    status = serializers.ChoiceField(choices=PERIOD_STATUSES)
    notes = serializers.CharField(allow_blank=True)
    fileIds = PeriodFilesSerializer()
    runTrialBalanceStatus = serializers.ChoiceField(choices=BALANCE_STATUSES)
    runTrialBalanceStart = _text()
    runTrialBalanceEnd = _text()
    runTrialBalanceErrorMessage = _text()
    createdOn = _text()
    createdBy = _text()
    updatedOn = _text()
    updatedBy = _text()


class AccountingPeriodInDetailSerializer(AccountingPeriodSerializer):
    """One period."""

    success = serializers.BooleanField()


class AccountingPeriodsSerializer(Schema):
    """A page of periods."""

    accountingPeriods = AccountingPeriodSerializer(many=True)
    nextPage = serializers.URLField(required=False)
    success = serializers.BooleanField()


class DoneSerializer(Schema):
    """What was asked is done."""

    success = serializers.BooleanField()
