"""Few routes are tried for a path, and the one that is found is that of all of them, in their order."""

from __future__ import annotations

import re
from importlib import import_module

import pytest
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.exceptions import Resolver404
from django.urls.resolvers import RegexPattern

NOWHERE = [
    "", "rr", "rr/api/v1/contracts/x", "rr/api/v1/contracts/1x/usage", "rr/api/v1/contracts/1/nothing", "api/v1/nothing",
    "rr/api/v1/contracts/1234567890123456789/usage", "rr/api/v1/contracts/1/usage//", "healthz/x", "RR/api/v1/contracts",
    "rr/api/v1/contracts/1\n", "rr/api/v1/contracts/\u0661",
]  # fmt: skip
ODD = [
    "v1/",
    "v1/7",
    "v1/usage/3/status",
    "v1/usage/accounts/3",
    "v1/object/usage/12",
    "v1/a/b",
    "api/v1/contracts/1/2",
]


def routes(of: str) -> list[URLPattern]:
    return list(import_module(f"ratable_server.api.{of}.routes").urlpatterns)


def examples(pattern: URLPattern) -> list[str]:
    """Paths of a route: its parameters are numbers, months and words."""
    route = str(pattern.pattern)
    if not hasattr(pattern.pattern, "_route"):
        return ODD
    return [re.sub(r"<[^>]*>", each, route) for each in ("7", "007", "2026-03", "a-word", "12/with")]


def view_of(resolver: URLResolver, path: str) -> tuple[object, object] | None:
    try:
        found = resolver.resolve(path)
    except Resolver404:
        return None
    return found.func, found.kwargs


@pytest.fixture
def tried_all() -> URLResolver:
    """Every route after the other, as Django does it."""
    return URLResolver(RegexPattern("^/"), [*routes("native"), *routes("zuora"), *routes("campfire")])


@pytest.mark.parametrize("api", ["native", "zuora", "campfire"])
def test_each_path_has_the_view_that_it_has_where_all_routes_are_tried(tried_all: URLResolver, api: str):
    served = get_resolver("ratable_server.config.urls")
    paths = [path for pattern in routes(api) for path in examples(pattern)]
    found = {path: view_of(served, f"/{path}") for path in paths}
    assert found == {path: view_of(tried_all, f"/{path}") for path in paths}
    assert {each.callback for each in routes(api)} <= {view for view, _ in filter(None, found.values())}


@pytest.mark.parametrize("path", NOWHERE, ids=range(len(NOWHERE)))
def test_a_path_without_a_route_has_none(path: str):
    assert view_of(get_resolver("ratable_server.config.urls"), f"/{path}") is None


@pytest.mark.parametrize("api", ["native", "zuora", "campfire"])
def test_no_route_has_a_slash_at_its_end(api: str):
    assert not [each for each in routes(api) if str(each.pattern).endswith(("/", "/$"))]
