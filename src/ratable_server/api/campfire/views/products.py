"""`/rr/api/v1/product`: what is sold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.products import ProductSerializer
from ratable_server.api.campfire.translate import products as translate
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, gives, page_of, posts
from ratable_server.api.campfire.views.naming import created, names_of, refuse_unknown
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.catalog import create_product
from ratable_server.queries.catalog import Product as Row
from ratable_server.queries.catalog import products
from ratable_server.queries.listing import Asked


class Products(CampfireView):
    """All products."""

    @gives(page_of(ProductSerializer), parameters=[*PAGES, *SYNC], operation_id="list_products")
    def get(self, request: Request) -> Response:
        """Products by pages, in the order in which they were told."""
        return listing(
            request, lambda asked: products(actor=self.actor, asked=asked), lambda rows: _told(self.actor, rows)
        )

    @posts(ProductSerializer, ProductSerializer, operation_id="create_product")
    def post(self, _request: Request) -> Response:
        """Add a product. Its usage groups and tiers can be told at once: an addition to the published API."""
        fields = self.read(ProductSerializer)
        refuse_unknown(self.actor, fields)
        code = created("product", fields.get("product_id"), lambda code: _create(self.actor, fields, code))
        return Response(_told(self.actor, products(actor=self.actor, asked=Asked(codes=[code])).rows)[0], status=201)


class Product(CampfireView):
    """One product."""

    @gives(ProductSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A product by its id."""
        row = found(products(actor=self.actor, asked=Asked(ids=[id])))
        return Response(_told(self.actor, [row])[0])


def _create(actor: Actor, fields: dict[str, Any], code: str) -> Any:
    groups = fields.get("usage_groups") or ()
    named = [(translate.code_of_group(group, place), group) for place, group in enumerate(groups, 1)]
    return create_product(
        actor=actor,
        product=translate.to_product(fields, code),
        further=taken(fields, {}, translate.OURS),
        beside=translate.beside_of_groups(named),
        at=now_at(),
    )


def _told(actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    names = names_of(actor, [row.further for row in rows])
    return [ProductSerializer.answer(translate.from_product(row, names, actor.tenant_id), row.further) for row in rows]
