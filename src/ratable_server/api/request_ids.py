"""Each request has an id: the caller's, or one that is drawn; it is in the answer, the log and the audit."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponseBase

HEADER = "X-Request-Id"
_SOUND = re.compile(r"[A-Za-z0-9._:/-]{1,100}")
_IN_META = "HTTP_X_REQUEST_ID"
_ATTRIBUTE = "ratable_request_id"


def request_id_of(request: Any) -> str:
    """The id of a request."""
    asked: HttpRequest = getattr(request, "_request", request)
    found: str | None = getattr(asked, _ATTRIBUTE, None)
    if found is None:
        named = asked.META.get(_IN_META, "")
        found = named if _SOUND.fullmatch(named) else f"api-{secrets.token_hex(8)}"
        setattr(asked, _ATTRIBUTE, found)
    return found


def name_request(request: HttpRequest, request_id: str) -> None:
    """Give a request an id of ours, whatever its caller called it."""
    setattr(request, _ATTRIBUTE, request_id)


def tell_request_id(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: the id goes into every answer, and no answer is kept by anybody in between."""

    def telling(request: HttpRequest) -> HttpResponseBase:
        request_id_of(request)
        response = answer(request)
        response[HEADER] = request_id_of(request)
        response.setdefault("Cache-Control", "no-store")
        return response

    return telling
