"""Every route of the server."""

from __future__ import annotations

from django.http import HttpRequest, JsonResponse
from django.urls import path


def healthz(_request: HttpRequest) -> JsonResponse:
    """The process answers; says nothing of the database."""
    return JsonResponse({"status": "ok"})


urlpatterns = [path("healthz", healthz)]
