"""Does it live, and is it ready? For whatever watches over the server; neither needs a token."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse

from ratable_server.api.answering import unavailable
from ratable_server.api.json_text import json_text
from ratable_server.queries.health import readiness


def healthz(_request: HttpRequest) -> HttpResponse:
    """The process answers; says nothing of the database."""
    return HttpResponse(json_text({"status": "ok"}), content_type="application/json")


def readyz(_request: HttpRequest) -> HttpResponse:
    """The database answers, and its tables are those of this version."""
    findings = [finding for finding in readiness() if not finding.is_fine]
    if findings:
        return unavailable(findings[0].check, findings[0].detail)
    return HttpResponse(json_text({"status": "ready"}), content_type="application/json")
