"""Files of usage: `POST /v1/usage` with its status, and the same as objects, `/v1/object/import`."""

from __future__ import annotations

from typing import Any

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.actor import Actor
from ratable_server.api.parsers import BodyTooLargeError, PlainMultiPartParser
from ratable_server.api.zuora.schemas.imports import (
    FILE_BODY,
    IMPORT_BODY,
    CreatedImportSerializer,
    ImportSerializer,
    ImportStatusSerializer,
    TakenFileSerializer,
)
from ratable_server.api.zuora.schemas.usage import NothingSerializer
from ratable_server.api.zuora.translate import imports as translate
from ratable_server.api.zuora.translate.ids import public_id, row_id_of
from ratable_server.api.zuora.translate.usage_files import DATES_OF
from ratable_server.api.zuora.views.documented import gives, takes
from ratable_server.api.zuora.views.view import CrudView, ReasonsView
from ratable_server.clock import now_at
from ratable_server.operations.usage.report_files import SentFile, take_report_file
from ratable_server.queries.oauth_clients import OauthProgram
from ratable_server.queries.report_files import ReportFileState, locale_of, report_file

MOST_FILE_BYTES = 4 * 2**20
_AROUND_BYTES = 64 * 2**10  # of a form, around its file
_MOST_NAME, _MOST_IMPORT_NAME = 50, 100
_ENDINGS = (".csv", ".zip")
_DEFAULT_LOCALE = "en_US"
_FIELDS = OpenApiParameter("fields", OpenApiTypes.STR, description="The fields to tell, with commas.")


class UsageFiles(ReasonsView):
    """Files of usage."""

    resource = 531_000
    parser_classes = (PlainMultiPartParser,)
    most_bytes = MOST_FILE_BYTES + _AROUND_BYTES
    operation_ids = {"POST": "POST_Usage"}

    @takes(FILE_BODY, TakenFileSerializer, tag="Usage", is_keyed=True)
    def post(self, request: Request) -> Response:
        """Take a file of usage, to be imported as a whole or not at all; where to ask how far that is."""
        file = _sent(request, "file")
        import_id = take_report_file(actor=self.actor, file=file, at=now_at())
        path = translate.status_path(import_id)
        return Response({"success": True, "size": len(file.content), "checkImportStatus": path})


class UsageFileStatus(ReasonsView):
    """How far the import of a file is."""

    resource = 531_000
    operation_ids = {"GET": "GET_UsageImportStatus"}

    @gives(ImportStatusSerializer, tag="Usage")
    def get(self, _request: Request, import_id: str) -> Response:
        """Only Completed is success: every row counts. Failed says why, row by row, and no row does."""
        return Response(translate.import_status(_state(self.actor, import_id)))


class Imports(CrudView):
    """Imports as objects."""

    parser_classes = (PlainMultiPartParser,)
    most_bytes = MOST_FILE_BYTES + _AROUND_BYTES
    operation_ids = {"POST": "Object_POSTImport"}

    @takes(IMPORT_BODY, CreatedImportSerializer, tag="Imports", is_crud=True, is_keyed=True)
    def post(self, request: Request) -> Response:
        """Take a file of usage; other types are not imported here."""
        said: dict[str, Any] = dict(request.data)
        self.refuse_unrecognised(said, {"ImportType", "Name", "File"})
        if not said.get("ImportType"):
            raise ValidationError({"ImportType": ["Required."]}, code="required")
        if said["ImportType"] != "Usage":
            raise ValidationError({"ImportType": [f"{str(said['ImportType'])[:50]} is not imported here, Usage is."]})
        file = _sent(request, "File", name=_name(said))
        import_id = take_report_file(actor=self.actor, file=file, at=now_at())
        return Response({"Success": True, "Id": public_id("import", import_id)})


class Import(CrudView):
    """One of them."""

    operation_ids = {"GET": "Object_GETImport"}

    @gives(ImportSerializer, tag="Imports", is_crud=True, nothing=NothingSerializer, parameters=(_FIELDS,))
    def get(self, request: Request, import_id: str) -> Response:
        """How far it is; with `fields`, only those."""
        row_id = row_id_of("import", import_id)
        state = None if row_id is None else report_file(actor=self.actor, import_id=row_id)
        if state is None:
            return Response({"records": [], "size": 0, "done": True}, status=404)
        fields = [name for name in request.query_params.get("fields", "").split(",") if name]
        return Response(translate.import_object(state, fields))


def _state(actor: Actor, public: str) -> ReportFileState:
    row_id = row_id_of("import", public)
    state = None if row_id is None else report_file(actor=actor, import_id=row_id)
    if state is None:
        raise NotFound(f"Cannot find entity by key: '{public[:50]}'.")
    return state


def _sent(request: Request, field: str, *, name: str = "") -> SentFile:
    """The file of a form.

    Raises:
        ValidationError: it is missing, or its name cannot be.
        BodyTooLargeError: it has more bytes than are taken.
    """
    file = request.FILES.get(field)
    if not isinstance(file, UploadedFile):
        raise ValidationError({field: ["The form has no such file, with a name."]})
    file_name = _file_name(file, field)
    if (file.size or 0) > MOST_FILE_BYTES:
        raise BodyTooLargeError(f"A file has at most {MOST_FILE_BYTES:,} bytes.")
    locale = _DEFAULT_LOCALE
    if isinstance(request.auth, OauthProgram):
        locale = locale_of(actor=request.auth.actor, client_row_id=request.auth.client_row_id)
    return SentFile(file_name=file_name, content=file.read(), dates=DATES_OF[locale], name=name)


def _file_name(file: UploadedFile[bytes], field: str) -> str:
    name = file.name or ""
    if len(name) > _MOST_NAME:
        raise ValidationError({field: [f"The name of a file has at most {_MOST_NAME} characters."]})
    if "." in name and not name.lower().endswith(_ENDINGS):
        raise ValidationError({field: ["The name of a file ends with .csv, or with .zip where it holds one."]})
    if not name.isprintable():
        raise ValidationError({field: ["The name of a file is plain text."]})
    return name


def _name(said: dict[str, Any]) -> str:
    name = said.get("Name", "")
    if not isinstance(name, str) or len(name) > _MOST_IMPORT_NAME or not name.isprintable():
        raise ValidationError({"Name": [f"A plain text of at most {_MOST_IMPORT_NAME} characters."]})
    return name
