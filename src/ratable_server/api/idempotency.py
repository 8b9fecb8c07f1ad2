"""The header `Idempotency-Key`: a POST that is sent again gets the answer that it got before.

Owns how two requests are known to be the same: method, path with its query, and what the body says. The body of a form
in parts is told by its fields and the hashes of its files, since its boundary is another each time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.json_text import json_text
from ratable_server.clock import now_at
from ratable_server.operations.idempotency import Answer, KeyedRequest, answer_once

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
View = Callable[..., Response]


def answered_once(post: View) -> Callable[..., Response | HttpResponse]:
    """A view's `post` that works once per key; what is refused is not remembered, and its key can be used again."""

    @wraps(post)
    def posting(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response | HttpResponse:
        key = request.headers.get(HEADER)
        if key is None:
            return post(view, request, *args, **kwargs)
        keyed = KeyedRequest(key=key, route=f"{request.method} {request.path}", body_sha256=_hash_of(request))
        once = _once if view.is_one_transaction else _remembered_afterwards
        given = once(view.actor, keyed, lambda: _answer(post(view, request, *args, **kwargs)))
        response = HttpResponse(given.body, status=given.status, content_type="application/json")
        if given.is_replayed:
            response[REPLAYED] = "true"
        return response

    return posting


class _UnansweredError(Exception):
    """Nothing is remembered under the key."""


def _once(actor: Actor, keyed: KeyedRequest, answer: Callable[[], Answer]) -> Answer:
    return answer_once(actor=actor, request=keyed, answer=answer, at=now_at())


def _remembered_afterwards(actor: Actor, keyed: KeyedRequest, answer: Callable[[], Answer]) -> Answer:
    """For work that takes several transactions: its answer is remembered once it is done.

    What such work does twice has one effect by itself: usage has ids, a month is closed once.
    """

    def nothing() -> Answer:
        raise _UnansweredError

    try:
        return _once(actor, keyed, nothing)
    except _UnansweredError:
        given = answer()
        return replace(_once(actor, keyed, lambda: given), is_replayed=False)


def _answer(response: Response) -> Answer:
    return Answer(status=response.status_code, body="" if response.data is None else json_text(response.data))


def _hash_of(request: Request) -> str:
    said = {"query": request.META.get("QUERY_STRING", ""), "body": _said(request.data)}
    return hashlib.sha256(json_text(said).encode()).hexdigest()


def _said(value: Any) -> Any:
    match value:
        case UploadedFile():
            return _hash_of_file(value)
        case dict():
            return {str(name): _said(value[name]) for name in sorted(value, key=str)}
        case list():
            return [_said(each) for each in value]
    return value


def _hash_of_file(file: UploadedFile[bytes]) -> str:
    content = hashlib.sha256()
    for chunk in file.chunks():
        content.update(chunk)
    file.seek(0)
    return content.hexdigest()
