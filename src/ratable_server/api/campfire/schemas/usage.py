"""The documented fields of usage on contracts.

Lines and the bundle are only told in the published document, as text. They can be written here, as a list and as an id,
and are told so beside the text: additions.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from typing_extensions import override

from ratable_server.api.campfire.schemas.allocations import ContractProductBundleReadSerializer
from ratable_server.api.campfire.schemas.fields import (
    Resource,
    amount,
    day,
    exact,
    flag,
    link,
    tags,
    text,
    told_amount,
    told_day,
    told_flag,
    told_link,
    told_moment,
    told_objects,
    told_text,
    told_whole,
)
from ratable_server.api.schemas import Id, Schema


@extend_schema_field({"type": "string"})
class ToldAsText(serializers.JSONField):
    """Something that is told as text, and taken in any form."""


@extend_schema_field({"type": "string"})
class BundleAsText(Id):
    """The id of a bundle, told as text; an empty text names none."""

    @override
    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return super().validate_empty_values(None if data == "" else data)


def bundle_as_text() -> BundleAsText:
    """The id of a bundle."""
    return BundleAsText(required=False, allow_null=True)


class UsageLineSerializer(Schema):
    """What was used in a month, told as its sum over `records`; taken with an id of its own, or one for each month."""

    external_id = text(250)
    period_month = day()
    start_date = day()
    end_date = day()
    quantity = exact()
    amount = amount()
    usage_tier = link(write_only=True, help_text="One of the plan's; which one prices the usage is calculated.")
    description = text()
    records = told_whole()


class RevenueOfUsageSerializer(Schema):
    """The revenue of a month of usage."""

    id = told_link()
    period_month = told_day()
    product = told_link()
    amount = told_amount()
    is_posted = told_flag()


class ContractUsageSerializer(Resource):
    """A line of a contract on which usage is recorded, for a usage group, a bare product or a bundle."""

    id = told_link()
    contract = link()
    product = link()
    product_bundle = bundle_as_text()
    contract_product_bundle = ContractProductBundleReadSerializer(read_only=True, allow_null=True)
    product_name = told_text()
    product_bundle_name = told_text()
    usage_group = link()
    usage_group_name = told_text()
    department = link()
    tags = tags()
    description = text()
    start_date = day()
    end_date = day()
    lines = ToldAsText(required=False, allow_null=True)
    created_at = told_moment()
    last_modified_at = told_moment()
    product_bundle_id = link()
    usage_lines = UsageLineSerializer(many=True, required=False)
    draws_on_prepaid_commits = flag(help_text="An addition: the rated amount is drawn from prepaid commits.")
    drawdown_rate = exact(min_value=Decimal(0), help_text="An addition: units of a pool drawn for each unit used.")
    drawdown_unit = text(help_text="An addition: the unit of that pool, where it is not the item's own.")
    revenue_transactions = RevenueOfUsageSerializer(many=True, read_only=True)
    tag_details = told_objects()
