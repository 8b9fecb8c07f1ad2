"""`/coa/api/tag` and `/coa/api/tag-group`: dimensions of one's own, and their values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.campfire.schemas.tags import (
    BulkTagSearchSerializer,
    TransactionTagGroupSerializer,
    TransactionTagSerializer,
)
from ratable_server.api.campfire.translate import registered as translate
from ratable_server.api.campfire.translate.words import Names
from ratable_server.api.campfire.views.documented import PAGES, SYNC, deletes, gives, page_of, posts, takes
from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.campfire.views.registered import INACTIVE, SORT, TEXT, RegisterView, ids_of
from ratable_server.queries.register import Entry, Only

_INSTEAD = OpenApiParameter("new_tag", OpenApiTypes.INT, description="What is named from then on instead.")
_FILTERS = [
    OpenApiParameter("group", OpenApiTypes.INT, description="Of this group; can be said several times."),
    OpenApiParameter("parent", OpenApiTypes.INT, description="Below this tag; can be said several times."),
    OpenApiParameter("no_group", OpenApiTypes.BOOL, description="Of no group."),
    OpenApiParameter("exclude_tags", OpenApiTypes.STR, description="Ids, apart by commas, that are left out."),
]


class _OfTags(RegisterView):
    kind = "tag"
    schema_of = TransactionTagSerializer
    links = {"parent": "tag", "group": "tag_group"}
    unused = {"is_active": False}

    @override
    def ours(self, entries: Sequence[Entry], names: Names) -> list[dict[str, Any]]:
        return [translate.from_tag(entry, names) for entry in entries]

    @override
    def judged(self, fields: dict[str, Any], row: Entry | None) -> dict[str, Any]:
        kept = {} if row is None else {"group": row.further.get("group")}
        return {"group": None, **kept, **super().judged(fields, row)}


class Tags(_OfTags):
    """All tags."""

    @gives(page_of(TransactionTagSerializer), parameters=[*PAGES, *SYNC, *_FILTERS, TEXT, SORT, INACTIVE])
    def get(self, request: Request) -> Response:
        """Tags by pages, in the order in which they were told."""
        return self.listed(request, self._asked(request))

    @posts(TransactionTagSerializer, TransactionTagSerializer)
    def post(self, _request: Request) -> Response:
        """Add a tag; its name is the only one of its group."""
        return self.created()

    def _asked(self, request: Request) -> Only:
        having: dict[str, Sequence[Any]] = {
            name: ids for name in ("group", "parent") if (ids := ids_of(request, name)) is not None
        }
        if flag_of(request, "no_group"):
            having["group"] = [None]
        return replace(self.only(request, **having), less_ids=ids_of(request, "exclude_tags") or ())


class Tag(_OfTags):
    """One tag."""

    @gives(TransactionTagSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A tag by its id."""
        return Response(self.told([self.row(id)])[0])

    @takes(TransactionTagSerializer, TransactionTagSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a tag whole again."""
        return self.changed(id, is_partial=False)

    @takes(TransactionTagSerializer, TransactionTagSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of a tag."""
        return self.changed(id, is_partial=True)

    @deletes(parameters=[_INSTEAD])
    def delete(self, request: Request, id: int) -> Response:
        """Take a tag away that nothing has; with `new_tag` that one stands in its place."""
        return self.removed(id, instead=request.query_params.get("new_tag"))


class TagSearch(_OfTags):
    """Tags by their names."""

    @posts(BulkTagSearchSerializer, TransactionTagSerializer(many=True), status=200)
    def post(self, _request: Request) -> Response:
        """Every tag that has one of these names; with `upsert` those that are missing are made, of no group."""
        fields = self.read(BulkTagSearchSerializer)
        return self.searched([{"name": each["name"]} for each in fields["tags"]], adds=bool(fields.get("upsert")))


class _OfGroups(RegisterView):
    kind = "tag_group"
    schema_of = TransactionTagGroupSerializer

    @override
    def ours(self, entries: Sequence[Entry], names: Names) -> list[dict[str, Any]]:
        return [translate.from_tag_group(entry) for entry in entries]


class TagGroups(_OfGroups):
    """All groups of tags."""

    @gives(page_of(TransactionTagGroupSerializer), parameters=[*PAGES, *SYNC, TEXT, SORT])
    def get(self, request: Request) -> Response:
        """Groups by pages, in the order in which they were told."""
        return self.listed(request)

    @posts(TransactionTagGroupSerializer, TransactionTagGroupSerializer)
    def post(self, _request: Request) -> Response:
        """Add a group; it is the only one of its name."""
        return self.created()


class TagGroup(_OfGroups):
    """One group of tags."""

    @gives(TransactionTagGroupSerializer)
    def get(self, _request: Request, id: int) -> Response:
        """A group by its id."""
        return Response(self.told([self.row(id)])[0])

    @takes(TransactionTagGroupSerializer, TransactionTagGroupSerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say a group whole again."""
        return self.changed(id, is_partial=False)

    @takes(TransactionTagGroupSerializer, TransactionTagGroupSerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of a group."""
        return self.changed(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take a group away that has no tags."""
        return self.removed(id)
