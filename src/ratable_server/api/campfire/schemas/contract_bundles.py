"""The documented fields of bundles that stand on a contract itself: amounts of products over a time."""

from __future__ import annotations

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    amount,
    choice,
    day,
    flag,
    link,
    needed_text,
    text,
    told_flag,
    told_link,
    told_moment,
    told_text,
)
from ratable_server.api.campfire.schemas.subscriptions import PRORATIONS
from ratable_server.api.schemas import Day


class ContractBundleLineSerializer(Resource):
    """The amount of a product."""

    id = told_link()
    is_deleted = told_flag()
    deleted_at = told_moment()
    contract_bundle = link(write_only=True)
    product_name = told_text()
    amount = amount()
    created_at = told_moment()
    last_modified_at = told_moment()
    customer = told_link()
    product = link()


class ContractBundleSerializer(Resource):
    """Amounts of products over a time; kept and told as they were sent."""

    id = told_link()
    is_deleted = told_flag()
    deleted_at = told_moment()
    end_date = day()
    rebalance_journal_entries_indefinitely = flag()
    lines = ContractBundleLineSerializer(many=True)
    bundle_name = needed_text(250)
    bundle_description = text(250)
    start_date = Day()
    use_daily_accounting = flag()
    proration_method = choice(PRORATIONS, initial="standard")
    use_catchup = flag()
    catchup_date = day()
    created_at = told_moment()
    last_modified_at = told_moment()
    customer = told_link()
    contract = link()
