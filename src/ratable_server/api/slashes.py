"""Both spellings of a route, with and without the slash at its end, lead to the same view.

Published routes are not of one mind, and a redirect would lose the body of a POST: nothing is redirected. No route of ours
has a slash at its end, so that only a path with one can have another spelling.
"""

from __future__ import annotations

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.urls import is_valid_path


def take_either_slash(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: a path with a slash at its end, and no route, is taken for the one without, if that has one."""

    def taking(request: HttpRequest) -> HttpResponseBase:
        asked = request.path_info
        if asked.endswith("/") and not is_valid_path(asked) and is_valid_path(asked[:-1]):
            request.path_info = asked[:-1]
        return answer(request)

    return taking
