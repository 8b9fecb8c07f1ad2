"""The documented fields of a contract's own prices."""

from __future__ import annotations

from ratable_server.api.campfire.schemas.fields import (
    Resource,
    choice,
    exact,
    link,
    text,
    told_link,
    told_moment,
    told_text,
)
from ratable_server.api.schemas import Id

SOURCES = ("manual", "integration")


class TierPriceOverrideSerializer(Resource):
    """A contract's own price for a tier; told again for the same tier it takes the place of the one before."""

    id = told_link()
    tier = Id()
    tier_name = told_text()
    contract = link()
    deal_name = told_text()
    usage_group_id = told_link()
    usage_group_name = told_text()
    price = exact()
    percentage = exact()
    source = choice(SOURCES, initial="manual")  # type: ignore[assignment]  # a field of this name
    integration_name = text(250)
    external_reference = text(250)
    notes = text()
    created_at = told_moment()
    last_modified_at = told_moment()
