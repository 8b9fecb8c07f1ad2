"""The documented fields of credit memos, of their lines and of what they were used for."""

from __future__ import annotations

from ratable_server.api.campfire.schemas.fields import (
    Lenient,
    Resource,
    anything,
    choice,
    day,
    exact,
    link,
    links,
    moment,
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
from ratable_server.api.campfire.schemas.fields import amount as optional_amount
from ratable_server.api.schemas import Amount, Day

APPLICATION_STATUSES = ("open", "partially_used", "used", "voided")
CREDIT_MEMO_TYPES = ("credit_memo", "overpayment")


class AccountingCreditMemoLineSerializer(Resource):
    """One line; at the end what it takes back: of which service month, or of what that was billed in advance."""

    id = told_link()
    credit_memo = link(write_only=True)
    account_number = told_text()
    account_name = told_text()
    product_name = told_text()
    anrok_item_id = told_text()
    department_name = told_text()
    tags = told_objects()
    tax_rate_name = told_text()
    tax_rate_value = told_amount()
    description = text()
    amount = optional_amount()
    tax = optional_amount()
    tax_description = text(250)
    tag_ids = links()
    tag_group_ids = links()
    created_at = told_moment()
    last_modified_at = told_moment()
    customer = told_link()
    product = link()
    account = link(required=True)
    tax_rate = link()
    department = link()
    prepaid_commit = link()
    contract_subscription = link()
    contract_milestone = link()
    period_month = day()


class AccountingCreditMemoPaymentSerializer(Resource):
    """One use of a credit memo: for an invoice, or paid out."""

    id = told_link()
    payment_journal_entry_order = told_text()
    voided_journal_entry_order = told_text()
    invoice = told_text()
    currency = text(3)
    amount = optional_amount()
    payment_date = day()
    created_at = told_moment()
    last_modified_at = told_moment()
    voided_date = day()
    customer = told_link()
    credit_memo = link()
    payment_journal_entry = link()
    payment_transaction = link()
    voided_journal_entry = link()
    invoice_id = told_link()


class AccountingCreditMemoSerializer(Lenient):
    """A credit memo with what it was used for."""

    id = told_link()
    lines = AccountingCreditMemoLineSerializer(many=True, allow_empty=False)
    payments = AccountingCreditMemoPaymentSerializer(many=True, read_only=True)
    amount_remaining = told_amount()
    entity_name = told_text()
    entity_currency = told_text()
    client_name = told_text()
    client_email = told_text()
    contract_name = told_text()
    credit_account_number = told_text()
    credit_account_name = told_text()
    attachments = told_objects()
    credit_memo_number = text(500)
    migrated_journal_id = link(write_only=True)
    voided_date = told_day()
    voided_journal_entry_order = told_text()
    last_modified_at = told_moment()
    is_deleted = told_flag()
    deleted_at = told_moment()
    chat_uuid = text(write_only=True)
    search_vector = told_text()
    search_text = told_text()
    credit_memo_type = choice(CREDIT_MEMO_TYPES)
    ref_number = text(120)
    credit_memo_date = Day()
    applied_date = day()
    message_on_credit_memo = text()
    application_status = choice(APPLICATION_STATUSES, allow_blank=True)
    currency = text(3)
    exchange_rate = exact()
    exchange_rate_book = exact()
    created_at = told_moment()
    last_sent_at = moment()
    anrok_transaction_id = text(255)
    integration_id = text(250)
    integration_context = anything()
    vat_number = text(250)
    total_amount = optional_amount()
    amount_used = optional_amount()
    chat_id = whole()
    customer = told_link()
    entity = link(required=True)
    client = link()
    credit_account = link()
    journal_entry = link()
    contract = link()
    voided_journal_entry = link()
    anrok_connection = link()
    avalara_connection = link()
    sphere_connection = link()


class BulkCreditMemoSerializer(Resource):
    """A credit memo that is looked up by its number."""

    credit_memo_number = text(500, required=True, allow_null=False)


class BulkCreditMemoSearchSerializer(Resource):
    """Numbers of credit memos."""

    credit_memos = BulkCreditMemoSerializer(many=True)


class FoundCreditMemosSerializer(Resource):
    """Those of them that are there."""

    credit_memos = AccountingCreditMemoSerializer(many=True)


class VoidCreditMemoRequestSerializer(Resource):
    """The day of a void."""

    void_date = Day()


class MarkCreditMemoUsedSerializer(Resource):
    """What pays a credit memo out."""

    transaction_id = link(required=True, allow_null=False)
    account_id = link(required=True, allow_null=False)
    amount = Amount()
    payment_date = Day()
    memo = text()


class NextCreditMemoNumberSerializer(Resource):
    """The number of the next credit memo."""

    next_credit_memo_number = told_text()
