"""Both spellings of a route, with and without the slash at its end, lead to the same view.

Published routes are not of one mind, and a redirect would lose the body of a POST: nothing is redirected.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import is_valid_path


def take_either_slash(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: a path without a route is taken for its other spelling, if that has one."""

    def taking(request: HttpRequest) -> HttpResponseBase:
        asked = request.path_info
        other = asked.removesuffix("/") if asked.endswith("/") else f"{asked}/"
        if not is_valid_path(asked) and is_valid_path(other):
            request.path_info = other
        return answer(request)

    return taking
