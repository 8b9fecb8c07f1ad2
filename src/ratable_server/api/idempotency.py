"""The header `Idempotency-Key`: a POST that is sent again gets the answer that it got before.

Owns how two requests are known to be the same: method, path with its query, and what the body says. The body of a form
in parts is told by its fields and the hashes of its files, since its boundary is another each time. Of the headers of an
answer those that a view has set for its content are kept; those of each answer by itself (ids, limits) are of now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial, wraps
from typing import Any

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.json_text import json_text
from ratable_server.clock import now_at
from ratable_server.operations.idempotency import KEPT_FOR, Answer, Declined, KeyedRequest, answer_once

HEADER = "Idempotency-Key"
REPLAYED = "Idempotent-Replayed"
View = Callable[..., Response]

_KEPT_HEADERS = ("Location", "Preference-Applied")


def _answer_of_work(_view: Any, work: Callable[[], Response]) -> Answer:
    return answer_of(work())


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How an API remembers: under keys of its own space, by which operation, how a view's work becomes an answer, how long.

    Where it does not say so, what is refused is not remembered, and its key can be used again.
    """

    space: str
    once: Callable[..., Answer] = answer_once
    answer: Callable[[Any, Callable[[], Response]], Answer] = _answer_of_work
    kept_for: timedelta = KEPT_FOR


def answered_by(keeping: Keeping, method: View) -> Callable[..., Response | HttpResponse]:
    """A view's method that works once per key, remembered as an API has it."""

    @wraps(method)
    def working(view: Any, request: Request, *args: Any, **kwargs: Any) -> Response | HttpResponse:
        key = request.headers.get(HEADER)
        if key is None:
            return method(view, request, *args, **kwargs)
        keyed = _keyed(keeping, request, key)
        once = partial(keeping.once, actor=view.actor, request=keyed, at=now_at())
        answer = partial(keeping.answer, view, partial(method, view, request, *args, **kwargs))
        given = once(answer=answer) if view.is_one_transaction else _remembered_afterwards(once, answer)
        response = HttpResponse(given.body, status=given.status, content_type="application/json", headers=given.headers)
        if given.is_replayed:
            response[REPLAYED] = "true"
        return response

    return working


def answer_of(response: Response) -> Answer:
    """What is remembered of an answer."""
    headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
    body = "" if response.data is None else json_text(response.data)
    return Answer(status=response.status_code, body=body, headers=headers)


def _keyed(keeping: Keeping, request: Request, key: str) -> KeyedRequest:
    return KeyedRequest(
        key=key,
        route=f"{request.method} {request.path}",
        body_sha256=_hash_of(request),
        space=keeping.space,
        kept_for=keeping.kept_for,
    )


class _UnansweredError(Exception):
    """Nothing is remembered under the key."""


def _remembered_afterwards(once: Callable[..., Answer], answer: Callable[[], Answer]) -> Answer:
    """For work that takes several transactions: its answer is remembered once it is done.

    What such work does twice has one effect by itself: usage has ids, a month is closed once.
    """

    def nothing() -> Answer:
        raise _UnansweredError

    try:
        return once(answer=nothing)
    except _UnansweredError:
        given = _given(answer)
        return replace(once(answer=lambda: given), is_replayed=False)


def _given(answer: Callable[[], Answer]) -> Answer:
    """What was answered, also where it is a refusal that an API remembers."""
    try:
        return answer()
    except Declined as declined:
        return declined.answer


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
