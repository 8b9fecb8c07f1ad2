"""What every answer below `/v1` and `/oauth` says of itself: its id, the caller's own id, its compression.

A middleware, since answers that no view gives have these headers too: refused hosts, faults of ours.
"""

from __future__ import annotations

import gzip
import re
import secrets
import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import patch_vary_headers

from ratable_server.api.request_ids import name_request, request_id_of

REQUEST_ID = "Zuora-Request-Id"
TRACK_ID = "Zuora-Track-Id"
MOST_PLAIN_BYTES = 1_000
COMPRESSED_TYPES = {"application/json", "application/xml", "text/html", "text/csv", "text/plain"}

_OURS = re.compile(r"/(v1|oauth)(/.*)?")
_TRACK_ID = re.compile(r"[ -~]{1,64}")  # US-ASCII that can be printed
_NOT_IN_TRACK_IDS = set(":;\"'")
_NO_GZIP = re.compile(r"gzip\s*;\s*q=0(\.0*)?", re.IGNORECASE)


def is_sound_track_id(text: str) -> bool:
    """May a caller's own id be told back?"""
    return bool(_TRACK_ID.fullmatch(text)) and not _NOT_IN_TRACK_IDS & set(text)


def tell_zuora_headers(answer: Callable[[HttpRequest], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware: it stands around everything that can answer."""

    def telling(request: HttpRequest) -> HttpResponseBase:
        if not _OURS.fullmatch(request.path_info):
            return answer(request)
        name_request(request, str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)))
        response = answer(request)
        response[REQUEST_ID] = request_id_of(request)
        track_id = request.headers.get(TRACK_ID, "")
        if is_sound_track_id(track_id):
            response[TRACK_ID] = track_id
        _compress(request, response)
        return response

    return telling


def _compress(request: HttpRequest, response: HttpResponseBase) -> None:
    """A large answer is compressed for who asks for it; a stream is left as it is."""
    if not isinstance(response, HttpResponse) or response.has_header("Content-Encoding"):
        return
    media = response.headers.get("Content-Type", "").split(";")[0].strip().lower()
    if len(response.content) <= MOST_PLAIN_BYTES or media not in COMPRESSED_TYPES:
        return
    patch_vary_headers(response, ["Accept-Encoding"])
    if _takes_gzip(request):
        response.content = gzip.compress(response.content, compresslevel=6, mtime=0)
        response["Content-Encoding"] = "gzip"
        if response.has_header("Content-Length"):
            response["Content-Length"] = str(len(response.content))


def _takes_gzip(request: HttpRequest) -> bool:
    accepted = [each.strip() for each in request.headers.get("Accept-Encoding", "").split(",")]
    return any(
        each.split(";")[0].strip().lower() in {"gzip", "x-gzip"} and not _NO_GZIP.fullmatch(each) for each in accepted
    )
