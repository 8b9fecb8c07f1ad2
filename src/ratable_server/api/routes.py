"""Routes of the APIs: each dialect's, the reference pages, the signs of life."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from ratable_server.api.health import healthz, readyz

urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="docs"),
    path("docs/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path("", include("ratable_server.api.campfire.routes")),
]
