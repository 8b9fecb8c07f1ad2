"""Pages of lists: limit and offset, with the addresses of the pages before and after.

Owns the words and the cap. A query is asked for a stretch of a list and says how long the whole is. Records of a stretch
that is JSON already are told as they are.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from django.http import HttpRequest
from django.utils.encoding import escape_uri_path
from rest_framework.pagination import LimitOffsetPagination
from rest_framework.request import Request
from typing_extensions import override

MOST_AT_ONCE = 1_000
USUAL = 50
_MOST_OFFSET = 2**62

T_co = TypeVar("T_co", covariant=True)


class Stretch(Protocol[T_co]):
    """A part of a list, and the length of the whole."""

    @property
    def count(self) -> int:
        """How many there are in all."""

    @property
    def rows(self) -> Sequence[T_co]:
        """Those of this part."""


class Written(Protocol):
    """A part of a list as JSON: `text` has its records with commas between them; the length of the whole."""

    @property
    def count(self) -> int:
        """How many there are in all."""

    @property
    def text(self) -> str:
        """Those of this part."""


class _Paging(LimitOffsetPagination):
    default_limit = USUAL
    max_limit = MOST_AT_ONCE

    def __init__(self, request: Request) -> None:
        self.request = self._asked = request
        self.limit: int = self.get_limit(request) or USUAL
        self.offset: int = min(self.get_offset(request), _MOST_OFFSET)

    @override
    def get_next_link(self) -> str | None:
        after = self.offset + self.limit
        return self._page_at(after) if after < int(self.count or 0) else None

    @override
    def get_previous_link(self) -> str | None:
        return self._page_at(self.offset - self.limit) if self.offset > 0 else None

    def _page_at(self, offset: int) -> str:
        """The same request for another page; the first page needs no offset."""
        asked: HttpRequest = getattr(self._asked, "_request", self._asked)
        said = {self.limit_query_param: self.limit} | ({self.offset_query_param: offset} if offset > 0 else {})
        others = {name: values for name, values in asked.GET.lists() if name not in _WORDS}
        query = urlencode(sorted((said | others).items()), doseq=True)
        return f"{asked.scheme}://{asked.get_host()}{escape_uri_path(asked.path)}?{query}"


_WORDS = {_Paging.limit_query_param, _Paging.offset_query_param}


def page(
    request: Request, ask: Callable[[int, int], Stretch[Any]], told: Callable[[Sequence[Any]], list[Any]]
) -> dict[str, Any]:
    """The page that a request asks for: `ask(limit, offset)` is the query, `told` tells its records, all at once."""
    paging = _Paging(request)
    stretch = ask(paging.limit, paging.offset)
    paging.count = stretch.count
    return {
        "count": stretch.count,
        "next": paging.get_next_link(),
        "previous": paging.get_previous_link(),
        "results": told(stretch.rows),
    }


def page_as_text(request: Request, ask: Callable[[int, int], Written | None]) -> str | None:
    """The same as JSON, where `ask(limit, offset)` gives records as JSON; None: it tells nothing."""
    paging = _Paging(request)
    written = ask(paging.limit, paging.offset)
    if written is None:
        return None
    paging.count = written.count
    after, before = json.dumps(paging.get_next_link()), json.dumps(paging.get_previous_link())
    return f'{{"count":{written.count},"next":{after},"previous":{before},"results":[{written.text}]}}'
