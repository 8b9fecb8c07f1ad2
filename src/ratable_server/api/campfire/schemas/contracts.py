"""The documented fields of contracts, and of what can be done to one."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    amount,
    anything,
    choice,
    day,
    exact,
    flag,
    link,
    links,
    tags,
    text,
    told_amount,
    told_day,
    told_flag,
    told_link,
    told_moment,
    told_objects,
    told_text,
    whole,
)
from ratable_server.api.campfire.schemas.prepaid_commits import NestedContractPrepaidCommitSerializer
from ratable_server.api.schemas import Amount, Day, Exact, Id, Schema

BILLING_FREQUENCIES = ("monthly", "quarterly", "biannual", "annual", "one_time", "custom")
STATUSES = ("ACTIVE", "PENDING", "COMPLETED", "DELETED")
SOURCES = ("SALESFORCE", "HUBSPOT", "STRIPE", "MANUAL")


class ContractSerializer(Resource):
    """A contract; its end is its last day."""

    id = told_link()
    entity_name = told_text()
    client_name = told_text()
    client_terms = told_text()
    department_name = told_text()
    parent_department_name = told_text()
    parent_department = told_link()
    tags = tags()
    total_revenue = told_amount()
    total_mrr = told_amount()
    total_deferred_revenue = told_amount()
    currency = text(3)
    entity_currency = text(3, allow_null=False)
    attachments = told_objects()
    prepaid_commits = NestedContractPrepaidCommitSerializer(many=True, required=False, write_only=True)
    contract_end_date = day()
    is_evergreen = flag()
    auto_send_invoices = flag()
    skip_evergreen_invoice_generation = flag()
    auto_apply_customer_stripe_config_to_invoices = flag()
    last_modified_at = told_moment()
    is_deleted = told_text(help_text='Text, as documented: "true", or empty.')
    deleted_at = told_text()
    usage_tiers = text(allow_null=False)
    has_invoices = told_flag()
    has_journal_entries = told_flag()
    has_credit_memos = told_flag()
    effective_end_date = told_day()
    working_end_date = told_day()
    evergreen_locked_date = told_day()
    search_vector = told_text()
    search_text = told_text()
    billing_frequency = choice(BILLING_FREQUENCIES, initial="monthly")
    deal_name = text(250)
    deal_id = text(250)
    consultant = text(250)
    closed_date = day()
    total_contract_value = amount()
    contract_start_date = day()
    exchange_rate = exact()
    exchange_rate_book = exact()
    crm_link = text(500)
    contract_link = text(500)
    status = choice(STATUSES, initial="ACTIVE")
    source = choice(SOURCES, initial="MANUAL")  # type: ignore[assignment]  # a field of this name
    source_deal_data = anything()
    created_at = told_moment()
    auto_renew = flag()
    auto_renew_duration = whole()
    auto_renew_invoice = flag()
    tag_ids = links()
    tag_group_ids = links()
    minimum_monthly_commitment_amount = amount()
    minimum_monthly_commitment_quantity = exact()
    purchase_order_number = text(120)
    customer = told_link()
    entity = link()
    client = link()
    department = link()
    journal_entries = links()
    tag_details = told_objects()
    total_billed = told_amount()
    total_paid = told_amount()
    total_unbilled = told_amount()
    total_outstanding = told_amount()


class BulkContractSerializer(Schema):
    """A contract by its name."""

    deal_name = text(250)


class BulkContractSearchSerializer(Schema):
    """Which contracts are looked for."""

    contracts = BulkContractSerializer(many=True)


class ContractDuplicateResponseSerializer(Schema):
    """The copy."""

    id = Id()


class TerminateContractSerializer(Schema):
    """The last day of service."""

    termination_date = Day()
    void_invoice_ids = serializers.ListField(child=Id(), required=False)
    void_date = Day(required=False)


class TerminateContractResponseSerializer(Schema):
    """What a termination did."""

    contract_terminated = serializers.BooleanField()
    contract_draft_id = Id(allow_null=True)
    voided_invoice_ids = serializers.ListField(child=Id())
    drafted_invoice_ids = serializers.ListField(child=Id())


class MonthOfMinimumSerializer(Schema):
    """A month of a contract with a minimum."""

    period_month = Day()
    floor_amount = Amount()
    floor_quantity = Exact()
    usage_amount = Amount()
    usage_quantity = Exact()
    shortfall_amount = Amount()
    shortfall_quantity = Exact()
    true_up_amount = Amount()
    already_posted = Amount()


class MinimumCommitPreviewSerializer(MonthOfMinimumSerializer):
    """What a month lacks to its minimum, as of a day; zeros where nothing was agreed."""

    contract = Id()
    currency = serializers.CharField()
    minimum_amount = Amount()
    minimum_quantity = Exact()
    partial_month = serializers.ChoiceField(choices=["full", "prorated"])
    waits_for_usage_group = serializers.BooleanField(
        help_text="The minimum in units has no price yet: no usage line of the contract has a usage group."
    )
    as_of = Day()
    months = MonthOfMinimumSerializer(many=True)
