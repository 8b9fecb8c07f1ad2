"""What every view of the dialect is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any, TypeVar

from rest_framework.response import Response
from typing_extensions import override

from ratable_server.api.campfire import problems
from ratable_server.api.idempotency import Keeping, answered_by
from ratable_server.api.schemas import Schema, read_fields
from ratable_server.api.views import View
from ratable_server.errors import Refused
from ratable_server.operations.alone import change_alone

T = TypeVar("T")


class CampfireView(View):
    """A route of this API: `read` gives the fields of a body, refusals are told in its shapes."""

    once = staticmethod(partial(answered_by, Keeping(space="campfire")))

    own_fields: Mapping[str, str] = MappingProxyType({})  # fields of refusals, as the bodies of this route call them

    @override
    def answer_refused(self, refused: Refused) -> Response:
        return problems.answer(refused, named=self.own_fields)

    def read(self, schema: type[Schema], *, is_partial: bool = False) -> dict[str, Any]:
        """The fields that the body has, as the schema reads them; every wrong one is told at once."""
        return read_fields(schema, self.request.data, is_partial=is_partial)

    def alone(self, kind: str, id: int, change: Callable[[], T]) -> T:
        """Do a change that reads what it changes: what others say of the same thing at the same time is not lost."""
        return change_alone(actor=self.actor, kind=kind, id=id, change=change)
