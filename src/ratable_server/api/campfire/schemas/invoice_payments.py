"""The documented fields of payments of invoices, and of what pays them."""

from __future__ import annotations

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    choice,
    day,
    link,
    links,
    text,
    told_amount,
    told_choice,
    told_day,
    told_link,
    told_links,
    told_moment,
    told_text,
)
from ratable_server.api.campfire.schemas.fields import amount as optional_amount
from ratable_server.api.schemas import Amount, Day

SOURCES = ("STRIPE", "MANUAL")
PAYMENT_TYPES = ("CREDIT_MEMO", "BANK_TRANSACTION", "MANUAL_TRANSACTION")


class AccountingInvoicePaymentSerializer(Resource):
    """One payment of an invoice, or one use of a credit memo for it."""

    id = told_link()
    credit_memo = told_text()
    payment_transaction_bank_description = told_text()
    payment_journal_entry_order = told_text()
    payment_intercompany_journal = told_text()
    voided_journal_entry_order = told_text()
    withheld_amount = told_amount()
    currency = text(3)
    amount = optional_amount()
    payment_date = day()
    created_at = told_moment()
    voided_date = day()
    source = choice(SOURCES)  # type: ignore[assignment]  # a field of this name
    payment_type = told_choice(PAYMENT_TYPES)
    external_id = text(256)
    last_modified_at = told_moment()
    customer = told_link()
    invoice = link()
    payment_journal_entry = link()
    payment_transaction = link()
    fx_gain_loss_realized_transaction = link()
    payment_term_discount_transaction = link()
    voided_journal_entry = link()
    payment_transactions = told_links()
    credit_memo_id = told_link()


class InvoicePaymentSyncSerializer(Resource):
    """A payment, as it is synchronized."""

    id = told_link()
    invoice_id = told_link()
    invoice_number = told_text()
    amount = told_amount()
    currency = told_text()
    payment_date = told_day()
    payment_type = told_choice(PAYMENT_TYPES)
    source = told_choice(SOURCES)  # type: ignore[assignment]  # a field of this name
    external_id = told_text()
    voided_date = told_day()
    created_at = told_moment()
    last_modified_at = told_moment()


class MarkPaidTransactionSerializer(Resource):
    """A transaction of a bank that pays."""

    transaction_match_id = link()
    transaction_id = link()
    transaction_ids = links()
    account_id = link()
    amount = Amount()
    amount_payable = optional_amount()
    credit_account_id = link()
    writeoff_account_id = link()
    withholding_amount = optional_amount()
    withholding_tax_rate_id = link()


class MarkPaidCreditMemoSerializer(Resource):
    """What is used of a credit memo."""

    credit_memo_id = link(required=True, allow_null=False)
    amount = Amount()
    posted_at = Day()


class MarkPaidDebitMemoSerializer(Resource):
    """What is used of a debit memo."""

    debit_memo_id = link(required=True, allow_null=False)
    amount = Amount()
    posted_at = Day()


class MarkPaidEmptyTransactionSerializer(Resource):
    """Money that was paid, told by hand."""

    account_id = link(required=True, allow_null=False)
    account_name = text(required=True, allow_null=False)
    amount = Amount()
    payment_date = Day()
    department_id = link()
    tag_ids = links()
    memo = text()
    external_id = text(256)
    currency = text()
    amount_in_invoice_currency = optional_amount()
    amount_in_bill_currency = optional_amount()
    withholding_amount = optional_amount()
    withholding_tax_rate_id = link()


class MarkPaidSerializer(Resource):
    """What settles an invoice."""

    transaction_match_id = link()
    transactions = MarkPaidTransactionSerializer(many=True, required=False, allow_null=True)
    credit_memos = MarkPaidCreditMemoSerializer(many=True, required=False, allow_null=True)
    debit_memos = MarkPaidDebitMemoSerializer(many=True, required=False, allow_null=True)
    empty_transactions = MarkPaidEmptyTransactionSerializer(many=True, required=False, allow_null=True)


class MarkInvoicePaidAutoCreatedCreditMemoSerializer(Resource):
    """A credit memo for what was paid above what was due."""

    id = link(required=True, allow_null=False)
    credit_memo_number = text(required=True, allow_null=False)


class MarkInvoicePaidResponseSerializer(Resource):
    """The payments that were made, and the entries that are posted of them."""

    journal_entry_ids = links(required=True, allow_null=False)
    payment_ids = links(required=True, allow_null=False)
    auto_created_credit_memos = MarkInvoicePaidAutoCreatedCreditMemoSerializer(many=True, required=False)


class VoidPaymentSerializer(Resource):
    """The day of a void; without one it is today."""

    void_date = day()
