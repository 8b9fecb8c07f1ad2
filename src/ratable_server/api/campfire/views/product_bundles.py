"""`/rr/api/v1/product-bundles`: products sold for one price."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.campfire.schemas.products import LEAST_SHARE, ProductBundleSerializer, RetoldBundleSerializer
from ratable_server.api.campfire.translate import product_bundles as translate
from ratable_server.api.campfire.translate.words import taken
from ratable_server.api.campfire.views.asking import found, listing
from ratable_server.api.campfire.views.documented import PAGES, SYNC, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.naming import created
from ratable_server.api.campfire.views.view import CampfireView
from ratable_server.clock import now_at
from ratable_server.operations.catalog import create_product_bundle
from ratable_server.operations.catalog_changes import delete_product_bundle, modify_product_bundle
from ratable_server.queries.catalog import ProductBundle as Row
from ratable_server.queries.catalog import product_bundles, products
from ratable_server.queries.listing import Asked


class ProductBundles(CampfireView):
    """All bundles."""

    operation_ids = {"GET": "list_product_bundles", "POST": "create_product_bundle"}

    @gives(page_of(ProductBundleSerializer), parameters=[*PAGES, *SYNC])
    def get(self, request: Request) -> Response:
        """Bundles by pages, in the order in which they were told."""
        return listing(request, lambda asked: product_bundles(actor=self.actor, asked=asked), _told)

    @posts(ProductBundleSerializer, ProductBundleSerializer)
    def post(self, _request: Request) -> Response:
        """Add a bundle; its percentages sum to 100."""
        fields = self.read(ProductBundleSerializer)
        codes = _codes(self.actor, fields)
        code = created(
            "bundle",
            None,
            lambda code: create_product_bundle(
                actor=self.actor,
                bundle=translate.to_bundle(fields, code, codes),
                name=fields["bundle_name"],
                further=_further(fields, {}),
                at=now_at(),
            ),
        )
        return Response(_told(product_bundles(actor=self.actor, asked=Asked(codes=[code])).rows)[0], status=201)


class ProductBundle(CampfireView):
    """One bundle."""

    @gives(ProductBundleSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A bundle by its id."""
        return Response(_told([self._row(id)])[0])

    @takes(ProductBundleSerializer, ProductBundleSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a bundle whole again; what was agreed under it keeps the split that it had."""
        return self._change(id, is_partial=False)

    @takes(ProductBundleSerializer, ProductBundleSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of a bundle; lines that are told are all there are."""
        return self._change(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take a bundle that no contract names out of the catalogue."""
        delete_product_bundle(actor=self.actor, bundle=self._row(id).code, at=now_at())
        return Response(status=204)

    def _row(self, id: int) -> Row:
        return found(product_bundles(actor=self.actor, asked=Asked(ids=[id])))

    def _change(self, id: int, *, is_partial: bool) -> Response:
        self.alone("product_bundle", id, lambda: self._say(id, is_partial=is_partial))
        return Response(_told([self._row(id)])[0])

    def _say(self, id: int, *, is_partial: bool) -> None:
        row = self._row(id)
        fields = self.read(RetoldBundleSerializer, is_partial=is_partial)
        _refuse_less(fields.get("lines") or (), row)
        said = fields if "lines" in fields else {**fields, "lines": _told([row])[0]["lines"]}
        modify_product_bundle(
            actor=self.actor,
            bundle=translate.to_bundle(said, row.code, _codes(self.actor, said), was=row),
            name=fields.get("bundle_name"),
            further=_further(said, row.further if is_partial else {}),
            at=now_at(),
        )


def _further(fields: dict[str, Any], was: dict[str, Any]) -> dict[str, Any]:
    return {**taken(fields, was, translate.OURS), translate.COMPONENTS: translate.components_of(fields)}


def _refuse_less(lines: Sequence[Mapping[str, Any]], was: Row) -> None:
    """Go on, unless a share is below the least one that is published, and the product has not had just that.

    Raises:
        ValidationError: told by its line.
    """
    there = {(line.product_id, share) for line, share in zip(was.lines, translate.shares_told(was), strict=True)}
    wrong = {"percentage_allocation": [f"Ensure this value is greater than or equal to {LEAST_SHARE}."]}
    less: dict[str, Any] = {
        str(place): wrong
        for place, line in enumerate(lines)
        if line["percentage_allocation"] < LEAST_SHARE and (line["product"], line["percentage_allocation"]) not in there
    }
    if less:
        raise ValidationError({"lines": less})


def _codes(actor: Actor, fields: dict[str, Any]) -> dict[int, str]:
    """Our ids of the products that a body names.

    Raises:
        ValidationError: one is not there, or there is no line.
    """
    ids = sorted({line["product"] for line in fields["lines"]})
    if not ids:
        raise ValidationError({"lines": ["This list may not be empty."]})
    codes = {row.id: row.code for row in products(actor=actor, asked=Asked(ids=ids, limit=len(ids))).rows}
    unknown = [each for each in ids if each not in codes]
    if unknown:
        raise ValidationError({"lines": [f'Invalid pk "{each}" - object does not exist.' for each in unknown]})
    return codes


def _told(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [ProductBundleSerializer.answer(translate.from_bundle(row), row.further) for row in rows]
