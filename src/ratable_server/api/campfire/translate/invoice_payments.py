"""What settles invoices, and what credit memos were used for: `/coa/api/v1/invoice-payments` and within both."""

from __future__ import annotations

from typing import Any


def from_payment(payment: Any, *, tenant: int) -> dict[str, Any]:
    """A payment of an invoice."""
    return {
        **from_sync(payment),
        **_entries(payment),
        "credit_memo": payment.credit_memo,
        "credit_memo_id": payment.credit_memo_id,
        "customer": tenant,
        "invoice": payment.invoice_id,
        "payment_transactions": [],
    }


def from_sync(payment: Any) -> dict[str, Any]:
    """A payment, as it is synchronized."""
    return {
        "id": payment.id,
        "invoice_id": payment.invoice_id,
        "invoice_number": payment.invoice,
        "amount": payment.amount,
        "currency": payment.currency,
        "payment_date": payment.on,
        "payment_type": "MANUAL_TRANSACTION" if payment.credit_memo is None else "CREDIT_MEMO",
        "source": "MANUAL",
        "external_id": payment.external_id,
        "voided_date": payment.voided_on,
        "created_at": payment.created_at,
        "last_modified_at": payment.modified_at,
    }


def from_use(payment: Any, *, tenant: int) -> dict[str, Any]:
    """A use of a credit memo."""
    return {
        **_entries(payment),
        "id": payment.id,
        "invoice": payment.invoice,
        "invoice_id": payment.invoice_id,
        "currency": payment.currency,
        "amount": payment.amount,
        "payment_date": payment.on,
        "created_at": payment.created_at,
        "last_modified_at": payment.modified_at,
        "voided_date": payment.voided_on,
        "customer": tenant,
        "credit_memo": payment.credit_memo_id,
        "payment_transaction": payment.further.get("transaction_id"),
    }


def _entries(payment: Any) -> dict[str, Any]:
    """The entries of the journal that it is, and that its void is; the use of a credit memo is none."""
    own, void = payment.entry, payment.void_entry
    return {
        "payment_journal_entry": own and own.id,
        "payment_journal_entry_order": own and own.code,
        "voided_journal_entry": void and void.id,
        "voided_journal_entry_order": void and void.code,
    }
