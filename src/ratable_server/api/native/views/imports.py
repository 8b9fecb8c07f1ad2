"""`/api/v1/imports`: files of usage of any size, whole or not at all, while the request waits or in the background."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.native.schemas.imports import ImportAsked, ImportLineSerializer, ImportSerializer
from ratable_server.api.native.schemas.paging import PageAsked
from ratable_server.api.native.translate import imports as translate
from ratable_server.api.native.views.asking import cursor_of
from ratable_server.api.native.views.background import begin_import
from ratable_server.api.native.views.documented import gives, page_of, posts
from ratable_server.api.native.views.import_files import BODY, PARSERS, upload_of
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.clock import now_at
from ratable_server.operations.usage import fail_abandoned_imports, ingest_usage
from ratable_server.queries.usage_imports import import_state, usage_imports

_PREFER = OpenApiParameter(
    "Prefer",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="`respond-async`: answer once the import has begun.",
)
_LATER = "respond-async"


class Imports(NativeView):
    """All imports."""

    parser_classes = PARSERS
    most_bytes = settings.MOST_IMPORT_BYTES
    is_one_transaction = False

    @gives(page_of(ImportLineSerializer), asks=PageAsked, operation_id="list_imports")
    def get(self, _request: Request) -> Response:
        """Imports of usage, the newest first."""
        limit = self.asked["limit"]
        lines = usage_imports(actor=self.actor, limit=limit + 1, before_id=cursor_of(self))
        following = lines[limit - 1].import_code.rpartition("-")[2] if len(lines) > limit else None
        return answer({"results": [translate.from_line(line) for line in lines[:limit]], "next": following})

    @posts(
        BODY,
        {201: ImportSerializer, 202: ImportSerializer},
        asks=ImportAsked,
        parameters=[_PREFER],
        operation_id="import_usage",
    )
    def post(self, request: Request) -> Response:
        """Take a file of usage: CSV, NDJSON or Parquet, packed by gzip or not, as the body or as the part `file` of a form.

        The same file again adds nothing and says so. With `Prefer: respond-async` the answer is 202 as soon as the import
        has begun, and its address tells how far it is.
        """
        upload = upload_of(request, self.asked)
        if _LATER in request.headers.get("Prefer", "").lower():
            code = begin_import(actor=self.actor, upload=upload)
            headers = {"Location": _address(code), "Preference-Applied": _LATER}
            return answer(_told(self.actor, code), status=202, headers=headers)
        code = ingest_usage(actor=self.actor, upload=upload, at=now_at(), now=now_at).import_code
        return answer(_told(self.actor, code), status=201, headers={"Location": _address(code)})


class Import(NativeView):
    """One import."""

    @gives(ImportSerializer, operation_id="get_import")
    def get(self, _request: Request, id: str) -> Response:
        """How far an import is, or how it ended. One whose process died has failed, and its file can be sent again."""
        told = _told(self.actor, id)
        if told["status"] == "pending" and fail_abandoned_imports(actor=self.actor, at=now_at()):
            told = _told(self.actor, id)
        return answer(told)


def _told(actor: Actor, code: str) -> dict[str, Any]:
    return translate.from_import(import_state(actor=actor, import_code=code))


def _address(code: str) -> str:
    return f"/api/v1/imports/{code}"
