"""The documented fields of invoices and of their lines, payments and entries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from typing_extensions import override

from ratable_server.api.campfire.schemas.customers import TERMS
from ratable_server.api.campfire.schemas.fields import (
    Lenient,
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
    told_choice,
    told_day,
    told_flag,
    told_link,
    told_links,
    told_moment,
    told_objects,
    told_text,
    whole,
)
from ratable_server.api.campfire.schemas.fields import amount as optional_amount
from ratable_server.api.campfire.schemas.invoice_payments import AccountingInvoicePaymentSerializer
from ratable_server.api.schemas import Day

PAYMENT_STATUSES = ("draft", "open", "sent", "partial", "paid", "uncollectible", "voided")
DUE_EARLY = "It is before the invoice_date."
ENTRY_TYPES = ("reclassification", "adjustment", "dispute", "refund", "refund_failure", "fx_loss", "recoverables")


class AccountingInvoiceLineSerializer(Resource):
    """One line; at the end what it bills: a prepaid commit, a subscription or a milestone of the contract, or usage."""

    id = told_link()
    invoice = link(write_only=True)
    product_name = told_text()
    product_bundle_name = told_text()
    stripe_product_id = told_text()
    product_is_taxable = told_flag()
    anrok_item_id = told_text()
    sphere_item_id = told_text()
    service_date = day()
    tags = told_objects()
    department_name = told_text()
    department_code = told_text()
    withholding_tax_rate_name = told_text()
    withholding_tax_rate_value = told_amount()
    description = text()
    quantity = exact()
    rate = exact()
    currency = text(3)
    amount = optional_amount()
    tax = optional_amount()
    tax_description = text(250)
    entity_use_code = text(25)
    discount = optional_amount()
    discount_percentage = exact()
    discount_amount = optional_amount()
    tag_ids = links()
    tag_group_ids = links()
    created_at = told_moment()
    last_modified_at = told_moment()
    customer = told_link()
    product = link()
    product_bundle = link()
    withholding_tax_rate = link()
    department = link()
    prepaid_commit = link()
    contract_subscription = link()
    contract_milestone = link()


class AccountingInvoiceJournalEntrySerializer(Resource):
    """An entry beside that of the invoice itself."""

    id = told_link()
    journal_entry = told_link()
    journal_entry_order = told_text()
    journal_entry_date = told_day()
    journal_entry_memo = told_text()
    type = told_choice(ENTRY_TYPES)
    created_at = told_moment()


def is_due_early(fields: Mapping[str, Any]) -> bool:
    """Is something due before the day on which it is billed? Not where one of the days is not told."""
    billed_on, due_on = fields.get("invoice_date"), fields.get("due_date")
    return billed_on is not None and due_on is not None and due_on < billed_on


class _Due(Resource):
    """What is billed for the first time is due on that day or later, where a body tells both."""

    @override
    def validate(self, attrs: Any) -> Any:
        if is_due_early(attrs):
            raise ValidationError({"due_date": [DUE_EARLY]})
        return attrs


class _Invoice(Lenient):
    """What an invoice has in a list and by itself."""

    id = told_link()
    lines = AccountingInvoiceLineSerializer(many=True, allow_empty=False)
    journal_entry_intercompany = told_text()
    client_name = told_text()
    client_email = told_text()
    anrok_customer_id = told_text()
    client_invoice_message = told_text()
    client_use_stripe_auto_bill = told_flag()
    contract_custom_fields = told_objects()
    status = told_text()
    past_due_days = told_link()
    entity_name = told_text()
    entity_currency = told_text()
    entity_invoice_message = told_text()
    total_amount = told_amount()
    amount_paid = told_amount()
    amount_due = told_amount()
    contract_name = told_text()
    invoice_number = text(500)
    stripe_connection_name = told_text()
    stripe_connection_entity = told_link()
    stripe_connection_billing_portal_enabled = told_flag()
    avalara_connection_name = told_text()
    avalara_connection_company = told_text()
    tax_rate_name = told_text()
    tax_rate_value = told_amount()
    payment_term_name = told_text()
    revenue_transactions = links()
    item_date = day()
    voided_journal_entry_order = told_link()
    last_modified_at = told_moment()
    is_deleted = told_flag()
    deleted_at = told_moment()
    search_vector = told_text()
    search_text = told_text()
    auto_send_invoice = flag()
    auto_send_invoice_at = day()
    auto_sent_at = told_moment()
    reminder_sent_dates = anything()
    pre_due_reminder_sent_dates = anything()
    billing_address = text()
    billing_addressee = text(255)
    shipping_address = text()
    shipping_addressee = text(255)
    terms = choice(TERMS, allow_blank=True)
    ref_number = text(120)
    purchase_order_number = text(120)
    invoice_date = Day()
    due_date = Day()
    shipping_date = day()
    paid_date = day()
    uncollectible_date = day()
    sent_date = told_day()
    period_start = day()
    period_end = day()
    location_of_sale = text()
    message_on_invoice = text()
    ita_allocation_number = text(9)
    payment_status = choice(PAYMENT_STATUSES, allow_blank=True)
    anrok_transaction_id = text(255)
    warning_message = text()
    created_at = told_moment()
    currency = text(3)
    exchange_rate = exact()
    exchange_rate_book = exact()
    last_sent_at = told_moment()
    integration_id = text(250)
    integration_context = anything()
    vat_number = text(250)
    discount = optional_amount()
    payment_term_applied_discount = optional_amount()
    use_stripe_auto_bill = flag()
    stripe_payment_link_id = text(500)
    stripe_payment_intent_id = text(500)
    stripe_invoice_id = text(500)
    stripe_pdf_url = text(500)
    stripe_payment_link = text(500)
    source = text(250)  # type: ignore[assignment]  # a field of this name
    source_id = text()
    is_migrated = flag()
    voided_date = day()
    invoice_labels = anything()
    invoice_language = text(10)
    chat_id = whole()
    customer = told_link()
    entity = link(required=True)
    client = link()
    payment_term = link()
    bad_debt_journal_entry = link()
    journal_entry = link()
    ar_account = link()
    voided_journal_entry = link()
    entity_transfer_journal_entry = link()
    contract = link()
    avalara_connection = link()
    sphere_connection = link()
    anrok_connection = link()
    tax_rate = link()
    stripe_connection = link()
    source_file = link()


class AccountingInvoiceListSerializer(_Invoice):
    """An invoice in a list."""


class AccountingInvoiceSerializer(_Invoice):
    """An invoice with its payments."""

    emails = told_objects()
    payments = AccountingInvoicePaymentSerializer(many=True, read_only=True)
    related_journal_entries = AccountingInvoiceJournalEntrySerializer(many=True, read_only=True)
    payment_journal_entries = told_links()
    public_invoice_payment_url = told_text()
    withholding_info = anything(read_only=True)
    attachments = told_objects()
    migrated_journal_id = link(write_only=True)
    department = link(write_only=True)
    department_name = text(write_only=True)
    tags = links(write_only=True)
    chat_uuid = text(write_only=True)


class NewInvoiceSerializer(_Due, AccountingInvoiceSerializer):
    """An invoice that is billed now; one that was billed before is judged by what changes of it."""


class BulkCreateInvoicesSerializer(Resource):
    """Several invoices, all of them or none."""

    invoices = serializers.ListField(child=serializers.DictField(), allow_empty=False)


class BulkInvoiceSerializer(Resource):
    """An invoice that is looked up by its number."""

    invoice_number = text(500, required=True, allow_null=False)


class BulkInvoiceSearchSerializer(Resource):
    """Numbers of invoices."""

    invoices = BulkInvoiceSerializer(many=True)


class FoundInvoicesSerializer(Resource):
    """Those of them that are there."""

    invoices = AccountingInvoiceListSerializer(many=True)


class VoidInvoiceRequestSerializer(Resource):
    """The day of a void; without one it is today."""

    void_date = day()


class PrepaidCommitInvoiceSerializer(_Due):
    """What the invoice of a prepaid commit says beside its amount."""

    invoice_date = Day()
    due_date = day()
    invoice_number = text(500)
    entity = link()
