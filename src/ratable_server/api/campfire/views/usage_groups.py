"""`/rr/api/v1/product/{product_id}/usage-groups`: price plans of a product. An addition to the published API."""

from __future__ import annotations

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.schemas.products import ProductUsageGroupSummarySerializer as GroupSerializer
from ratable_server.api.campfire.translate import products as translate
from ratable_server.api.campfire.views.documented import deletes, gives, posts, takes
from ratable_server.api.campfire.views.products import product_of
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.catalog import change_price_plan, create_usage_group
from ratable_server.operations.catalog_changes import delete_usage_group
from ratable_server.queries.catalog import UsageGroup as Row


class UsageGroups(CampfireView):
    """The price plans of a product."""

    @gives(GroupSerializer(many=True))
    def get(self, _request: Request, product_id: int) -> Response:
        """Usage groups with their tiers, in the order in which they came."""
        return Response([_told(group) for group in product_of(self.actor, product_id).usage_groups])

    @posts(GroupSerializer, GroupSerializer)
    def post(self, _request: Request, product_id: int) -> Response:
        """Add a usage group with its tiers."""
        product = product_of(self.actor, product_id)
        fields = self.read(GroupSerializer)
        code = translate.code_of_group(fields, len(product.usage_groups) + 1)
        create_usage_group(actor=self.actor, product=product.code, at=now_at(), **_plan(fields, code))
        groups = product_of(self.actor, product_id).usage_groups
        return Response(_told(next(group for group in groups if group.code == code)), status=201)


class UsageGroup(CampfireView):
    """One price plan."""

    @gives(GroupSerializer)
    def get(self, _request: Request, product_id: int, id: int) -> Response:
        """A usage group by its id."""
        return Response(_told(self._row(product_id, id)))

    @takes(GroupSerializer, GroupSerializer)
    def put(self, _request: Request, product_id: int, id: int) -> Response:
        """Give a usage group other tiers, or another pricing model, as far as no closed month depends on it."""
        code = self._row(product_id, id).code
        fields = self.read(GroupSerializer)
        product = product_of(self.actor, product_id).code
        change_price_plan(actor=self.actor, product=product, at=now_at(), **_plan(fields, code))
        return Response(_told(self._row(product_id, id)))

    @deletes()
    def delete(self, _request: Request, product_id: int, id: int) -> Response:
        """Take a usage group that no contract names off its product."""
        code = self._row(product_id, id).code
        product = product_of(self.actor, product_id).code
        delete_usage_group(actor=self.actor, product=product, group=code, at=now_at())
        return Response(status=204)

    def _row(self, product_id: int, id: int) -> Row:
        for group in product_of(self.actor, product_id).usage_groups:
            if group.id == id:
                return group
        raise NotFound


def _plan(fields: dict[str, Any], code: str) -> dict[str, Any]:
    return {
        "group": translate.to_usage_group(fields, code),
        "beside": translate.beside_of_groups([(code, fields)]),
    }


def _told(group: Row) -> dict[str, Any]:
    return translate.from_usage_group(group)
