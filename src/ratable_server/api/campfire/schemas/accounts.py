"""The documented fields of accounts of the chart."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    amount,
    choice,
    flag,
    link,
    links,
    text,
    texts,
    told_amount,
    told_day,
    told_flag,
    told_link,
    told_moment,
    told_text,
)

STATUSES = ("ACTIVE", "INACTIVE")
ACCOUNT_TYPES = (
    "ASSET", "LIABILITY", "EQUITY", "REVENUE", "COGS", "OPERATING_EXPENSES", "OTHER_INCOME", "OTHER_EXPENSE",
    "UNCATEGORIZED", "COST_ALLOCATION",
)  # fmt: skip
ACCOUNT_SUBTYPES = (
    "BANK", "ACCOUNTS_RECEIVABLE", "OTHER_CURRENT_ASSET", "FIXED_ASSET", "OTHER_ASSET", "ACCOUNTS_PAYABLE",
    "UNAPPLIED_CREDITS", "CREDIT_CARD", "ACCRUED_REVENUE", "DEFERRED_REVENUE", "OTHER_CURRENT_LIABILITY",
    "LONG_TERM_LIABILITY", "UNBILLED_RECEIVABLE", "EQUITY", "RETAINED_EARNINGS", "INCOME", "COST_OF_GOODS_SOLD",
    "EXPENSE", "DEFERRED_EXPENSE", "OTHER_INCOME", "OTHER_EXPENSE", "REALIZED_GAIN_LOSS", "UNREALIZED_GAIN_LOSS",
    "PREPAID", "COST_ALLOCATION", "UNCATEGORIZED",
)  # fmt: skip
CASHFLOWS = ("NONE", "OPERATING", "INVESTING", "FINANCING")


class _Told(Resource):
    """What an account says of its place and its balance."""

    id = told_link()
    is_deleted = told_flag()
    deleted_at = told_moment()
    reconciliation_ending_date = told_day()
    reconciliation_ending_balance = told_amount()
    balance_ytd = told_amount()
    name_and_number = told_text()
    parent_name_and_number = told_text()
    sort_key = told_text()
    has_associated_data = told_flag()
    last_modified_at = told_moment()
    account_id = serializers.UUIDField(read_only=True)


class ChartAccountSerializer(_Told):
    """An account of the chart; balances are those of the books, whatever is sent."""

    number = serializers.CharField(max_length=12, allow_null=True)
    currency = text(3, allow_null=False)
    name = text(250)
    nickname = text(250)
    description = text()
    status = choice(STATUSES, initial="ACTIVE", allow_null=False)
    account_type = choice(ACCOUNT_TYPES, initial="UNCATEGORIZED", allow_null=False)
    account_subtype = choice(ACCOUNT_SUBTYPES, initial="UNCATEGORIZED", allow_null=False)
    account_cashflow_classification = choice(CASHFLOWS, initial="NONE", allow_null=False)
    include_in_eliminations = flag(allow_null=False)
    include_in_revaluations = flag(allow_null=False)
    protected = flag(allow_null=False)
    skip_subledger_validation = flag(allow_null=False)
    external_id = told_text()
    created_at = told_moment()
    last_recompute_balance_at = serializers.DateTimeField(required=False, allow_null=True)
    lock_recompute_balance_key = text(250)
    current_balance = amount(allow_null=False)
    current_balance_book = amount(allow_null=False)
    lineage_array = texts(50)
    customer = told_link()
    parent = link()  # type: ignore[assignment]  # a field of this name
    parent_bank_account = link()
    default_department = link()
    default_tags = links()
