"""What every view of the dialect is: who asks, what the headers want, refusals in one of two shapes."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, ClassVar

from django.http import HttpRequest, HttpResponseBase
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.actor import Actor
from ratable_server.api.request_ids import request_id_of
from ratable_server.api.schemas import Schema, read_fields
from ratable_server.api.throttling import limit_of
from ratable_server.api.views import View
from ratable_server.api.zuora import problems
from ratable_server.api.zuora.authentication import ZuoraAuthentication
from ratable_server.api.zuora.concurrency import Place
from ratable_server.api.zuora.entities import refuse_foreign_entities
from ratable_server.api.zuora.headers import TRACK_ID, is_sound_track_id
from ratable_server.api.zuora.idempotency import answered_for_a_day
from ratable_server.errors import Refused, Unavailable

_OLDEST_WSDL = 79
_VERSION = re.compile(r"[0-9]{1,6}", re.ASCII)
_CUSTOM = "__c"


class UnrecognisedFieldsError(APIException):
    """The caller wants unknown fields refused, and sent one."""

    status_code = 400
    default_detail = problems.UNRECOGNISED["message"]


class ZuoraView(View):
    """A route of this API; one of its two kinds says how refusals look. `resource` are six digits of their codes."""

    authentication_classes = (ZuoraAuthentication,)
    shape: problems.Shape = "reasons"
    resource: ClassVar[int] = problems.ANY_RESOURCE
    keyed: ClassVar[tuple[str, ...]] = ("post", "patch")
    once = staticmethod(answered_for_a_day)

    @property
    def request_id(self) -> str:
        """The id of this request, as it is told."""
        return request_id_of(self.request)

    @property
    def wsdl_version(self) -> int:
        """The version of the object model that the caller works with."""
        said = self.request.headers.get("X-Zuora-WSDL-Version", "")
        return int(said) if _VERSION.fullmatch(said) else _OLDEST_WSDL

    @property
    def rejects_unknown_fields(self) -> bool:
        """Does the caller want unknown fields refused?"""
        return self.request.query_params.get("rejectUnknownFields", "").lower() == "true"

    def read(self, schema: type[Schema], *, is_partial: bool = False) -> dict[str, Any]:
        """The fields that the body has, as the schema reads them; every wrong one is told at once."""
        return read_fields(schema, self.request.data, is_partial=is_partial)

    def refuse_unrecognised(self, said: Mapping[str, Any], known: Collection[str]) -> None:
        """Go on, unless the caller wants unknown fields refused and sent one; a custom field is never unknown."""
        is_known = all(name in known or name.endswith(_CUSTOM) for name in said)
        if self.rejects_unknown_fields and not is_known:
            raise UnrecognisedFieldsError

    @override
    def answer_refused(self, refused: Refused) -> Response:
        answered = problems.status_of(refused)
        if answered == status.HTTP_403_FORBIDDEN:
            return self._forbidden(refused.detail)
        headers = {"Retry-After": "1"} if answered == status.HTTP_409_CONFLICT else None
        return Response(self.told(problems.faults_of(refused)), status=answered, headers=headers)

    def told(self, faults: list[problems.Fault]) -> dict[str, Any]:
        """The body of an answer that is nothing but faults."""
        return problems.body_of(faults, shape=self.shape, resource=self.resource, request_id=self.request_id)

    @override
    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        super().setup(request, *args, **kwargs)
        self._place = Place()

    @override
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        finally:
            self._place.leave()

    @override
    def check_throttles(self, request: Request) -> None:
        super().check_throttles(request)
        if isinstance(request.user, Actor):
            self._place.take(request.user.tenant_id)

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        track_id = request.headers.get(TRACK_ID, "")
        if track_id and not is_sound_track_id(track_id):
            raise ValidationError({TRACK_ID: ["At most 64 letters of US-ASCII without : ; \" and '."]})
        if isinstance(request.user, Actor):
            refuse_foreign_entities(request, request.user)

    @override
    def get_exception_handler(self) -> Callable[..., Response | None]:
        answer = super().get_exception_handler()

        def answering(error: Exception, context: dict[str, Any]) -> Response | None:
            response: Response | None = answer(error, context)
            if response is not None and not isinstance(error, Refused):
                response.data = self.body_of(error, response)
            return response

        return answering

    def body_of(self, error: Exception, response: Response) -> dict[str, Any]:
        """What is told where no refusal of ours was raised."""
        match response.status_code, error:
            case 401, _:
                return problems.UNAUTHENTICATED
            case 403, _:
                return problems.forbidden(_sentence(response.data), resource=self.resource)
            case _, UnrecognisedFieldsError():
                return problems.UNRECOGNISED
            case _, Unavailable():
                return self.told([problems.fault_of_status(response.status_code, error.detail)])
            case _, APIException():
                return self.told(problems.faults_of_exception(error))
        return self.told([problems.fault_of_status(response.status_code, _sentence(response.data))])

    def limit_headers(self, request: Request) -> dict[str, str]:
        """What is told of the limits of the caller."""
        told, limit = self._place.headers(), limit_of(request)
        if limit is None:
            return told
        return {
            **told,
            "RateLimit-Limit": str(limit.most),
            "RateLimit-Remaining": str(limit.left),
            "RateLimit-Reset": str(limit.reset_seconds),
        }

    @override
    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        answered = super().finalize_response(request, response, *args, **kwargs)
        for name, value in self.limit_headers(request).items():
            answered[name] = value
        return answered

    def _forbidden(self, message: str) -> Response:
        return Response(problems.forbidden(message, resource=self.resource), status=status.HTTP_403_FORBIDDEN)


class ReasonsView(ZuoraView):
    """Lower-case answers: `success`, and `reasons` with codes of eight digits."""


class CrudView(ZuoraView):
    """Capitalised answers: `Success`, and `Errors` with codes in letters.

    Ids in their paths are read first: what is none is told as what is not there.
    """

    shape = "errors"
    asks_by_path = False


def _sentence(data: Any) -> str:
    return str(data.get("detail", data)) if isinstance(data, dict) else str(data)
