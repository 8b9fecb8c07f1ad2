"""The documented fields of subscriptions of contracts, of their lines and of a modified schedule.

Lines and the bundle are only told in the published document, as text. They can be written here, and are told beside the
text as a list and as an id: additions.
"""

from __future__ import annotations

from rest_framework import serializers

from ratable_server.api.campfire.schemas.allocations import ContractProductBundleReadSerializer
from ratable_server.api.campfire.schemas.contracts import SOURCES
from ratable_server.api.campfire.schemas.fields import (
    Resource,
    amount,
    choice,
    day,
    exact,
    flag,
    link,
    links,
    tags,
    text,
    told_amount,
    told_flag,
    told_link,
    told_moment,
    told_objects,
    told_text,
)
from ratable_server.api.campfire.schemas.usage import ToldAsText, bundle_as_text
from ratable_server.api.schemas import Amount, Day, Exact, Schema

RENEWALS = ("FOLLOW_CONTRACT", "FIXED_END")
PRORATIONS = ("standard", "thirty_day", "daily")
CALCULATIONS = ("FIXED_RATE", "FIXED_QUANTITY")


class SubscriptionLineSerializer(Schema):
    """A part of a subscription's time with an amount of its own."""

    start_date = day()
    end_date = day()
    total_value = amount()
    mrr = amount()
    quantity = exact()
    rate = exact()


class ContractSubscriptionSerializer(Resource):
    """A fixed amount earned over time, of a product or of a bundle."""

    id = told_link()
    is_deleted = told_flag()
    deleted_at = told_moment()
    lines = ToldAsText(required=False, allow_null=True)
    product_name = told_text()
    product_is_renewable = told_flag()
    product_bundle = bundle_as_text()
    product_bundle_name = told_text()
    contract_product_bundle = ContractProductBundleReadSerializer(read_only=True, allow_null=True)
    total_value = told_amount()
    last_modified_at = told_moment()
    rate = exact()
    quantity = exact()
    renewal_behavior = choice(RENEWALS, initial="FIXED_END")
    period_amount = amount()
    invoiced_amount_migration = amount(write_only=True)
    is_contract_amendment = flag()
    start_date = day()
    end_date = day()
    mrr = amount()
    discount = exact(min_value=0)
    notes = text()
    use_daily_accounting = flag()
    proration_method = choice(PRORATIONS, initial="standard")
    use_catchup = flag()
    catchup_date = day()
    catchup_manually_overridden = flag()
    invoice_calculation = choice(CALCULATIONS, initial="FIXED_RATE")
    created_at = told_moment()
    source = choice(SOURCES, initial="MANUAL")  # type: ignore[assignment]  # a field of this name
    external_id = text(250)
    rates_are_net = flag()
    customer = told_link()
    contract = link()
    product = link()
    modified_subscription = link()
    product_bundle_id = link()
    subscription_lines = SubscriptionLineSerializer(many=True, required=False)
    department = link()
    department_name = told_text()
    tags = tags()
    tag_ids = links()
    tag_details = told_objects()


class GenerageSubscriptionScheduleSerializer(Schema):
    """A schedule as it is to be, and the subscription that it modifies; the name is the published one."""

    start_date = Day()
    end_date = day()
    total_value = Amount()
    mrr = amount(allow_null=False)
    use_daily_accounting = flag(allow_null=False)
    proration_method = choice(PRORATIONS)
    use_catchup = flag(allow_null=False)
    catchup_date = day()
    modified_subscription = link()
    does_modify_contract_end_date = flag(allow_null=False)
    apply_prospectively = flag(allow_null=False)


class ContractSubscriptionLineSerializer(Schema):
    """A month of a schedule: what it was and what it is to be."""

    id = link()
    start_date = Day()
    end_date = Day()
    original_value = amount()
    total_value = Amount()
    original_mrr = amount()
    mrr = Amount(required=False)
    original_quantity = exact()
    quantity = exact()
    original_rate = Exact(required=False, allow_null=True)
    rate = exact()
    use_daily_accounting = serializers.BooleanField(required=False)
    is_contract_amendment = serializers.BooleanField(required=False)
