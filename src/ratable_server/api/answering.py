"""What goes wrong, told as JSON: never a page, never a stack trace.

Owns the answers that no dialect owns: bad weather, unknown routes, faults of ours. A fault is logged with its request
id, and the caller is told that id and nothing else.
"""

from __future__ import annotations

import logging
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig, TooManyFieldsSent
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.utils.module_loading import import_string
from rest_framework.exceptions import ParseError
from rest_framework.response import Response
from rest_framework.views import exception_handler

from ratable_server.api.json_text import json_text
from ratable_server.api.parsers import BodyTooLargeError
from ratable_server.api.request_ids import request_id_of
from ratable_server.errors import Refused, Unavailable

RETRY_AFTER_SECONDS = "2"
_log = logging.getLogger("ratable_server.api")


def answer_exception(error: Exception, context: dict[str, Any]) -> Response | None:
    """The answer to an exception of a view; None for a fault of ours, which goes on as such."""
    match error:
        case Refused():
            told: Response = context["view"].answer_refused(error)
            return told
        case Unavailable():
            return _unavailable(error.code, error.detail)
        case OperationalError() | InterfaceError():
            _log.warning("request %s: %s", request_id_of(context["request"]), error)
            return _unavailable("db_unavailable", "the database cannot answer now")
        case RequestDataTooBig():
            return exception_handler(BodyTooLargeError(), context)
        case TooManyFieldsSent():
            return exception_handler(ParseError("Parse error - too many fields"), context)
    return exception_handler(error, context)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
    """No such route."""
    return _bare(request, 404, {"detail": "Not found."})


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
    """A request that Django refuses before any view: its host, its length."""
    return _bare(request, 400, {"detail": "Bad request."})


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:  # noqa: ARG001 - Django's
    """A request that Django refuses to carry out."""
    return _bare(request, 403, {"detail": "You do not have permission to perform this action."})


def server_error(request: HttpRequest) -> HttpResponse:
    """A fault of ours, which is logged with the way that led to it."""
    request_id = request_id_of(request)
    _log.error("request %s ended with a fault", request_id, exc_info=True)
    return _bare(request, 500, {"detail": "A server error occurred.", "request_id": request_id})


def unavailable(code: str, detail: str) -> HttpResponse:
    """The same as for a view, where there is none."""
    return _json(503, {"detail": detail, "code": code}, {"Retry-After": RETRY_AFTER_SECONDS})


def _unavailable(code: str, detail: str) -> Response:
    return Response({"detail": detail, "code": code}, status=503, headers={"Retry-After": RETRY_AFTER_SECONDS})


def _bare(request: HttpRequest, status: int, body: dict[str, str]) -> HttpResponse:
    """What no view answers, in the words of the API below whose address it was asked; the settings name them."""
    for start, path in settings.API_ANSWERS.items():
        if request.path.startswith(start):
            answer: HttpResponse = import_string(path)(request, status, body["detail"])
            return answer
    return _json(status, body)


def _json(status: int, body: dict[str, str], headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(json_text(body), status=status, content_type="application/json", headers=headers)
