"""The documented fields of products with their usage groups and tiers, and of product bundles.

Usage groups can be written here, which the published document lacks: an addition.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, get_args

from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from typing_extensions import override

from ratable.terms import Aggregation, PricingModel, QuantityRounding, RatingGroup
from ratable_server.api.campfire.schemas.fields import (
    Resource,
    anything,
    choice,
    exact,
    flag,
    link,
    links,
    needed_text,
    text,
    told_flag,
    told_link,
    told_moment,
    told_objects,
    told_text,
    told_whole,
    whole,
)
from ratable_server.api.schemas import Exact, Id, Schema

COMPONENT_TYPES = ("SUBSCRIPTION", "MILESTONE", "USAGE")
PRICING_MODELS: tuple[str, ...] = get_args(PricingModel)
RATING_GROUPS: tuple[str, ...] = get_args(RatingGroup)
AGGREGATIONS: tuple[str, ...] = get_args(Aggregation)
QUANTITY_ROUNDINGS: tuple[str, ...] = get_args(QuantityRounding)
LEAST_SHARE = Decimal("0.01")
_DIMENSION_LENGTH = 100


class _PartOfAPrice(Schema):
    """What a price depends on: a field that is not known here is refused, since a price without it is another one."""

    @override
    def to_internal_value(self, data: Any) -> Any:
        unknown = sorted(set(data) - set(self.fields)) if isinstance(data, Mapping) else []
        if unknown:
            raise ValidationError({str(name): ["No price here depends on this."] for name in unknown})
        return super().to_internal_value(data)


class ProductUsageTierSummarySerializer(_PartOfAPrice):
    """One price step."""

    id = told_link()
    name = text(250)
    pricing_type = told_text()
    from_quantity = exact()
    to_quantity = exact()
    price = exact()
    percentage = exact()
    flat_fee = exact(help_text="An addition: an amount due once when the tier is reached.")
    minimum_amount = exact(help_text="An addition: what the tier comes to at least, when it is reached.")
    maximum_amount = exact(help_text="An addition: what the tier comes to at most.")


class ProductUsageGroupSummarySerializer(_PartOfAPrice):
    """A price plan. With its id it is changed, without one it is added."""

    id = Id(required=False)
    name = text(250)
    pricing_model = choice(PRICING_MODELS)
    unit_of_measure = text(250)
    tier_count = told_whole()
    tiers = ProductUsageTierSummarySerializer(many=True, required=False)
    package_size = exact(help_text="An addition: units that are only sold together.")
    free_units = exact(help_text="An addition: units of a month that cost nothing.")
    rating_group = choice(RATING_GROUPS, help_text="An addition: what the tiers count; the month.")
    group_dimension = text(_DIMENSION_LENGTH, help_text="An addition: the dimension whose values are the groups.")
    rated_individually = flag(help_text="An addition: each record is priced and rounded by itself.")
    aggregation = choice(AGGREGATIONS, help_text="An addition: what of a month counts; the sum.")
    price_dimension = text(_DIMENSION_LENGTH, help_text="An addition: where a record carries its unit price.")
    amount_dimension = text(_DIMENSION_LENGTH, help_text="An addition: where a record carries its amount.")
    quantity_decimals = whole(help_text="An addition: decimals to which a quantity is rounded when it is rated.")
    quantity_rounding = choice(QUANTITY_ROUNDINGS, help_text="An addition: how; half up.")
    overage_price = exact(help_text="An addition: the price above the last tier, which then has a to_quantity.")
    maximum_amount = exact(help_text="An addition: what a month costs at most.")


class ProductSerializer(Resource):
    """Something sold, with its price plans."""

    id = told_link()
    is_deleted = told_flag()
    deleted_at = told_moment()
    department_name = told_text()
    invoice_account_name = told_text()
    revenue_account_name = told_text()
    ar_account_name = told_text()
    bad_debt_account_name = told_text()
    invoice_unbilled_account_name = told_text()
    tax_account_name = told_text()
    tags = told_objects()
    last_modified_at = told_moment()
    product_uuid = serializers.UUIDField(read_only=True)
    display_name = told_text()
    usage_group_count = told_whole()
    usage_groups = ProductUsageGroupSummarySerializer(many=True, required=False)
    product_id = text(250)
    product_name = text(250)
    product_description = text(250)
    tag_ids = links()
    tag_group_ids = links()
    currency = text(3)
    price = exact()
    cost = exact()
    exclude_from_mrr = flag()
    is_taxable = flag()
    is_renewable = flag()
    recognize_revenue = flag(initial=True)
    is_immediate_recognition = flag()
    created_at = told_moment()
    stripe_product_id = text(250)
    avalara_item_id = link()
    avalara_item_data = anything()
    avalara_tax_code = text(50)
    anrok_item_id = text(250)
    sphere_item_id = text(250)
    apply_dept_tag_to_invoice_journals = flag()
    customer = told_link()
    department = link()
    invoice_account = link()
    revenue_account = link()
    ar_account = link()
    bad_debt_account = link()
    invoice_unbilled_account = link()


class ProductBundleLineSerializer(Schema):
    """The share of a product in a bundle."""

    id = told_link()
    product = Id()
    product_name = told_text()
    product_id_str = told_text()
    percentage_allocation = Exact(min_value=LEAST_SHARE, max_value=100)
    component_type = choice(COMPONENT_TYPES)

    @override
    def to_internal_value(self, data: Any) -> Any:
        """A line is told whole, also by who tells only some of its bundle."""
        lacking = [
            name for name in ("product", "percentage_allocation") if isinstance(data, Mapping) and name not in data
        ]
        if lacking and self.root.partial:
            raise ValidationError({name: ["This field is required."] for name in lacking})
        return super().to_internal_value(data)


class ProductBundleSerializer(Resource):
    """Products sold for one price: a template for bundles of contracts."""

    id = told_link()
    bundle_name = needed_text(250)
    bundle_description = text(250)
    stripe_product_id = text(255)
    anrok_item_id = told_text()
    lines = ProductBundleLineSerializer(many=True)
    created_at = told_moment()
    last_modified_at = told_moment()
    is_deleted = told_flag()
    deleted_at = told_moment()


class RetoldBundleLineSerializer(ProductBundleLineSerializer):
    """A line that may be told again as it was: the books know smaller shares, which the view judges."""

    percentage_allocation = Exact(min_value=0, max_value=100)


class RetoldBundleSerializer(ProductBundleSerializer):
    """How a bundle is read that is there already; published it is like any other."""

    lines = RetoldBundleLineSerializer(many=True)
