"""`…/contracts/{contract_id}/tier-price-overrides`: a contract's own prices."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.tier_price_overrides import TierPriceOverrideSerializer
from ratable_server.api.campfire.translate import tier_price_overrides as translate
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.contracts import contract_of, refuse_other_contract
from ratable_server.api.campfire.views.documented import PAGES, gives, page_of, posts
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.price_overrides import set_tier_price_override
from ratable_server.queries.catalog import products, usage_group_of_tier, usage_groups
from ratable_server.queries.contract_lines import TierPriceOverride as Row
from ratable_server.queries.contract_lines import tier_price_overrides
from ratable_server.queries.listing import EVERYTHING, Asked


class TierPriceOverrides(CampfireView):
    """The own prices of a contract."""

    @gives(page_of(TierPriceOverrideSerializer), parameters=PAGES)
    def get(self, request: Request, contract_id: int) -> Response:
        """Own prices by pages, in the order in which they were told."""
        deal = contract_of(self.actor, contract_id).name
        return listing(
            request,
            lambda asked: tier_price_overrides(actor=self.actor, contract_id=contract_id, asked=asked),
            lambda rows: _told(self.actor, rows, deal),
        )

    @posts(TierPriceOverrideSerializer, TierPriceOverrideSerializer)
    def post(self, _request: Request, contract_id: int) -> Response:
        """Set an own price for a tier, or another than before."""
        contract = contract_of(self.actor, contract_id)
        fields = self.read(TierPriceOverrideSerializer)
        refuse_other_contract(fields, contract_id)
        group = usage_group_of_tier(actor=self.actor, tier_id=fields["tier"])
        if group is None:
            raise ValidationError({"tier": [f'Invalid pk "{fields["tier"]}" - object does not exist.']})
        product = found(products(actor=self.actor, asked=Asked(ids=[group.product_id])))
        set_tier_price_override(
            actor=self.actor,
            contract=contract.code,
            override=translate.to_override(fields, product.code, group),
            further=taken(fields, {}, translate.OURS),
            at=now_at(),
        )
        rows = tier_price_overrides(actor=self.actor, contract_id=contract_id, asked=EVERYTHING).rows
        own = [row for row in rows if row.tier_id == fields["tier"]]
        return Response(_told(self.actor, own, contract.name)[0], status=201)


def _told(actor: Actor, rows: Sequence[Row], deal: str) -> list[dict[str, Any]]:
    ids = sorted({row.usage_group_id for row in rows})
    groups = {group.id: group for group in usage_groups(actor=actor, asked=Asked(ids=ids, limit=len(ids) or 1)).rows}
    return [TierPriceOverrideSerializer.answer(translate.from_override(row, deal, groups), row.further) for row in rows]
