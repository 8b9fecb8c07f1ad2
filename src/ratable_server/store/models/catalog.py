"""What is sold: products, their price plans, bundles. Empty text: nothing was agreed."""

from __future__ import annotations

from typing import ClassVar, get_args

from django.db import models
from django.db.models import UniqueConstraint

from ratable.terms import Aggregation, PricingModel, QuantityRounding, RatingGroup
from ratable_server.store.fields import CodeField, CurrencyField, ExactField
from ratable_server.store.models.rows import Coded, Target, TenantRow, Told, link, one_of


class Product(Told, Coded):
    """Something sold."""

    name = models.TextField()
    currency = CurrencyField(default="", blank=True)

    class Meta(Coded.Meta):
        db_table = "product"


class UsageGroup(Told, Target):
    """A price plan of a product; its code is unique within the product."""

    product = link("Product")
    code = CodeField()
    pricing_model = models.TextField()
    unit_of_measure = models.TextField(default="", blank=True)
    package_size = ExactField(null=True, blank=True)
    free_units = ExactField(default=0)
    currency = CurrencyField(default="", blank=True)
    place = models.IntegerField(default=0)
    # rating options: see ratable.terms.RatingOptions
    rating_group = models.TextField(default="month", db_default="month")
    group_dimension = models.TextField(default="", db_default="", blank=True)
    rated_individually = models.BooleanField(default=False, db_default=False)
    aggregation = models.TextField(default="sum", db_default="sum")
    price_dimension = models.TextField(default="", db_default="", blank=True)
    amount_dimension = models.TextField(default="", db_default="", blank=True)
    quantity_decimals = models.IntegerField(null=True, blank=True)
    quantity_rounding = models.TextField(default="half_up", db_default="half_up")
    overage_price = ExactField(null=True, blank=True)
    maximum_amount = ExactField(null=True, blank=True)

    class Meta(Target.Meta):
        db_table = "usage_group"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "product", "code"], name="usage_group_code"),
            one_of("usage_group_pricing_model", "pricing_model", get_args(PricingModel)),
            one_of("usage_group_rating_group", "rating_group", get_args(RatingGroup)),
            one_of("usage_group_aggregation", "aggregation", get_args(Aggregation)),
            one_of("usage_group_quantity_rounding", "quantity_rounding", get_args(QuantityRounding)),
        ]


class Tier(Told, TenantRow):
    """One price step of a usage group; `upper_quantity` is inclusive, null in the last."""

    usage_group = link("UsageGroup")
    number = models.IntegerField()
    lower_quantity = ExactField(null=True, blank=True)
    upper_quantity = ExactField(null=True, blank=True)
    price = ExactField(null=True, blank=True)
    percentage = ExactField(null=True, blank=True)
    flat_fee = ExactField(default=0)
    minimum_amount = ExactField(null=True, blank=True)
    maximum_amount = ExactField(null=True, blank=True)

    class Meta(TenantRow.Meta):
        db_table = "tier"
        constraints: ClassVar = [UniqueConstraint(fields=["tenant", "usage_group", "number"], name="tier_number")]


class ProductBundle(Told, Coded):
    """Products sold for one price."""

    name = models.TextField(default="", blank=True)

    class Meta(Coded.Meta):
        db_table = "product_bundle"


class BundleLine(TenantRow):
    """The share of a product in a bundle, in the order in which they were told."""

    bundle = link("ProductBundle")
    product = link("Product")
    place = models.IntegerField()
    percentage = ExactField(null=True, blank=True)
    standalone_price = ExactField(null=True, blank=True)

    class Meta(TenantRow.Meta):
        db_table = "bundle_line"
        constraints: ClassVar = [UniqueConstraint(fields=["tenant", "bundle", "product"], name="bundle_line_product")]
