"""`/api/v1/reports`: what is posted, at any moment of knowledge, or with a draft as if it were posted."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from ratable.reports import CATALOGUE
from ratable_server.api.native.schemas.reports import ReportAsked, ReportDefinitionSerializer, ReportSerializer
from ratable_server.api.native.translate import reports as translate
from ratable_server.api.native.views.documented import gives, list_of
from ratable_server.api.native.views.files import FILES, file_answer
from ratable_server.api.native.views.view import NativeView, answer
from ratable_server.exports import write_table
from ratable_server.queries import reports

_MEDIA = {
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "parquet": "application/vnd.apache.parquet",
}


class Reports(NativeView):
    """The reports that there are."""

    @gives(list_of(ReportDefinitionSerializer), operation_id="list_reports")
    def get(self, _request: Request) -> Response:
        """What each report is called, and what every column of it means."""
        return answer({"results": [translate.from_definition(report) for report in CATALOGUE.values()]})


class Report(NativeView):
    """One report."""

    content_negotiation_class = FILES

    @gives(ReportSerializer, asks=ReportAsked, files=_MEDIA.values(), operation_id="get_report")
    def get(self, _request: Request, name: str) -> Response | HttpResponse:
        """A report of what is posted; the report of a closed month is the same for ever. As JSON or as a file."""
        found = self._found(name)
        format = self.asked["format"]
        if format == "json":
            return answer(translate.from_reported(found))
        content = write_table(translate.shown_of(found), format)
        return file_answer(content, f"{name}.{format}", _MEDIA[format])

    def _found(self, name: str) -> reports.Reported:
        asked = self.asked
        run, as_of = asked.get("run"), asked.get("as_of")
        if run is not None and as_of is not None:
            raise ValidationError({"run": [ErrorDetail("A draft is shown as it stands.", code="invalid")]})
        by = [key.strip() for key in asked["by"].split(",") if key.strip()] if "by" in asked else None
        how: dict[str, Any] = {
            "actor": self.actor,
            "name": name,
            "periods": translate.to_periods(asked.get("period")),
            "by": by,
            "day": asked.get("at"),
        }
        return reports.report(as_of=as_of, **how) if run is None else reports.preview(run_id=run, **how)
