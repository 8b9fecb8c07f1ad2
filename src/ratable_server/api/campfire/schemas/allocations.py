"""The documented fields of a bundle on a contract: how its amount is split over products."""

from __future__ import annotations

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    amount,
    day,
    exact,
    link,
    text,
    told_amount,
    told_choice,
    told_exact,
    told_link,
    told_moment,
    told_text,
)
from ratable_server.api.campfire.schemas.products import COMPONENT_TYPES
from ratable_server.api.schemas import Amount, Id, Schema


class ContractProductBundleLineReadSerializer(Schema):
    """The amount of a product."""

    id = told_link()
    product = link()
    product_name = told_text()
    amount = amount()
    percentage = told_text()
    original_percentage = exact()


class ContractProductBundleReadSerializer(Schema):
    """A bundle on a contract, as its line tells it."""

    id = told_link()
    source_bundle = link()
    source_bundle_name = told_text()
    total_amount = amount()
    currency = text(3)
    lines = ContractProductBundleLineReadSerializer(many=True, read_only=True)


class ContractProductBundleLineSerializer(Schema):
    """The amount of a product, with its part in percent as text of two decimals."""

    id = told_link()
    product = told_link()
    product_name = told_text()
    product_id_str = told_text()
    amount = amount()
    percentage = told_text()
    original_percentage = told_exact()
    component_type = told_choice(COMPONENT_TYPES)


class ContractProductBundleSerializer(Resource):
    """A bundle on a contract."""

    id = told_link()
    source_bundle = told_link()
    source_bundle_name = told_text()
    total_amount = told_amount()
    currency = told_text()
    license_term_start_date = day()
    lines = ContractProductBundleLineSerializer(many=True)
    created_at = told_moment()
    last_modified_at = told_moment()


class ContractProductBundleLineUpdateSerializer(Schema):
    """What a product is to have."""

    product = Id()
    amount = Amount()


class ContractProductBundleUpdateSerializer(Schema):
    """Another split; its amounts sum to the total."""

    lines = ContractProductBundleLineUpdateSerializer(many=True)
