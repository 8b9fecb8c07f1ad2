"""The documented fields of vendors, who are customers here, and of customers as contracts see them."""

from __future__ import annotations

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    anything,
    choice,
    flag,
    link,
    needed_text,
    text,
    texts,
    told_amount,
    told_flag,
    told_link,
    told_moment,
    told_text,
    told_whole,
)
from ratable_server.api.schemas import Schema

VENDOR_TYPES = ("vendor", "customer", "employee")
SOURCES = ("BILL", "BREX", "HUBSPOT", "MANUAL", "PAYROLL", "SALESFORCE")
STATUSES = ("ACTIVE", "INACTIVE")
TERMS = (
    "custom", "net_5", "net_7", "net_10", "net_15", "net_20", "net_30", "net_40", "net_45", "net_60", "net_90",
    "net_105", "net_120", "due_on_receipt",
)  # fmt: skip


class VendorContactSerializer(Schema):
    """Somebody to write to."""

    id = told_link()
    name = text()
    first_name = text(250)
    last_name = text(250)
    email = text(250)
    phone_number = text(250)
    mobile_number = text(250)
    last_modified_at = told_moment()
    is_deleted = told_flag()
    deleted_at = told_moment()


class _Names(Resource):
    """Who it is and how to reach them."""

    id = told_link()
    contacts = VendorContactSerializer(many=True, required=False)
    parent_name = told_text()
    stripe_connection_name = told_text()
    stripe_connection_entity = told_link()
    stripe_connection_portal_url = told_text()
    stripe_connection_portal_enabled = told_flag()
    stripe_connection_invoicing_enabled = told_flag()
    vendor_custom_field_1_name = told_text()
    payment_term_name_display = told_text()
    last_modified_at = told_moment()
    is_deleted = told_flag()
    deleted_at = told_moment()
    search_vector = told_text()
    search_text = told_text()
    vendor_type = choice(VENDOR_TYPES, initial="customer")
    name = needed_text(250)
    dba = text(250)
    company_name = text(250)
    website = text(250)
    first_name = text(250)
    last_name = text(250)
    email = text(250)
    phone_number = text(250)
    mobile_number = text(250)


class _Addresses(_Names):
    """Where they are."""

    address_street_1 = text(250)
    address_street_2 = text(250)
    city = text(250)
    state = text(250)
    zip_code = text(250)
    country = text(250)
    billing_address_street_1 = text(250)
    billing_address_street_2 = text(250)
    billing_city = text(250)
    billing_state = text(250)
    billing_zip_code = text(250)
    billing_country = text(250)
    shipping_addressee = text(255)
    billing_addressee = text(255)


class VendorSerializer(_Addresses):
    """A vendor of the published API; with the type `customer` somebody who buys."""

    notes = text(250)
    business_id_ssn = text(250)
    is_1099 = flag()
    vat_number = text(250)
    business_type = text(250)
    business_category = text(250)
    entity_use_code = text(25)
    withholding_tax_id = text(250)
    stripe_customer_id = text(250)
    use_stripe_auto_bill = flag()
    bill_vendor_id = text(250)
    external_id = text(250)
    source = choice(SOURCES)  # type: ignore[assignment]  # a field of this name
    invoice_message = text()
    abbreviation = text(250)
    created_at = told_moment()
    status = choice(STATUSES, initial="ACTIVE")
    anrok_customer_id = text(250)
    terms = choice(TERMS)
    invoice_labels = anything()
    invoice_language = text(10)
    lineage_array = texts(50)
    customer = told_link()
    parent = link()  # type: ignore[assignment]  # a field of this name
    stripe_connection = link()
    default_expense_category = link()
    vendor_custom_field_1 = link()
    payment_term = link()


class ContractCustomerSerializer(VendorSerializer):
    """A customer with the sums over its contracts."""

    active_contracts = told_whole()
    completed_contracts = told_whole()
    pending_contracts = told_whole()
    total_contracts = told_whole()
    total_revenue = told_amount()
    total_deferred_revenue = told_amount()
    total_mrr = told_amount()
    total_billed = told_amount()
    total_unbilled = told_amount()
    total_paid = told_amount()
    total_outstanding = told_amount()
    total_credit_memos = told_amount()
    credit_memo_applied = told_amount()
    credit_memo_available = told_amount()
    currency = told_text()
