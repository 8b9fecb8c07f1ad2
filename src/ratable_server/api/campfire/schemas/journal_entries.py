"""The documented fields of lines of the ledger and of journal entries; additions after the documented ones."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    anything,
    choice,
    day,
    exact,
    flag,
    link,
    links,
    text,
    told_amount,
    told_flag,
    told_link,
    told_moment,
    told_objects,
    told_text,
)
from ratable_server.api.campfire.schemas.fields import (
    amount as money,
)

TYPES = (
    "bill", "bill_payment", "bill_prepayment", "check", "credit_card", "credit_memo", "credit_memo_payment",
    "debit_memo", "debit_memo_payment", "deposit", "expense", "invoice", "intercompany_journal", "invoice_payment",
    "journal_entry", "lease", "payment", "receive_payment", "refund", "revenue_recognition", "sales_receipt", "transfer",
    "vendor_credit", "void_bill", "void_bill_payment", "void_invoice_payment", "void_credit_memo",
    "void_credit_memo_payment", "void_debit_memo_payment", "void_invoice", "elimination", "revaluation",
    "asset_reclassification",
)  # fmt: skip


class ChartTransactionSerializer(Resource):
    """A line of the ledger: one side of a journal entry."""

    id = told_link()
    is_deleted = told_flag()
    deleted_at = told_moment()
    entity_name = told_text()
    entity_currency = told_text()
    account_name = told_text()
    account_number = told_text()
    vendor_name = told_text()
    vendor_id = told_text()
    department_name = told_text()
    department_code = told_text()
    parent_department_name = told_text()
    parent_department = told_link()
    tags = serializers.ListField(child=serializers.DictField(), required=False)
    journal = told_link()
    journal_order = told_text()
    journal_memo = told_text()
    journal_type = told_text()
    intercompany_journal = told_link()
    created_automatically = told_flag()
    journal_attachments = told_objects()
    journal_type_name = told_text()
    invoice = told_text()
    bill = told_text()
    date_month = told_text()
    date_year = told_text()
    balance_after_transaction = told_amount()
    bank_account = told_text()
    bank_account_name = told_text()
    account = link()
    last_modified_by_name = told_text()
    account_type = told_text()
    account_subtype = told_text()
    parent_account_name = told_text()
    files = told_text()
    invoice_id = told_link()
    invoice_number = told_text()
    bill_id = told_link()
    bill_number = told_text()
    file_names = told_text()
    has_matches = told_flag()
    has_ai = told_flag()
    has_rules = told_flag()
    has_merges = told_flag()
    has_fixed_asset_rule_matches = told_flag()
    primary_action_type = told_text()
    suggested_account = told_link()
    suggested_account_name = told_text()
    suggested_account_number = told_text()
    amount = told_amount()
    amount_native = told_amount()
    amount_book = told_amount()
    amortization_schedule = told_objects()
    linked_amortizations = told_objects()
    created_fixed_assets = told_objects()
    reconciliation_report = told_text()
    opposing_account_name = told_text()
    opposing_account_number = told_text()
    tax_rate = link(write_only=True)
    apply_both_sides = flag(write_only=True)
    transaction_match_id = link(write_only=True)
    transaction_id = told_text()
    debit_amount = money()
    credit_amount = money()
    debit_amount_book = money()
    credit_amount_book = money()
    debit_amount_native = money()
    credit_amount_native = money()
    currency = text(3)
    exchange_rate = exact()
    exchange_rate_book = exact()
    posted_at = day()
    merchant_name = text()
    bank_description = text()
    tag_ids = links()
    tag_group_ids = links()
    note = text()
    receipt_url = text(512)
    balance_before_transaction = told_amount()
    created_at = told_moment()
    external_id = text()
    needs_review = flag()
    last_modified_at = told_moment()
    draft_matches = anything()
    last_lam_prediction_attempt = text()
    customer = told_link()
    entity = link()
    source_entity = link()
    parent_bank_transaction = link()
    vendor = link()
    department = link()
    last_modified_by = link()
    is_posted = told_flag()
    contract = told_link()
    contract_name = told_text()
    product_code = told_text()
    prepaid_commit_code = told_text()


class JournalEntrySerializer(Resource):
    """A journal entry with its lines, which balance."""

    id = told_link()
    is_deleted = told_flag()
    deleted_at = told_moment()
    transactions = ChartTransactionSerializer(many=True, required=False)
    attachments = told_objects()
    invoice = told_link()
    reversal_of_order = told_text()
    reversals = told_objects()
    reversal_date = day(write_only=True)
    entity_name = told_text()
    entity_currency = told_text()
    created_by = told_link()
    created_by_name = told_text()
    created_by_source = told_text()
    order = text()
    revenue_transactions = links()
    bulk_upload = flag(write_only=True)
    chat_uuid = text(write_only=True)
    close_task_id = text(allow_null=False)
    update_reversal = flag(write_only=True)
    credit_memos = told_objects()
    debit_memos = told_objects()
    journals_to_delete = links()
    ramp_use_sandbox = told_text()
    navan_region = told_text()
    search_vector = told_text()
    search_text = told_text()
    type = choice(TYPES)
    journal_id = text()
    memo = text()
    currency = text(3)
    exchange_rate = exact()
    exchange_rate_book = exact()
    use_average_rate = flag()
    created_automatically = flag()
    date = day()
    ref_number = text(100)
    created_at = told_moment()
    source = text(250)  # type: ignore[assignment]  # a field of this name
    source_id = text()
    last_modified_at = told_moment()
    customer = told_link()
    recurrent_journal_entry = link()
    entity = link()
    reversal_of = link()
    intercompany_journal = link()
    source_file = link()
    chat = link()
    last_draft = told_link()
    is_posted = told_flag()
    contract = told_link()
    contract_name = told_text()
