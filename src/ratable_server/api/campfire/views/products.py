"""`/rr/api/v1/product`: what is sold."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.products import ProductSerializer
from ratable_server.api.campfire.translate import products as translate
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.naming import created, names_of, refuse_unknown
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.catalog import create_product
from ratable_server.operations.catalog_changes import delete_product
from ratable_server.operations.products import ProductToldAgain, retell_product
from ratable_server.queries.catalog import Product as Row
from ratable_server.queries.catalog import products
from ratable_server.queries.listing import Asked


class Products(CampfireView):
    """All products."""

    operation_ids = {"GET": "list_products", "POST": "create_product"}

    @gives(page_of(ProductSerializer), parameters=[*PAGES, *SYNC])
    def get(self, request: Request) -> Response:
        """Products by pages, in the order in which they were told."""
        return listing(
            request, lambda asked: products(actor=self.actor, asked=asked), lambda rows: told(self.actor, rows)
        )

    @posts(ProductSerializer, ProductSerializer)
    def post(self, _request: Request) -> Response:
        """Add a product. Its usage groups and tiers can be told at once: an addition to the published API."""
        fields = self.read(ProductSerializer)
        refuse_unknown(self.actor, fields)
        code = created("product", fields.get("product_id"), lambda code: _create(self.actor, fields, code))
        return Response(told(self.actor, products(actor=self.actor, asked=Asked(codes=[code])).rows)[0], status=201)


class Product(CampfireView):
    """One product."""

    @gives(ProductSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A product by its id."""
        return Response(told(self.actor, [product_of(self.actor, id)])[0])

    @takes(ProductSerializer, ProductSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a product whole again; usage groups that are told are all there are, and without any they stay."""
        return self._change(id, is_partial=False)

    @takes(ProductSerializer, ProductSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of a product; usage groups that are told are changed or added."""
        return self._change(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take a product that no contract names out of the catalogue."""
        delete_product(actor=self.actor, product=product_of(self.actor, id).code, at=now_at())
        return Response(status=204)

    def _change(self, id: int, *, is_partial: bool) -> Response:
        self.alone("product", id, lambda: self._say(id, is_partial=is_partial))
        return Response(told(self.actor, [product_of(self.actor, id)])[0])

    def _say(self, id: int, *, is_partial: bool) -> None:
        row = product_of(self.actor, id)
        fields = self.read(ProductSerializer, is_partial=is_partial)
        refuse_unknown(self.actor, fields)
        if is_partial and row.usage_groups and fields.get("usage_groups") == []:
            raise ValidationError({"usage_groups": ["Those that are left out stay: each is deleted by its own route."]})
        again = _told_again(fields, row, is_partial=is_partial)
        retell_product(actor=self.actor, product=row.code, told=again, at=now_at())


def product_of(actor: Actor, id: int) -> Row:
    """The product that a path names.

    Raises:
        NotFound: there is none.
    """
    return found(products(actor=actor, asked=Asked(ids=[id])))


def told(actor: Actor, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Products, as the wire has them."""
    names = names_of(actor, [row.further for row in rows])
    return [ProductSerializer.answer(translate.from_product(row, names, actor.tenant_id), row.further) for row in rows]


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


def _told_again(fields: dict[str, Any], row: Row, *, is_partial: bool) -> ProductToldAgain:
    try:
        named = translate.named_groups(fields.get("usage_groups") or (), row.usage_groups)
    except KeyError as unknown:
        raise ValidationError({"usage_groups": [f'Invalid pk "{unknown}" - object does not exist.']}) from None
    groups = [translate.to_usage_group(group, code) for code, group in named]
    return ProductToldAgain(
        head=translate.to_head(fields, row, is_partial=is_partial),
        further=taken(fields, row.further if is_partial else {}, translate.OURS),
        groups=groups if fields.get("usage_groups") is not None else None,
        beside=translate.beside_of_groups(named),
        is_whole=not is_partial,
    )
