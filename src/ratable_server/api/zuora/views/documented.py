"""What the served document says of an operation: its headers, its body, its answer, and how it can be refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import (
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
    inline_serializer,
)
from rest_framework import serializers

F = TypeVar("F", bound=Callable[..., Any])

_MESSAGE = inline_serializer("Unauthorized", {"message": serializers.CharField()})
_FORBIDDEN = inline_serializer("Forbidden", {"code": serializers.IntegerField(), "message": serializers.CharField()})
_ERRORS = inline_serializer(
    "Errors",
    {
        "Success": serializers.BooleanField(),
        "Errors": inline_serializer("Error", {"Code": serializers.CharField(), "Message": serializers.CharField()}, many=True),
    },
)  # fmt: skip
_REASONS = inline_serializer(
    "Reasons",
    {
        "success": serializers.BooleanField(),
        "processId": serializers.CharField(),
        "requestId": serializers.CharField(),
        "reasons": inline_serializer(
            "Reason", {"code": serializers.IntegerField(), "message": serializers.CharField()}, many=True
        ),
    },
)
_UNFIT = PolymorphicProxySerializer(
    component_name="Unfit", serializers=[_ERRORS, _MESSAGE], resource_type_field_name=None
)
_OAUTH_ERROR = inline_serializer(
    "OauthError", {"error": serializers.CharField(), "error_description": serializers.CharField(required=False)}
)


def _header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.STR, OpenApiParameter.HEADER, description=description)


_TRACK = _header(
    "Zuora-Track-Id", "The caller's own id, told back: at most 64 letters of US-ASCII without : ; \" and '."
)
_OF_EVERY = (
    _header("Accept-Encoding", "`gzip`: an answer above 1,000 bytes is compressed."),
    _header("Zuora-Entity-Ids", "One entity that the caller may name."),
    _header("Zuora-Org-Ids", "Entities that the caller may name, with commas."),
    _TRACK,
)
_OF_BODIES = (_header("Content-Encoding", "`gzip`: the body is compressed."),)
_OF_KEYED = (_header("Idempotency-Key", "The same request again within 24 hours has the same answer."),)
_UNKNOWN_FIELDS = OpenApiParameter(
    "rejectUnknownFields", OpenApiTypes.BOOL, description="Refuse a body with fields that are not known."
)
_WSDL = _header("X-Zuora-WSDL-Version", "The version of the object model.")


def draws(body: Any, answer: Any) -> Callable[[F], F]:
    """The method that gives out tokens."""
    refusals = {
        400: OpenApiResponse(_OAUTH_ERROR, "No such grant, or not readable"),
        401: OpenApiResponse(_OAUTH_ERROR, "No such id and secret"),
        413: OpenApiResponse(_REASONS, "The body is too large"),
        415: OpenApiResponse(_REASONS, "The body is no form"),
        429: OpenApiResponse(_REASONS, "Too many requests of this address in this minute"),
        503: OpenApiResponse(_REASONS, "The database cannot answer now"),
    }
    return extend_schema(
        request={"application/x-www-form-urlencoded": body},
        responses={200: answer, **refusals},
        parameters=[_TRACK],
        tags=["OAuth"],
    )


def gives(
    answer: Any, *, tag: str, is_crud: bool = False, nothing: Any = None, parameters: tuple[OpenApiParameter, ...] = ()
) -> Callable[[F], F]:
    """A method that reads: what it answers, and what it says of an unknown id. What is deleted is told the same way."""
    shape = _ERRORS if is_crud else _REASONS
    unknown = {404: OpenApiResponse(nothing, "Nothing of this id")} if nothing else {}
    return extend_schema(
        request=None,
        responses={200: answer, **_refusals(shape), **unknown},
        parameters=[*_OF_EVERY, *parameters],
        tags=[tag],
    )


def takes(
    body: Any, answer: Any, *, tag: str, is_crud: bool = False, is_keyed: bool = False,
    parameters: tuple[OpenApiParameter, ...] = (),
) -> Callable[[F], F]:  # fmt: skip
    """A method that writes: what it takes and answers; `is_keyed` is a POST."""
    shape = _ERRORS if is_crud else _REASONS
    unfit = {400: OpenApiResponse(_UNFIT, "The request cannot be done, or has fields that are not known")}
    told = [*_OF_EVERY, *_OF_BODIES, *parameters]
    told += [_UNKNOWN_FIELDS, _WSDL] if is_crud else []
    told += _OF_KEYED if is_keyed else ()
    return extend_schema(
        request=body,
        responses={
            200: answer,
            **_refusals(shape),
            **(unfit if is_crud else {}),
            **_refusals_of_bodies(shape),
            **_refusals_of_keys(shape, is_keyed),
        },
        parameters=told,
        tags=[tag],
    )


def _refusals(shape: Any) -> dict[int, OpenApiResponse]:
    return {
        400: OpenApiResponse(shape, "The request cannot be done"),
        401: OpenApiResponse(_MESSAGE, "No token, or one that is not valid"),
        403: OpenApiResponse(_FORBIDDEN, "The role does not allow it, or an entity is not the caller's to name"),
        404: OpenApiResponse(shape, "Nothing of this id"),
        429: OpenApiResponse(shape, "Too many requests in this minute; `Retry-After` says when the next one begins"),
        503: OpenApiResponse(shape, "The database cannot answer now"),
    }


def _refusals_of_bodies(shape: Any) -> dict[int, OpenApiResponse]:
    return {
        413: OpenApiResponse(shape, "The body is too large"),
        415: OpenApiResponse(shape, "The body is of another type, or compressed in another way"),
    }


def _refusals_of_keys(shape: Any, is_keyed: bool) -> dict[int, OpenApiResponse]:  # noqa: FBT001 - private
    if not is_keyed:
        return {}
    return {
        409: OpenApiResponse(shape, "The first request with this key is still being answered"),
        422: OpenApiResponse(shape, "The key was used with another request"),
    }
