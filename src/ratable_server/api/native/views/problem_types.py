"""`/api/v1/problems/…`: what the `type` of a problem document points to."""

from __future__ import annotations

from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.native.problems import MEANINGS, OF_HTTP, STATUS_OF, UNFIT
from ratable_server.api.native.schemas.problem_types import ProblemTypeSerializer
from ratable_server.api.native.views.documented import gives, list_of
from ratable_server.api.native.views.view import NativeView, answer

_STATUS: dict[str, int] = {**{code: status for status, (code, _) in OF_HTTP.items()}, **STATUS_OF}
_WEATHER = 503


class ProblemTypes(NativeView):
    """Every rule that a request can break."""

    @gives(list_of(ProblemTypeSerializer), operation_id="list_problems")
    def get(self, _request: Request) -> Response:
        """The rules by their names, each with the status of its refusal."""
        return answer({"results": [_told(code) for code in sorted(MEANINGS)]})


class ProblemType(NativeView):
    """One rule."""

    @gives(ProblemTypeSerializer, operation_id="get_problem")
    def get(self, _request: Request, code: str) -> Response:
        """What a rule means."""
        if code not in MEANINGS:
            raise NotFound
        return answer(_told(code))


def _told(code: str) -> dict[str, object]:
    usual = UNFIT if code == "fields_must_be_valid" else _WEATHER
    return {"code": code, "title": MEANINGS[code], "status": _STATUS.get(code, usual)}
