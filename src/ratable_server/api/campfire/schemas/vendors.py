"""The documented fields around vendors: looked up at once, summed up, told apart by a field of one's own."""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.customers import VENDOR_TYPES
from ratable_server.api.campfire.schemas.fields import (
    Resource,
    amount,
    choice,
    flag,
    needed_text,
    text,
    told_link,
    told_moment,
)
from ratable_server.api.schemas import Amount, Schema


class VendorCustomField1Serializer(Resource):
    """A value of the field that a tenant has of its own."""

    id = told_link()
    value = text(250)
    created_at = told_moment()
    last_modified_at = told_moment()
    customer = told_link()


class BulkVendorSerializer(Schema):
    """A vendor by its id in another system, or by its name."""

    name = needed_text(250)
    external_id = text(250)
    vendor_type = choice(VENDOR_TYPES)
    email = serializers.EmailField(max_length=250, required=False, allow_null=True)


class BulkVendorSearchSerializer(Schema):
    """Which vendors are looked for."""

    vendors = serializers.ListField(child=BulkVendorSerializer(), min_length=1, max_length=10_000)
    upsert = flag()


def _sum() -> Amount:
    return amount(allow_null=False)


class VendorSummarySerializer(Resource):
    """What was bought from a vendor: nothing, since bills are no part of revenue."""

    id = told_link()
    name = text(250)
    dba = text(250)
    total_spend = _sum()
    total_bill_spend = _sum()
    total_card_spend = _sum()
    total_paid = _sum()
    total_unpaid = _sum()
    total_credits = _sum()
    credit_used = _sum()
    credit_available = _sum()
    total_spend_book = _sum()
    total_bill_spend_book = _sum()
    total_card_spend_book = _sum()
    total_paid_book = _sum()
    total_unpaid_book = _sum()
    total_credits_book = _sum()
    credit_used_book = _sum()
    credit_available_book = _sum()
