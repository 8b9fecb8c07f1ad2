"""Pages of lists: limit and offset, with the addresses of the pages before and after.

Owns the words and the cap. A query is asked for a stretch of a list and says how long the whole is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

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
        """The same request for another page, in one pass over its address; the first page needs no offset."""
        address = urlsplit(self._asked.build_absolute_uri())
        said = parse_qs(address.query, keep_blank_values=True) | {self.limit_query_param: [str(self.limit)]}
        said.pop(self.offset_query_param, None)
        if offset > 0:
            said[self.offset_query_param] = [str(offset)]
        return urlunsplit(address._replace(query=urlencode(sorted(said.items()), doseq=True)))


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
