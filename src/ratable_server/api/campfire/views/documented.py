"""What the served document says of an operation: its body, its answer, and every way in which it can be refused."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers

F = TypeVar("F", bound=Callable[..., Any])
Shown = type[serializers.BaseSerializer[Any]] | serializers.BaseSerializer[Any] | None

DETAIL = inline_serializer("Detail", {"detail": serializers.CharField(), "code": serializers.CharField(required=False)})
_ERROR = inline_serializer(
    "ErrorResponse", {"error": serializers.CharField(), "code": serializers.CharField(required=False)}
)
_INVALID: dict[str, Any] = {
    "type": "object",
    "description": "Field names with their messages, or `error` or `detail` with one.",
    "additionalProperties": {},
}
_OF_EVERY: dict[int, Any] = {
    401: OpenApiResponse(DETAIL, "No token, or one that is not valid"),
    403: OpenApiResponse(DETAIL, "The role does not allow it"),
    404: OpenApiResponse(DETAIL, "Nothing of this id"),
    429: OpenApiResponse(DETAIL, "Too many requests in this minute; `Retry-After` says when the next one begins"),
    503: OpenApiResponse(DETAIL, "The database cannot answer now; `Retry-After` says when to ask again"),
}
_OF_WRITES: dict[int, Any] = {
    400: OpenApiResponse(_INVALID, "The request cannot be done"),
    413: OpenApiResponse(DETAIL, "The body is too large"),
    415: OpenApiResponse(DETAIL, "The body is neither JSON nor a form"),
}
_CHANGED = OpenApiResponse(_ERROR, "It has been changed since it was read, or it is computed")
_OF_POSTS: dict[int, Any] = {
    409: OpenApiResponse(_ERROR, "The first request with this key is still being answered"),
    422: OpenApiResponse(_ERROR, "The key was used with another request"),
}
_KEY = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="The same request again within 7 days has one effect.",
)
PAGES = [
    OpenApiParameter("limit", OpenApiTypes.INT, description="Number of results per page, at most 1,000."),
    OpenApiParameter("offset", OpenApiTypes.INT, description="The index of the first result."),
]
SYNC = [
    OpenApiParameter("last_modified_at__gte", OpenApiTypes.DATETIME, description="Changed at this moment or later."),
    OpenApiParameter("last_modified_at__lte", OpenApiTypes.DATETIME, description="Changed at this moment or earlier."),
    OpenApiParameter("include_deleted", OpenApiTypes.BOOL, description="Only what was deleted."),
]


def gives(answer: Any, *, status: int = 200, **options: Any) -> Callable[[F], F]:
    """A method that reads: what it answers."""
    return extend_schema(
        request=None,
        responses={status: answer, 400: _OF_WRITES[400], **_OF_EVERY},
        tags=["Revenue Recognition"],
        **options,
    )


def gives_file(media: str, **options: Any) -> Callable[[F], F]:
    """A method that answers with a file."""
    answer: dict[Any, Any] = {(200, media): OpenApiTypes.STR, 400: _OF_WRITES[400], **_OF_EVERY}
    return extend_schema(request=None, responses=answer, tags=["Revenue Recognition"], **options)


def takes(body: Any, answer: Any, *, status: int = 200, **options: Any) -> Callable[[F], F]:
    """A method that writes: what it takes and answers."""
    return extend_schema(
        request=body,
        responses={status: answer, **_OF_WRITES, 409: _CHANGED, **_OF_EVERY},
        tags=["Revenue Recognition"],
        **options,
    )


def posts(body: Any, answer: Any, *, status: int = 201, **options: Any) -> Callable[[F], F]:
    """A POST: what it takes and answers, and what happens to a request that is sent again."""
    parameters = [*options.pop("parameters", []), _KEY]
    responses = {status: answer, **_OF_WRITES, **_OF_POSTS, **_OF_EVERY}
    return extend_schema(
        request=body, responses=responses, parameters=parameters, tags=["Revenue Recognition"], **options
    )


def deletes(**options: Any) -> Callable[[F], F]:
    """A method that removes."""
    refusals = {400: _OF_WRITES[400], 409: OpenApiResponse(_ERROR, "Something else names it"), **_OF_EVERY}
    return extend_schema(
        request=None, responses={204: OpenApiResponse(description="Deleted"), **refusals}, tags=["Revenue Recognition"],
        **options,
    )  # fmt: skip


@cache
def page_of(schema: type[serializers.Serializer[Any]]) -> Any:
    """A page of a list."""
    name = f"Paginated{schema.__name__.removesuffix('Serializer')}List"
    return inline_serializer(
        name,
        {
            "count": serializers.IntegerField(),
            "next": serializers.URLField(allow_null=True, required=False),
            "previous": serializers.URLField(allow_null=True, required=False),
            "results": schema(many=True),
        },
    )
