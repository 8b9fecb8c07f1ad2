"""What every view of this API is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any

from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.idempotency import Keeping, answered_by
from ratable_server.api.native import problems
from ratable_server.api.native.authentication import NativeAuthentication
from ratable_server.api.native.schemas.fields import NativeSchema
from ratable_server.api.native.translate.words import told
from ratable_server.api.parsers import ExactJsonParser
from ratable_server.api.schemas import read_fields
from ratable_server.api.views import View
from ratable_server.errors import Refused


class StrictJsonParser(ExactJsonParser):
    """JSON in which no name is doubled."""

    refuses_doubled = True


class NativeView(View):
    """A route of this API: `read` gives the fields of a body, `asked` the parameters of the address.

    Which parameters there are is told where the method is documented; others are refused by name. A thing that is not
    there is 404 where the path names it: `is_named`. `names` tells which field breaks a rule of an act, by the rule, or by
    what the act calls the field, where that is another word than here.
    """

    authentication_classes = (NativeAuthentication,)
    parser_classes: tuple[type[BaseParser], ...] = (StrictJsonParser,)
    once = staticmethod(partial(answered_by, Keeping(space="native")))
    names: Mapping[str, str] = MappingProxyType({})
    asked: Mapping[str, Any]

    @property
    def is_named(self) -> bool:
        """Does the path name what is asked for?"""
        return bool(self.kwargs)

    @override
    def answer_refused(self, refused: Refused) -> Response:
        return problems.answer_refused(self.request, refused, is_named=self.is_named, names=self.names)

    @override
    def get_exception_handler(self) -> Callable[[Exception, dict[str, Any]], Response | None]:
        return problems.answer_exception

    @override
    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        method = getattr(self, (request.method or "").lower(), None)
        self.asked = _asked(request, getattr(method, "asks", NativeSchema))

    def read(self, schema: type[NativeSchema]) -> dict[str, Any]:
        """The fields that the body has, as the schema reads them; every wrong one is told at once."""
        return read_fields(schema, self.request.data)


def answer(record: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """An answer: a record of ours as it is told here."""
    return Response(told(record), status=status, headers=headers)


def _asked(request: Request, schema: type[NativeSchema]) -> Mapping[str, Any]:
    """The parameters of the address.

    Raises:
        ValidationError: one is not known, is there twice, or is of another kind.
    """
    doubled = [name for name, values in request.query_params.lists() if len(values) > 1]
    if doubled:
        raise ValidationError({name: [ErrorDetail("Asked for twice.", code="invalid")] for name in doubled})
    return read_fields(schema, dict(request.query_params.items()))
