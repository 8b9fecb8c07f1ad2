"""Which routes a path is tried against: those with its plain words, and not one after the other.

A path is known by its words, with `#` for each number in it. Routes whose parts are other than words and whole numbers are
tried for every path, in their place among the others.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from django.urls import URLPattern, URLResolver
from django.urls.exceptions import Resolver404
from django.urls.resolvers import RegexPattern, ResolverMatch, RoutePattern
from typing_extensions import override

from ratable_server.api.views import WholeId

_NUMBER = re.compile(r"(?<=/)[0-9]+(?=/|$)")
_PARAMETER = re.compile(r"<(?:[a-z]+:)?([a-z_]+)>")


class FewTried(URLResolver):
    """Routes, few of which are tried for a path: the same one is found as if all were, in their order."""

    @override
    def resolve(self, path: Any) -> ResolverMatch:
        """The view of a path.

        Raises:
            Resolver404: it has none.
        """
        match = self.pattern.match(str(path))
        if match is not None:
            rest = match[0]
            for pattern in self._by_shape.get(_NUMBER.sub("#", rest), self._shapeless):
                try:
                    found = pattern.resolve(rest)
                except Resolver404:
                    continue
                if found:
                    return found
        raise Resolver404({"path": path, "tried": []})

    @cached_property
    def _by_shape(self) -> dict[str, list[URLPattern | URLResolver]]:
        """For each shape of a path the routes that may be meant, in their order."""
        shapes = [(_shape(pattern), pattern) for pattern in self.url_patterns]
        return {
            wanted: [pattern for shape, pattern in shapes if shape in {wanted, None}]
            for wanted in {shape for shape, _ in shapes if shape is not None}
        }

    @cached_property
    def _shapeless(self) -> list[URLPattern | URLResolver]:
        return [pattern for pattern in self.url_patterns if _shape(pattern) is None]


def routes_below(start: str, routes: str | Sequence[URLPattern | URLResolver]) -> FewTried:
    """Routes for paths that match a pattern from their beginning; the routes have the whole of their paths."""
    return FewTried(RegexPattern(f"^{start}"), routes)


def _shape(pattern: URLPattern | URLResolver) -> str | None:
    """The words of a route's path and `#` for its numbers; None: it has other parts, or is a beginning of others."""
    route = pattern.pattern
    if isinstance(pattern, URLResolver) or not isinstance(route, RoutePattern):
        return None
    if not all(isinstance(each, WholeId) for each in route.converters.values()):
        return None
    return _NUMBER.sub("#", _PARAMETER.sub("0", str(route)))
