"""`/coa/api/entity`: the companies of the tenant, and through which day their books are closed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable.currencies import CURRENCIES
from ratable_server.api.campfire.schemas.entities import ChartEntitySerializer
from ratable_server.api.campfire.translate import entities as translate
from ratable_server.api.campfire.translate.words import Names
from ratable_server.api.campfire.views.asking import limits_of
from ratable_server.api.campfire.views.documented import deletes, gives, posts, takes
from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.campfire.views.registered import INACTIVE, RegisterView
from ratable_server.clock import now_at
from ratable_server.operations.closing_dates import move_close_date
from ratable_server.queries.listing import EVERYTHING
from ratable_server.queries.register import Entry, ancestors, closed_through, register

_ADJUSTING = OpenApiParameter("exclude_adjusting", OpenApiTypes.BOOL, description="There are no adjusting entities.")


class _OfEntities(RegisterView):
    kind = "entity"
    schema_of = ChartEntitySerializer
    links = {"parent": "entity", "primary_entity": "entity", "elimination_entity": "entity"}
    unused = {"active": False}

    @override
    def ours(self, entries: Sequence[Entry], names: Names) -> list[dict[str, Any]]:
        above = ancestors(actor=self.actor, kind=self.kind)
        closed_on = closed_through(actor=self.actor)
        return [translate.from_entity(entry, names, ancestors=above, closed_on=closed_on) for entry in entries]

    @override
    def judged(self, fields: dict[str, Any], row: Entry | None) -> dict[str, Any]:
        """Close dates are no fields of an entity: what they ask for is done to the books."""
        judged = super().judged(fields, row)
        if judged.get("currency", "USD") not in CURRENCIES:
            raise ValidationError({"currency": ["Not a currency of ISO 4217."]})
        dates = translate.close_dates(judged)
        if len(dates) > 1:
            raise ValidationError({"subledger_close_date": ["The ledger and its subledger are closed at once."]})
        if row is None and dates - {closed_through(actor=self.actor)}:
            raise ValidationError({"close_books_date": ["An entity is added first; then its books are closed."]})
        return translate.without_close_dates(judged)

    @override
    def keep(self, row: Entry, fields: Mapping[str, Any], *, is_partial: bool) -> None:
        """The entity and the books: both, or neither."""
        self.judged(dict(fields), row)

        def keep() -> None:
            super(_OfEntities, self).keep(row, fields, is_partial=is_partial)

        dates = translate.close_dates(fields)
        for through_on in dates:
            move_close_date(actor=self.actor, through_on=through_on, beside=keep, at=now_at())
        if not dates:
            keep()


class Entities(_OfEntities):
    """All entities, in no pages."""

    @gives(ChartEntitySerializer(many=True), parameters=[_ADJUSTING, INACTIVE])
    def get(self, request: Request) -> Response:
        """Entities, in the order in which they were told."""
        flag_of(request, "exclude_adjusting")  # changes nothing, and is read all the same
        asked = replace(limits_of(request), limit=EVERYTHING.limit)
        found = register(actor=self.actor, kind=self.kind, asked=asked, only=self.only(request))
        return Response(self.told(found.rows))

    @posts(ChartEntitySerializer, ChartEntitySerializer)
    def post(self, _request: Request) -> Response:
        """Add an entity; its books are those of the tenant."""
        return self.created()


class Entity(_OfEntities):
    """One entity."""

    is_one_transaction = False  # a month is computed before it is closed

    @gives(ChartEntitySerializer)
    def get(self, _request: Request, id: int) -> Response:
        """An entity by its id."""
        return Response(self.told([self.row(id)])[0])

    @takes(ChartEntitySerializer, ChartEntitySerializer)
    def put(self, _request: Request, id: int) -> Response:
        """Say an entity whole again; a close date closes the next month of the books, or reopens the last one."""
        return self.changed(id, is_partial=False)

    @takes(ChartEntitySerializer, ChartEntitySerializer)
    def patch(self, _request: Request, id: int) -> Response:
        """Change some of an entity; a close date closes the next month of the books, or reopens the last one."""
        return self.changed(id, is_partial=True)

    @deletes()
    def delete(self, _request: Request, id: int) -> Response:
        """Take an entity away that nothing names."""
        return self.removed(id)
