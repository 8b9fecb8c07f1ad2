"""What every view is: a role is asked, a body has a limit, a POST is answered once, a refusal is told by its dialect.

A body may be compressed by gzip; its limit is that of its content.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from django.conf import settings
from django.http import HttpRequest, HttpResponseBase
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView
from typing_extensions import override

from ratable_server.actor import Actor, Role
from ratable_server.api.auth import RoleAllows, TokenAuthentication
from ratable_server.api.compressed import unzip
from ratable_server.api.negotiating import UsualForm
from ratable_server.api.parsers import BodyTooLargeError
from ratable_server.api.throttling import MinuteThrottle
from ratable_server.errors import Refused


class WholeId:
    """Ids in paths: as many digits as an id can have."""

    regex = "[0-9]{1,18}"

    def to_python(self, value: str) -> int:
        """The id."""
        return int(value)

    def to_url(self, value: int) -> str:
        """Its digits."""
        return str(value)


class View(APIView):
    """A route of a dialect; a dialect has a base of its own, which tells refusals in its words.

    `roles` names the least role for a method where it is not viewer to read and preparer to write; `most_bytes` is
    what a body may have; `asks_by_path` says whether the books are asked for what the path says; `is_one_transaction`
    says whether the work of a POST is one; `operation_ids` are the published ones where they are not what the path makes
    of them. A dialect says in `keyed` and `once` which methods take a key of their caller, and what is remembered.
    """

    authentication_classes = (TokenAuthentication,)
    permission_classes = (RoleAllows,)
    throttle_classes = (MinuteThrottle,)
    content_negotiation_class: type[BaseContentNegotiation] = UsualForm
    roles: ClassVar[dict[str, Role]] = {}
    most_bytes: ClassVar[int] = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    asks_by_path: ClassVar[bool] = True
    is_one_transaction: ClassVar[bool] = True
    operation_ids: ClassVar[dict[str, str]] = {}
    keyed: ClassVar[tuple[str, ...]] = ("post",)
    once: ClassVar[Callable[..., Any]]

    @override
    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        for method in cls.keyed:
            if method in cls.__dict__:
                setattr(cls, method, cls.once(cls.__dict__[method]))

    @property
    def actor(self) -> Actor:
        """Who asks."""
        user = self.request.user
        if not isinstance(user, Actor):
            raise TypeError("a view without authentication has no actor")
        return user

    @override
    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """The answer. What was read and told goes at once, and not when rubbish is looked for: nothing knows itself any more."""
        response = super().dispatch(request, *args, **kwargs)
        self.request.parser_context = {}
        vars(self).pop("head", None)
        if isinstance(response, Response):
            response.add_post_render_callback(_let_go)
        return response

    def answer_refused(self, refused: Refused) -> Response:
        """A refusal in the dialect's words."""
        raise NotImplementedError

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if self.asks_by_path:
            _refuse_unheld_path(kwargs)
        said = request.META
        length = said.get("CONTENT_LENGTH") or "0"
        if length.isdecimal() and int(length) > self.most_bytes:
            raise BodyTooLargeError
        text = said.get("QUERY_STRING", "")
        if "%00" in text or "\0" in text:
            _refuse_null_characters(request)
        if "HTTP_CONTENT_ENCODING" in said:
            unzip(request, most=self.most_bytes)


def _let_go(response: Any) -> None:
    """Let a told answer know nothing of how it was told."""
    response.renderer_context = {}


def _refuse_unheld_path(named: Mapping[str, object]) -> None:
    """Go on, unless the path names a thing by a character that no text of the database can hold: it is not there."""
    if any(isinstance(each, str) and "\0" in each for each in named.values()):
        raise NotFound


def _refuse_null_characters(request: Request) -> None:
    """Go on, unless the query has a character that no text of the database can hold."""
    wrong = [name for name, values in request.query_params.lists() if any("\0" in each for each in (name, *values))]
    if wrong:
        raise ValidationError({name.replace("\0", ""): ["Null characters are not allowed."] for name in wrong})
