"""The documented fields of the default accounts: an account of the chart for each use, and how some things are posted."""

from __future__ import annotations

from ratable_server.api.campfire.schemas.fields import Resource, flag, link, told_link, told_text, whole


class _Names(Resource):
    """What these accounts are called."""

    id = told_link()
    uncategorized_name_and_number = told_text()
    accounts_payable_name_and_number = told_text()
    accounts_receivable_name_and_number = told_text()
    deferred_revenue_name_and_number = told_text()
    accrued_revenue_name_and_number = told_text()
    unrealized_gain_loss_name_and_number = told_text()
    realized_gain_loss_name_and_number = told_text()
    rounding_account_name_and_number = told_text()
    unapplied_credits_name_and_number = told_text()
    unapplied_debits_name_and_number = told_text()
    unbilled_revenue_name_and_number = told_text()
    default_clearing_name_and_number = told_text()
    discount_account_name_and_number = told_text()
    accrued_discount_account_name_and_number = told_text()
    unbilled_discount_account_name_and_number = told_text()
    refund_account_name_and_number = told_text()
    processing_fees_name_and_number = told_text()
    platform_fees_name_and_number = told_text()
    deferred_processing_fees_name_and_number = told_text()
    tax_account_name_and_number = told_text()
    payout_account_name_and_number = told_text()
    cta_account_name_and_number = told_text()
    oci_translation_account_name_and_number = told_text()
    fixed_asset_disposal_name_and_number = told_text()
    bad_debt_account_name_and_number = told_text()
    dispute_expense_account_name_and_number = told_text()
    dispute_reinstatement_account_name_and_number = told_text()


class ChartAccountSettingsSerializer(_Names):
    """The account that is taken where a product names none."""

    recognize_discounts_as_contra_revenue = flag(allow_null=False)
    enable_mid_month_convention = flag(allow_null=False)
    mid_month_threshold = whole(min_value=0, max_value=31, allow_null=False)
    use_whole_month_accounting_for_prepaids = flag(allow_null=False)
    split_invoice_payments_by_line = flag()
    split_eliminations_by_department = flag(allow_null=False)
    customer = told_link()
    uncategorized = link()
    accounts_payable = link()
    accounts_receivable = link()
    deferred_revenue = link()
    accrued_revenue = link()
    unrealized_gain_loss = link()
    realized_gain_loss = link()
    rounding_account = link()
    unapplied_credits = link()
    unapplied_debits = link()
    unbilled_revenue = link()
    default_clearing = link()
    discount_account = link()
    accrued_discount_account = link()
    unbilled_discount_account = link()
    refund_account = link()
    processing_fees = link()
    platform_fees = link()
    deferred_processing_fees = link()
    tax_account = link()
    payout_account = link()
    cta_account = link()
    oci_translation_account = link()
    fixed_asset_disposal = link()
    bad_debt_account = link()
    dispute_expense_account = link()
    dispute_reinstatement_account = link()
    deduct_credit_memos_from_invoiced_amount = flag(
        allow_null=False, help_text="An addition: what is deferred of a contract is less what was credited."
    )
