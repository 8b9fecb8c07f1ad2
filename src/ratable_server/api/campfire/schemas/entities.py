"""The documented fields of entities, and the days through which the books are closed."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    anything,
    day,
    flag,
    link,
    text,
    texts,
    told_flag,
    told_link,
    told_moment,
    told_text,
    whole,
)


class _Names(Resource):
    """Which company it is."""

    id = told_link()
    customer = told_link()
    parent = link()  # type: ignore[assignment]  # a field of this name
    parent_name = told_text()
    elimination_entity = link()
    primary_entity = link()
    primary_entity_name = told_text()
    is_adjusting = told_flag()
    is_elimination_entity = flag()
    is_deleted = told_flag()
    deleted_at = told_moment()
    last_modified_at = told_moment()
    name = text(250)
    description = text()
    currency = text(3, initial="USD", allow_null=False)
    address_1 = text(120)
    address_2 = text(120)
    city = text(120)
    state = text(120)
    zip_code = text(120)
    country = text(120)


class ChartEntitySerializer(_Names):
    """A company of the tenant. All of them have one set of books, which is closed for all of them at once."""

    disable_service_date = flag(allow_null=False)
    logo_url = serializers.URLField(max_length=500, required=False, allow_null=True)
    active = flag(initial=True, allow_null=False)
    fiscal_year_month = whole(initial=1, min_value=1, max_value=12, allow_null=False)
    fiscal_year_day = whole(initial=1, min_value=1, max_value=31, allow_null=False)
    created_at = told_moment()
    enable_mid_month_convention = flag()
    mid_month_threshold = whole(min_value=0, max_value=31)
    use_whole_month_accounting_for_prepaids = flag()
    allow_payments_in_closed_periods = flag(allow_null=False)
    auto_apply_catchup_for_closed_periods = flag(allow_null=False)
    lineage_array = texts(50)
    tax_identification_number = text(250)
    representative_name = text(250)
    business_type = text(250)
    business_category = text(250)
    invoice_name = told_text()
    invoice_email = told_text()
    invoice_message = told_text()
    invoice_email_subject = told_text()
    invoice_email_body = told_text()
    invoice_prefix = told_text()
    invoice_address = told_text()
    invoice_cc_emails = told_text()
    invoice_display_settings = anything()
    invoice_email_attachments = anything()
    withholding_scheme = link()
    withholding_scheme_name = told_text()
    withholding_certificate = link()
    withholding_certificate_number = told_text()
    close_books_date = day(
        help_text="An addition: the last day of the last closed month; told, it closes or reopens one."
    )
    subledger_close_date = day(help_text="An addition: the same day; there is one set of books.")
