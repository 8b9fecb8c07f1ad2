"""What the document says of an operation: its parameters, its body, its answer, and every way in which it can be refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

from ratable_server.api.native.problems import MEDIA_TYPE
from ratable_server.api.native.schemas.fields import NativeSchema
from ratable_server.api.native.schemas.problems import ProblemSerializer

F = TypeVar("F", bound=Callable[..., Any])
Responses = dict[Any, Any]

_MEANS: dict[int, str] = {
    400: "The request cannot be done: `errors` tells each field, parameter or row that breaks a rule",
    401: "No token, or one that is not valid",
    403: "The role does not allow it",
    404: "Nothing is called so",
    406: "The request does not accept JSON",
    409: "The books, as they are now, do not allow it",
    413: "The body is too large",
    415: "The body is of a type that is not read here",
    422: "The Idempotency-Key was used with another request",
    429: "Too many requests in this minute; `Retry-After` says when the next one begins",
    503: "The database cannot answer now; `Retry-After` says when to ask again",
}
_OF_READS = (400, 401, 403, 404, 406, 409, 429, 503)
_OF_WRITES = (*_OF_READS, 413, 415)
KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same request again within 7 days has one effect.",
)


def gives(
    answer: Any, *, asks: type[NativeSchema] | None = None, files: Iterable[str] = (), **options: Any
) -> Callable[[F], F]:
    """A method that reads: what it answers, with which parameters it is asked, and as which files it answers too."""
    as_files = {(200, media): OpenApiTypes.BINARY for media in files}
    return _told({(200, "application/json"): answer, **as_files, **_refusals(_OF_READS)}, asks, request=None, **options)


def gives_file(*media: str, asks: type[NativeSchema] | None = None, **options: Any) -> Callable[[F], F]:
    """A method that answers with a file."""
    as_files = {(200, each): OpenApiTypes.BINARY for each in media}
    return _told({**as_files, **_refusals(_OF_READS)}, asks, request=None, **options)


def posts(
    body: Any, answer: Any, *, status: int = 201, asks: type[NativeSchema] | None = None, **options: Any
) -> Callable[[F], F]:
    """A POST: what it takes and answers; `answer` can be a table of statuses."""
    answers = answer if isinstance(answer, dict) else {status: answer}
    parameters = [*options.pop("parameters", []), KEY]
    told = {**answers, **_refusals((*_OF_WRITES, 422))}
    return _told(told, asks, request=body, parameters=parameters, **options)


def takes(body: Any, answer: Any, *, asks: type[NativeSchema] | None = None, **options: Any) -> Callable[[F], F]:
    """A PUT or PATCH: what it takes and answers."""
    return _told({200: answer, **_refusals(_OF_WRITES)}, asks, request=body, **options)


def deletes(**options: Any) -> Callable[[F], F]:
    """A method that removes."""
    told = {204: OpenApiResponse(description="It is gone"), **_refusals(_OF_READS)}
    return _told(told, None, request=None, **options)


@cache
def list_of(schema: type[serializers.Serializer[Any]]) -> Any:
    """All rows of a list that is short."""
    return inline_serializer(f"{_name(schema)}List", {"results": schema(many=True)})


@cache
def page_of(schema: type[serializers.Serializer[Any]]) -> Any:
    """A page of a list: `next`, given as `after`, asks for the page that follows; null: there is none."""
    return inline_serializer(
        f"{_name(schema)}Page", {"results": schema(many=True), "next": serializers.CharField(allow_null=True)}
    )


def _told(
    responses: Responses, asks: type[NativeSchema] | None, *, parameters: list[Any] | None = None, **options: Any
) -> Callable[[F], F]:
    every = [*([asks] if asks else []), *(parameters or [])]
    extend: Callable[[F], F] = extend_schema(responses=responses, parameters=every, tags=["Ratable"], **options)

    def telling(method: F) -> F:
        method.asks = asks or NativeSchema  # type: ignore[attr-defined]
        return extend(method)

    return telling


def _refusals(statuses: tuple[int, ...]) -> Responses:
    return {(status, MEDIA_TYPE): OpenApiResponse(ProblemSerializer, _MEANS[status]) for status in statuses}


def _name(schema: type[serializers.Serializer[Any]]) -> str:
    return schema.__name__.removesuffix("Serializer")
