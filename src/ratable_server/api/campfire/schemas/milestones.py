"""The documented fields of milestones. The bundle, which is only told in the document, can be written: an addition."""

from __future__ import annotations

from ratable_server.api.campfire.schemas.allocations import ContractProductBundleReadSerializer
from ratable_server.api.campfire.schemas.fields import (
    Resource,
    exact,
    link,
    links,
    needed_text,
    text,
    told_flag,
    told_link,
    told_moment,
    told_objects,
    told_text,
)
from ratable_server.api.campfire.schemas.usage import bundle_as_text
from ratable_server.api.schemas import Amount, Day


class ContractMilestoneSerializer(Resource):
    """A fixed amount earned on one day."""

    id = told_link()
    customer = told_link()
    contract = link()
    product = link()
    product_bundle = bundle_as_text()
    contract_product_bundle = ContractProductBundleReadSerializer(read_only=True, allow_null=True)
    product_name = told_text()
    product_bundle_name = told_text()
    milestone_name = needed_text(250)
    milestone_date = Day()
    amount = Amount()
    quantity = exact()
    rate = exact()
    description = text()
    department = link()
    department_name = told_text()
    tags = told_objects()
    revenue_transaction_id = told_link()
    created_at = told_moment()
    last_modified_at = told_text()
    is_deleted = told_flag()
    deleted_at = told_moment()
    tag_ids = links()
    product_bundle_id = link()
