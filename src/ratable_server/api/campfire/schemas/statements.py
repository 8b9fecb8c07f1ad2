"""The documented shapes of statements. Columns have the names of their first days and are told as free fields."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import told_amount, told_day, told_text
from ratable_server.api.schemas import Schema


@extend_schema_field({"type": "object", "additionalProperties": {}})
class FreeObject(serializers.DictField):
    """An object of whatever fields."""


class TrialBalanceAccountBalanceSerializer(Schema):
    """Debits and credits; as an addition the same under the last day."""

    debits = serializers.DecimalField(max_digits=22, decimal_places=4, read_only=True, coerce_to_string=False)
    credits = serializers.DecimalField(max_digits=22, decimal_places=4, read_only=True, coerce_to_string=False)


class TrialBalanceAccountSerializer(Schema):
    """An account in a currency."""

    id = serializers.CharField(read_only=True)
    name = serializers.CharField(read_only=True)
    number = serializers.CharField(read_only=True)
    account_type = serializers.CharField(read_only=True)
    balances = TrialBalanceAccountBalanceSerializer(read_only=True)
    currency = serializers.CharField(read_only=True)


class TrialBalanceDataSerializer(Schema):
    """All accounts."""

    accounts = TrialBalanceAccountSerializer(many=True, read_only=True)


class TrialBalanceResponseSerializer(Schema):
    """A trial balance."""

    trial_balance = TrialBalanceDataSerializer(read_only=True)
    start_date = serializers.DateField(read_only=True)
    end_date = serializers.DateField(read_only=True)
    income_statement_start = serializers.DateField(read_only=True)


class _Statement(Schema):
    start_date = told_day()
    end_date = told_day()
    cadence = told_text()
    headers = FreeObject(read_only=True)


@extend_schema_field(
    {
        "type": "object",
        "properties": {
            "account_id": {"type": "integer"},
            "account_name": {"type": "string"},
            "account_number": {"type": "string"},
            "hierarchy": {"type": "array", "items": {"type": "string"}},
            "currency": {"type": "string"},
        },
        "additionalProperties": {},
    }
)
class StatementRow(serializers.DictField):
    """An account with its columns."""


class IncomeStatementSerializer(_Statement):
    """An income statement."""

    income_statement = serializers.ListField(child=StatementRow(), read_only=True)


class BalanceSheetSerializer(_Statement):
    """A balance sheet."""

    balance_sheet = serializers.ListField(child=StatementRow(), read_only=True)


class GeneralLedgerAccountSerializer(Schema):
    """An account over a range of days."""

    account_id = serializers.IntegerField(read_only=True)
    account_name = serializers.CharField(read_only=True)
    account_number = serializers.CharField(read_only=True)
    account_type = serializers.CharField(read_only=True)
    currency = serializers.CharField(read_only=True)
    opening_balance = told_amount()
    total_debits = told_amount()
    total_credits = told_amount()
    ending_balance = told_amount()


class GeneralLedgerSerializer(Schema):
    """The general ledger by account."""

    accounts = GeneralLedgerAccountSerializer(many=True, read_only=True)
    start_date = told_day()
    end_date = told_day()
