"""Lists by pages: each page says with which cursor the next one is asked, so that nothing is missed or told twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.response import Response

from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.queries.listing import Asked, Found

T = TypeVar("T")
A = TypeVar("A", bound=Asked)

_MOST_DIGITS = 18


def page(view: NativeView, asked: A, ask: Callable[[A], Found[Any]], *, told: Callable[[Any], Any]) -> Response:
    """The page of a list that is asked for: `ask` is the query, `told` tells one of its records."""
    limit = int(view.asked["limit"])
    found = ask(replace(asked, limit=limit + 1, after_id=cursor_of(view))).rows
    rows = found[:limit]
    following = str(rows[-1].id) if len(found) > limit else None
    return answer({"results": [told(row) for row in rows], "next": following})


def cursor_of(view: NativeView) -> int | None:
    """After which row a page begins; None: it is the first.

    Raises:
        ValidationError: it is no cursor of ours.
    """
    said = view.asked.get("after")
    if said is None:
        return None
    if not (said.isascii() and said.isdecimal() and len(said) <= _MOST_DIGITS):
        raise ValidationError({"after": [ErrorDetail("Not the `next` of a page.", code="invalid")]})
    return int(said)


def found(rows: Found[T]) -> T:
    """The one row that was asked for.

    Raises:
        NotFound: it is not there, or another tenant's; nobody can tell which.
    """
    if rows.first is None:
        raise NotFound
    return rows.first
