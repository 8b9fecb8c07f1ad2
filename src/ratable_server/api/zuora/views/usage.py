"""`/v1/object/usage`: usage records, one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.utils import OpenApiParameter
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable_server.api.zuora.schemas.usage import (
    DeletedSerializer,
    NothingSerializer,
    UsageChangeSerializer,
    UsageSerializer,
    UsageToldSerializer,
    WrittenSerializer,
)
from ratable_server.api.zuora.translate import usage as translate
from ratable_server.api.zuora.translate.ids import public_id, row_id_of
from ratable_server.api.zuora.views.documented import gives, takes
from ratable_server.api.zuora.views.refusing import faults_of_record, wrong_fields
from ratable_server.api.zuora.views.view import CrudView
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.usage import (
    ReportOutcome,
    Revision,
    delete_reported_usage,
    report_together,
    revise_reported_usage,
)
from ratable_server.queries.reported_usage import Condition, ReportedAsked, reported_usage

_FIELDS = OpenApiParameter("fields", str, description="The fields that are wanted, with commas.")
_NOTHING = {"records": [], "size": 0, "done": True}


class UsageView(CrudView):
    """A route of usage records."""

    def said(self, request: Request) -> Mapping[str, Any]:
        """The fields of the body."""
        if not isinstance(request.data, Mapping):
            raise ParseError("The body is no JSON object.")
        return request.data

    def answer_refused_record(
        self, refused: Refused, said: Mapping[str, Any], *, act: str = "change", id: str | None = None
    ) -> Response:
        """A refusal of the one record that was told."""
        answered = self.answer_refused(refused)
        if answered.status_code == 400:  # noqa: PLR2004 - of HTTP
            answered.data = self.told(faults_of_record(refused, said, act=act, id=id))
        return answered


class UsageRecords(UsageView):
    """Records are added here."""

    operation_ids = {"POST": "Object_POSTUsage"}

    @takes(UsageSerializer, WrittenSerializer, tag="Usage", is_crud=True, is_keyed=True)
    def post(self, request: Request) -> Response:
        """Add a usage record: it counts on each charge that it means."""
        said = self.said(request)
        self.refuse_unrecognised(said, translate.known_when_created(self.wsdl_version))
        try:
            report = translate.to_report(said, wsdl_version=self.wsdl_version)
        except translate.WrongFieldsError as error:
            raise wrong_fields(error) from error
        outcome = report_together(actor=self.actor, report=report, at=now_at())
        if outcome.refused is not None:
            return self.answer_refused_record(outcome.refused, said)
        return Response(written(outcome))


class UsageRecord(UsageView):
    """One record."""

    operation_ids = {"GET": "Object_GETUsage", "PUT": "Object_PUTUsage", "DELETE": "Object_DELETEUsage"}

    @gives(UsageToldSerializer, tag="Usage", is_crud=True, nothing=NothingSerializer, parameters=(_FIELDS,))
    def get(self, request: Request, id: str) -> Response:
        """Read a usage record."""
        row_id = row_id_of("reported_usage", id) or 0
        asked = ReportedAsked(limit=1, conditions=[Condition(name="id", comparison="=", value=row_id)])
        found = reported_usage(actor=self.actor, asked=asked)
        if not found.rows:
            return Response(_NOTHING, status=404)
        record = translate.from_record(found.rows[0], found.zone, wsdl_version=self.wsdl_version)
        return Response(translate.chosen(record, request.query_params.get("fields")))

    @takes(UsageChangeSerializer, WrittenSerializer, tag="Usage", is_crud=True)
    def put(self, request: Request, id: str) -> Response:
        """Tell a usage record anew, unless an invoice has billed it: then only its custom fields."""
        said = self.said(request)
        self.refuse_unrecognised(said, translate.known_when_changed(self.wsdl_version))
        try:
            fields = translate.to_changes(said, wsdl_version=self.wsdl_version)
        except translate.WrongFieldsError as error:
            raise wrong_fields(error) from error
        revision = Revision(id=row_id_of("reported_usage", id) or 0, fields=fields)
        (outcome,) = revise_reported_usage(actor=self.actor, revisions=[revision], at=now_at())
        if outcome.refused is not None:
            return self.answer_refused_record(outcome.refused, said, id=id)
        return Response(written(outcome))

    @gives(DeletedSerializer, tag="Usage", is_crud=True)
    def delete(self, _request: Request, id: str) -> Response:
        """Take a usage record back, unless an invoice has billed it."""
        row_id = row_id_of("reported_usage", id) or 0
        (outcome,) = delete_reported_usage(actor=self.actor, ids=[row_id], at=now_at())
        if outcome.refused is not None:
            return self.answer_refused_record(outcome.refused, {}, act="delete", id=id)
        return Response({"success": True, "id": public_id("reported_usage", row_id)})


def written(outcome: ReportOutcome) -> dict[str, Any]:
    """What is told of a record that was written."""
    return {"Success": True, "Id": public_id("reported_usage", outcome.id or 0)}
