"""What was agreed, on the wire: in the words of a case file. The last day of something is told, not the day after."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from ratable_server.api.native.schemas.fields import Code, Flag, Moment, NativeSchema, Number, Text
from ratable_server.api.schemas import Day

_LIST: dict[str, Any] = {"type": "array", "items": {"type": "object", "additionalProperties": {}}}
TERMS: dict[str, Any] = {  # `docs/guides/case-file.md` has all of it
    "type": "object",
    "properties": {
        "case": {"type": "string", "description": "What the document is called: kebab-case."},
        "currency": {"type": "string", "description": "Of contracts that name none; USD."},
        "entity": {"type": "object", "additionalProperties": {}},
        "policy": {"type": "object", "additionalProperties": {}},
        "products": _LIST,
        "product_bundles": _LIST,
        "contracts": _LIST,
    },
    "required": ["case"],
    "additionalProperties": False,
}


class WarningSerializer(NativeSchema):
    """A term that can be, but that who agreed it may not expect."""

    id = Code()
    code = Code()
    detail = Text()


class ImportedTermsSerializer(NativeSchema):
    """What was added."""

    products = serializers.ListField(child=Code())
    product_bundles = serializers.ListField(child=Code())
    contracts = serializers.ListField(child=Code())
    warnings = WarningSerializer(many=True)


class TierSerializer(NativeSchema):
    """A price step; its upper bound is in it, null in the last."""

    number = serializers.IntegerField()
    lower_quantity = Number(allow_null=True)
    upper_quantity = Number(allow_null=True)
    price = Number(allow_null=True)
    percentage = Number(allow_null=True)
    flat_fee = Number()
    minimum_amount = Number(allow_null=True)
    maximum_amount = Number(allow_null=True)


class RatingOptionsSerializer(NativeSchema):
    """What a price plan looks at beside a month's quantity: as in a case file."""

    rating_group = Text()
    group_dimension = Text(allow_null=True)
    rated_individually = Flag()
    aggregation = Text()
    price_dimension = Text(allow_null=True)
    amount_dimension = Text(allow_null=True)
    quantity_decimals = serializers.IntegerField(allow_null=True)
    quantity_rounding = Text()
    overage_price = Number(allow_null=True)
    maximum_amount = Number(allow_null=True)


class UsageGroupSerializer(NativeSchema):
    """A price plan with its tiers."""

    id = Code()
    pricing_model = Text()
    unit_of_measure = Text(allow_null=True)
    package_size = Number(allow_null=True)
    free_units = Number()
    currency = Text(allow_null=True)
    options = RatingOptionsSerializer()
    tiers = TierSerializer(many=True)


class ProductSerializer(NativeSchema):
    """Something sold, with its price plans."""

    id = Code()
    name = Text()
    currency = Text(allow_null=True)
    usage_groups = UsageGroupSerializer(many=True)
    created_at = Moment()
    modified_at = Moment()


class BundleLineSerializer(NativeSchema):
    """The share of a product: a percentage or a standalone price."""

    product = Code()
    percentage = Number(allow_null=True, required=False)
    standalone_price = Number(allow_null=True, required=False)


class ProductBundleSerializer(NativeSchema):
    """Products sold for one price."""

    id = Code()
    name = Text()
    lines = BundleLineSerializer(many=True)
    created_at = Moment()
    modified_at = Moment()


class CustomerSerializer(NativeSchema):
    """Who buys, with the contracts in the order in which they were signed."""

    id = Code()
    name = Text()
    contracts = serializers.ListField(child=Code())
    created_at = Moment()
    modified_at = Moment()


class UsageItemSerializer(NativeSchema):
    """A line of a contract on which usage is recorded."""

    id = Code()
    product = Code(allow_null=True)
    usage_group = Code(allow_null=True)
    product_bundle = Code(allow_null=True)
    start_date = Day(allow_null=True)
    end_date = Day(allow_null=True)


class ContractSerializer(NativeSchema):
    """What was agreed with a customer."""

    id = Code()
    name = Text()
    customer = Code()
    currency = Text()
    start_date = Day()
    end_date = Day(allow_null=True)
    terminated_on = Day(allow_null=True)
    minimum_monthly_commitment_amount = Number(allow_null=True)
    minimum_monthly_commitment_quantity = Number(allow_null=True)
    created_at = Moment()
    modified_at = Moment()


class ContractInDetailSerializer(ContractSerializer):
    """A contract with its usage items."""

    usage_items = UsageItemSerializer(many=True)


class RolloverSerializer(NativeSchema):
    """How what is left of a prepaid commit lives on at its end: as in a case file."""

    months = serializers.IntegerField(allow_null=True)
    until = Code(allow_null=True)
    times = serializers.IntegerField()
    apply = Text()
    cap_amount = Number(allow_null=True)
    cap_percentage = Number(allow_null=True)
    cap_units = Number(allow_null=True)


class PrepaidCommitSerializer(NativeSchema):
    """A pool of money that usage draws; `added` is what was topped up or credited since it was agreed."""

    id = Code()
    name = Text()
    contract = Code()
    currency = Text()
    product = Code(allow_null=True)
    total_value = Number()
    added = Number()
    discount_percentage = Number()
    rate = Number(allow_null=True)
    start_date = Day()
    end_date = Day(allow_null=True)
    priority = serializers.IntegerField()
    expected_breakage_percentage = Number(allow_null=True)
    units = Number(allow_null=True)
    unit_of_measure = Text(allow_null=True)
    rollover = RolloverSerializer(allow_null=True)
    created_at = Moment()
    modified_at = Moment()


class BalanceSerializer(NativeSchema):
    """Where a prepaid commit stands today, once all that is recorded was drawn."""

    status = serializers.ChoiceField(choices=["ACTIVE", "EXHAUSTED", "EXPIRED"])
    granted = Number()
    drawn = Number()
    lapsed = Number()
    remaining = Number()
    overage = Number()


class PrepaidCommitInDetailSerializer(PrepaidCommitSerializer):
    """A prepaid commit with its balance."""

    balance = BalanceSerializer()
