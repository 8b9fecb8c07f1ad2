"""What a list is asked for: a page of it, what has changed since a moment, what was deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, TypeVar

from django.http import HttpResponse
from django.utils.dateparse import parse_datetime
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.campfire.views.flags import flag_of
from ratable_server.api.paging import Written, page, page_as_text
from ratable_server.queries.listing import Asked, Found

T = TypeVar("T")


def listing(
    request: Request, ask: Callable[[Asked], Found[Any]], told: Callable[[Sequence[Any]], list[Any]]
) -> Response:
    """The page of a list: `ask` is the query, `told` tells its records, all at once."""
    limits = limits_of(request)
    return Response(page(request, lambda limit, offset: ask(replace(limits, limit=limit, offset=offset)), told))


def listing_as_text(request: Request, ask: Callable[[int, int], Written | None]) -> HttpResponse | None:
    """The page of a list whose rows are JSON already: `ask(limit, offset)` is the query; None: it tells nothing."""
    text = page_as_text(request, ask)
    return None if text is None else HttpResponse(text.encode(), content_type="application/json")


def limits_of(request: Request) -> Asked:
    """What a list is limited to, beside its page."""
    return Asked(
        modified_from=_moment(request, "last_modified_at__gte"),
        modified_through=_moment(request, "last_modified_at__lte"),
        is_deleted=flag_of(request, "include_deleted"),
    )


def found(rows: Found[T]) -> T:
    """The one row that was asked for by its id.

    Raises:
        NotFound: it is not there, was deleted, or is another tenant's; nobody can tell which.
    """
    if rows.first is None:
        raise NotFound
    return rows.first


def _moment(request: Request, name: str) -> datetime | None:
    """A moment; one without offset is in UTC. A plus sign that came as a space is one."""
    said = request.query_params.get(name)
    if not said:
        return None
    try:
        moment = parse_datetime(said.replace(" ", "+") if said.count(":") > 1 and "T" in said else said)
    except ValueError:
        moment = None
    if moment is None:
        raise ValidationError({name: ["Enter a valid date/time."]})
    try:
        return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    except OverflowError as error:  # in the first or the last year that there is
        raise ValidationError({name: ["Enter a valid date/time."]}) from error
