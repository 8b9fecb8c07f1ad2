"""How subscriptions and milestones of a bundle are split over its products."""

from __future__ import annotations

from typing import ClassVar

from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.campfire.schemas.allocations import (
    ContractProductBundleSerializer,
    ContractProductBundleUpdateSerializer,
)
from ratable_server.api.campfire.translate import allocations
from ratable_server.api.campfire.views.allocations_agreed import refuse_other_products, refuse_parts_of_minor_units
from ratable_server.api.campfire.views.asking import found
from ratable_server.api.campfire.views.documented import gives, takes
from ratable_server.api.campfire.views.subscriptions import subscription_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.allocations import FixedKind, change_fixed_allocation
from ratable_server.queries.contract_lines import Milestone, Subscription, milestones
from ratable_server.queries.fixed_splits import fixed_splits
from ratable_server.queries.listing import Asked


class _Allocations(CampfireView):
    """The split of a fixed amount."""

    kind: ClassVar[FixedKind]

    def _line(self, contract_id: int, id: int) -> Subscription | Milestone:
        raise NotImplementedError

    def _split(self, line: Subscription | Milestone) -> allocations.Split:
        """The split of a line.

        Raises:
            NotFound: it is of no bundle.
        """
        total = line.total_value if isinstance(line, Subscription) else line.amount
        split = allocations.kept_bundle(line.further, total, fixed_splits(actor=self.actor, lines=[line])[line.id])
        if split is None:
            raise NotFound
        return split

    def _told(self, contract_id: int, id: int) -> Response:
        line = self._line(contract_id, id)
        told = allocations.from_allocation(line, self._split(line), line.currency, component=self.kind.upper())
        return Response(ContractProductBundleSerializer.answer(told, {}))

    def _change(self, contract_id: int, id: int) -> Response:
        line = self._line(contract_id, id)
        split = self._split(line)
        fields = self.read(ContractProductBundleUpdateSerializer)
        refuse_other_products(fields, split.shares)
        refuse_parts_of_minor_units(fields, line.currency)
        if not allocations.is_whole(fields, split.total):
            raise ValidationError({"lines": [f"The amounts must sum to the total of {split.total:f}."]})
        codes = {share.product_id: share.product for share in split.shares}
        change_fixed_allocation(
            actor=self.actor,
            contract=line.contract,
            kind=self.kind,
            code=line.code,
            lines=allocations.to_lines(fields, codes),
            at=now_at(),
        )
        return self._told(contract_id, id)


class SubscriptionAllocations(_Allocations):
    """How a subscription of a bundle is split over its products."""

    kind = "subscription"

    @override
    def _line(self, contract_id: int, id: int) -> Subscription:
        return subscription_of(self.actor, contract_id, id)

    @gives(ContractProductBundleSerializer)
    def get(self, _request: Request, contract_id: int, subscription_id: int) -> Response:
        """The split of its whole value."""
        return self._told(contract_id, subscription_id)

    @takes(ContractProductBundleUpdateSerializer, ContractProductBundleSerializer)
    def put(self, _request: Request, contract_id: int, subscription_id: int) -> Response:
        """Split by other amounts, which sum to the total; of closed months the difference is booked in the open one."""
        return self._change(contract_id, subscription_id)

    @takes(ContractProductBundleUpdateSerializer, ContractProductBundleSerializer)
    def patch(self, _request: Request, contract_id: int, subscription_id: int) -> Response:
        """The same."""
        return self._change(contract_id, subscription_id)


class MilestoneAllocations(_Allocations):
    """How a milestone of a bundle is split over its products."""

    kind = "milestone"

    @override
    def _line(self, contract_id: int, id: int) -> Milestone:
        return found(milestones(actor=self.actor, contract_id=contract_id, asked=Asked(ids=[id])))

    @gives(ContractProductBundleSerializer)
    def get(self, _request: Request, contract_id: int, milestone_id: int) -> Response:
        """The split of its amount."""
        return self._told(contract_id, milestone_id)

    @takes(ContractProductBundleUpdateSerializer, ContractProductBundleSerializer)
    def put(self, _request: Request, contract_id: int, milestone_id: int) -> Response:
        """Split by other amounts, which sum to the total; of a closed month the difference is booked in the open one."""
        return self._change(contract_id, milestone_id)

    @takes(ContractProductBundleUpdateSerializer, ContractProductBundleSerializer)
    def patch(self, _request: Request, contract_id: int, milestone_id: int) -> Response:
        """The same."""
        return self._change(contract_id, milestone_id)
