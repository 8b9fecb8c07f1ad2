"""What a list of invoices or of credit memos is asked for: whose, of which days, where they stand, in which order."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.invoices import order_of
from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.campfire.views.registered import ids_of
from ratable_server.api.schemas import Day
from ratable_server.clock import now_at
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.papers import STANDINGS, PaperKind, PapersAsked
from ratable_server.queries.register import Only, register

DAYS = [
    OpenApiParameter("start_date", OpenApiTypes.DATE, description="Of this day or later."),
    OpenApiParameter("end_date", OpenApiTypes.DATE, description="Of this day or earlier."),
]
WORDS = [OpenApiParameter("q", OpenApiTypes.STR, description="A part of the number, the customer or the message.")]
SORT = OpenApiParameter("sort", OpenApiTypes.STR, description="A field, with a minus the last first.")
_DAY_OF = {"invoice": "-invoice_date", "credit_memo": "-credit_memo_date"}


def narrowed(actor: Actor, request: Request, asked: Asked, *, kind: PaperKind) -> PapersAsked:
    """The papers that a request asks for.

    Raises:
        ValidationError: a filter says what it cannot.
    """
    said = request.query_params
    if flag_of(request, "download"):
        raise ValidationError({"download": ["No files are sent from here: read the list by pages."]})
    clients = [*(ids_of(request, "client") or ()), *(ids_of(request, "parent_client") or ())]
    return PapersAsked(
        kind=kind,
        limit=asked.limit,
        offset=asked.offset,
        modified_from=asked.modified_from,
        modified_through=asked.modified_through,
        is_deleted=asked.is_deleted,
        codes=said.getlist("invoice_number") or None,
        contract_ids=ids_of(request, "contract"),
        customer_ids=clients or None,
        currencies=said.getlist("currency") or None,
        filed_from=_day(request, "start_date"),
        filed_through=_day(request, "end_date"),
        settled_from=_day(request, "paid_date_from"),
        settled_through=_day(request, "paid_date_to"),
        standings=_standings(request),
        on=now_at().date(),
        was_sent=_was_sent(request),
        text=said.get("q", ""),
        further=_further(request),
        entities=ids_of(request, "entity"),
        line_tags=_tags(actor, request),
        order=_order(said.get("sort") or _DAY_OF[kind]),
    )


def _order(said: str) -> Sequence[str]:
    order = order_of(said)
    if order is None:
        raise ValidationError({"sort": [f'"{said}" is not a valid choice.']})
    return order


def _standings(request: Request) -> list[str]:
    said = request.query_params.getlist("status")
    for word in said:
        if word not in STANDINGS:
            raise ValidationError({"status": [f'"{word}" is not a valid choice.']})
    return said


def _was_sent(request: Request) -> bool | None:
    said = request.query_params.get("sentStatus") or None
    if said not in {None, "sent", "not_sent"}:
        raise ValidationError({"sentStatus": [f'"{said}" is not a valid choice.']})
    return None if said is None else said == "sent"


def _further(request: Request) -> dict[str, Sequence[Any]]:
    numbers = request.query_params.getlist("ref_number")
    return {"ref_number": numbers} if numbers else {}


def _tags(actor: Actor, request: Request) -> list[int] | None:
    """The tags of which a line has one; None: it need not."""
    tags, groups = ids_of(request, "line_tag_id"), ids_of(request, "line_tag_group_id")
    if groups is None:
        return tags
    in_groups = register(actor=actor, kind="tag", asked=EVERYTHING, only=Only(having={"group": groups})).rows
    found = {entry.id for entry in in_groups}
    return sorted(found if tags is None else found & set(tags))


def _day(request: Request, name: str) -> date | None:
    said = request.query_params.get(name)
    if not said:
        return None
    try:
        day: date = Day().run_validation(said)
    except ValidationError as error:
        raise ValidationError({name: error.detail}) from None
    return day
