"""The documented fields of revenue transactions."""

from __future__ import annotations

from ratable_server.api.campfire.schemas.fields import (
    Resource,
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
    told_text,
)
from ratable_server.api.campfire.schemas.fields import (
    amount as money,
)


class _Named(Resource):
    """What a revenue transaction points to, by its names; all of it is only told."""

    id = told_link()
    is_deleted = told_flag()
    deleted_at = told_moment()
    entity_name = told_text()
    entity_currency = told_text()
    client_name = told_text()
    contract_name = told_text()
    contract_status = told_text()
    product_name = told_text()
    product_bundle_name = told_text()
    product_is_taxable = told_flag()
    contract_identifier = told_text()
    client_identifier = told_text()
    product_identifier = told_text()
    gross_amount = told_text()
    invoice_number = told_text()
    invoice_date = told_text()
    invoice_payment_status = told_text()
    invoice_voided_date = told_day()
    credit_memo_number = told_text()
    credit_memo_date = told_day()
    credit_memo_voided_date = told_day()
    credit_memo_application_status = told_text()
    revenue_type = told_text()
    journal_entry_order = told_text()
    contract_subscription_notes = told_text()
    subscription_discount = told_amount()
    department_name = told_text()
    parent_department_name = told_text()
    parent_department = told_link()
    tags = tags()
    usage_tier_name = told_text()
    last_modified_at = told_moment()
    anrok_item_id = told_text()
    sphere_item_id = told_text()


class RevenueTransactionSerializer(_Named):
    """One amount of revenue of a product in a month: planned until its month is closed."""

    source = text(250)  # type: ignore[assignment]  # a field of this name
    description = text()
    external_id = text(250)
    client_external_id = text(250)
    contract_external_id = text(250)
    contract_subscription_external_id = text(250)
    product_external_id = text(250)
    accounting_period = day()
    transaction_date = day()
    transaction_end_date = day()
    currency = text(3)
    exchange_rate = exact()
    exchange_rate_book = exact()
    recognized = money()
    amount = money()
    quantity = exact()
    rate = exact()
    discount = money()
    refunds = money()
    processing_fees = money()
    platform_fees = money()
    transfers = money()
    tax = money()
    balance_adjustment = money()
    mrr = money()
    renewall = flag()
    tag_ids = links()
    tag_group_ids = links()
    is_migration_invoiced = flag()
    created_at = told_moment()
    customer = told_link()
    entity = link()
    client = link()
    contract = link()
    contract_subscription = link()
    non_contract_subscription = link()
    contract_usage = link()
    contract_milestone = link()
    non_contract_usage = link()
    prepaid_commit = link()
    product = link()
    product_bundle = link()
    contract_product_bundle = link()
    contract_bundle = link()
    journal_entry = link()
    invoice = link()
    credit_memo = link()
    department = link()
    usage_tier = link()
