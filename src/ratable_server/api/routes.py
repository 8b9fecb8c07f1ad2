"""Routes of the APIs: each dialect's, the reference pages, the signs of life."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from ratable_server.api.health import healthz, readyz


def _document(api: str) -> Any:
    """The OpenAPI document of one API."""
    return SpectacularJSONAPIView.as_view(urlconf=settings.API_ROUTES[api])


urlpatterns = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="docs"),
    path("docs/openapi.json", _document("campfire"), name="openapi"),
    path("docs/native", SpectacularSwaggerSplitView.as_view(url_name="native-openapi")),
    path("docs/native/openapi.json", _document("native"), name="native-openapi"),
    path("docs/zuora", SpectacularSwaggerSplitView.as_view(url_name="zuora-openapi")),
    path("docs/zuora/openapi.json", _document("zuora"), name="zuora-openapi"),
    # Each API is asked only for its own paths: that spares a request hundreds of comparisons.
    re_path(r"^(?=api/)", include("ratable_server.api.native.routes")),
    re_path(r"^(?=v1|oauth)", include("ratable_server.api.zuora.routes")),
    path("", include("ratable_server.api.campfire.routes")),
]
