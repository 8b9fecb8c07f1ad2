"""The documented fields of prepaid commits and their consumption."""

from __future__ import annotations

from decimal import Decimal

from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    choice,
    day,
    exact,
    flag,
    link,
    needed_text,
    tags,
    text,
    told_amount,
    told_choice,
    told_day,
    told_flag,
    told_link,
    told_moment,
    told_objects,
    told_text,
    whole,
)
from ratable_server.api.schemas import Amount, Day, Exact, Id, Schema, Whole

CADENCES = ("monthly", "quarterly", "biannual", "annual", "one_time", "custom")
STATUSES = ("ACTIVE", "EXHAUSTED", "EXPIRED")
APPLIES = ("first", "last")
MOST_EVENTS = 2**31 - 1  # that are told at once, as it is published
_ALL, _MOST_SUMMED = Decimal(100), 2**63 - 1


class _LivesAndUnits(Schema):
    """Additions: what is left lives on for some months, up to a cap; the pool holds units instead of money."""

    units = exact(min_value=Decimal(0), help_text="An addition: it holds so many units, sold for total_value.")
    unit_of_measure = text(help_text="An addition: of what it holds units.")
    rollover_months = whole(min_value=1, help_text="An addition: how long what is left lives on.")
    rollover_times = whole(min_value=1, help_text="An addition: how often it does; once if not said.")
    rollover_apply = choice(APPLIES, initial="first")
    rollover_cap = exact(min_value=Decimal(0), help_text="An addition: no more lives on, in money or units.")
    rollover_cap_percentage = exact(min_value=Decimal(0), max_value=_ALL)


class NestedContractPrepaidCommitSerializer(_LivesAndUnits):
    """A prepaid commit that is signed with its contract."""

    entity = link()
    product = link()
    name = needed_text(250)
    description = text()
    currency = text(3)
    exchange_rate = exact()
    exchange_rate_book = exact()
    total_value = Amount()
    discount_percentage = exact(min_value=Decimal(0), max_value=_ALL)
    rate = exact(min_value=Decimal(0))
    start_date = Day()
    expiration_date = day()
    priority = whole()
    subledger = link()
    overage_invoice_cadence = choice(CADENCES, initial="monthly")
    auto_send_overage_invoices = flag()
    overage_invoice_start_month = day()
    department = link()
    tags = tags()


class ContractPrepaidCommitSerializer(_LivesAndUnits, Resource):
    """A pool of money paid in advance; it expires at the end of its last day."""

    id = told_link()
    contract = told_link()
    entity = link()
    entity_name = told_text()
    product = link()
    product_name = told_text()
    name = needed_text(250)
    description = text()
    currency = text(3)
    exchange_rate = exact()
    exchange_rate_book = exact()
    total_value = Amount()
    remaining_value = told_amount()
    discount_percentage = exact(min_value=Decimal(0), max_value=_ALL)
    rate = exact(min_value=Decimal(0))
    start_date = Day()
    expiration_date = day()
    status = told_choice(STATUSES)
    priority = whole()
    is_invoiced = told_flag()
    invoice = told_link()
    subledger = link()
    overage_invoice_cadence = choice(CADENCES, initial="monthly")
    auto_send_overage_invoices = flag()
    overage_invoice_start_month = day()
    department = link()
    department_name = told_text()
    tags = tags()
    created_at = told_moment()
    last_modified_at = told_moment()
    tag_details = told_objects()


class RecordConsumptionInputSerializer(Schema):
    """What a month used of a prepaid commit, in list value."""

    period_month = Day()
    gross_usage_amount = Amount()
    total_events = Whole(required=False, allow_null=True, min_value=0)
    description = text()


class ConsumptionSaidAgainSerializer(RecordConsumptionInputSerializer):
    """The same of a month that is there: its events sum to more than can be told of a month for the first time."""

    total_events = Whole(required=False, allow_null=True, min_value=0, max_value=_MOST_SUMMED)


class ContractPrepaidCommitConsumptionSerializer(Resource):
    """A month of a prepaid commit: gross = discount + net + overage.

    Additions: `period_month`, and what was told of the month = gross + cascaded - covered for others.
    """

    id = told_link()
    prepaid_commit = told_link()
    entity = told_link()
    period_start = Day()
    period_end = told_day()
    period_month = told_day()
    description = text()
    currency = told_text()
    gross_usage_amount = Amount()
    discount_amount = told_amount()
    net_consumption_amount = told_amount()
    overage_amount = told_amount()
    total_events = Whole(required=False)
    balance_before = told_amount()
    balance_after = told_amount()
    revenue_transaction = told_link()
    overage_revenue_transaction = told_link()
    adjustments = serializers.ListField(child=serializers.DictField(), read_only=True)
    cascaded_amount = told_amount()
    covered_for_others_amount = told_amount()
    created_at = told_moment()
    last_modified_at = told_moment()


class PrepaidCommitOfSummarySerializer(Schema):
    """A prepaid commit in the summary of its contract."""

    id = Id()
    name = serializers.CharField()
    status = serializers.ChoiceField(choices=STATUSES)
    priority = Whole()
    total_value = Amount()
    remaining_value = Amount()
    utilization_percentage = Exact()
    start_date = Day()
    expiration_date = Day(allow_null=True)
    last_period = Day(allow_null=True)


class PrepaidCommitSummarySerializer(Schema):
    """All prepaid commits of a contract; the published document does not say what it tells."""

    contract = Id()
    currency = serializers.CharField()
    total_value = Amount()
    consumed_value = Amount()
    remaining_value = Amount()
    expired_value = Amount()
    overage_total = Amount()
    overage_uninvoiced = Amount()
    discount_total = Amount()
    gross_total = Amount()
    active_count = Whole()
    commits = PrepaidCommitOfSummarySerializer(many=True)
