"""Routes of the APIs: each dialect's, the reference pages, the signs of life."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import URLPattern, URLResolver, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from ratable_server.api.health import healthz, readyz
from ratable_server.api.resolving import routes_below


def _document(api: str) -> Any:
    """The OpenAPI document of one API."""
    return SpectacularJSONAPIView.as_view(urlconf=settings.API_ROUTES[api])


_ROUTES: list[URLPattern | URLResolver] = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("docs", SpectacularSwaggerSplitView.as_view(url_name="openapi"), name="docs"),
    path("docs/openapi.json", _document("campfire"), name="openapi"),
    path("docs/native", SpectacularSwaggerSplitView.as_view(url_name="native-openapi")),
    path("docs/native/openapi.json", _document("native"), name="native-openapi"),
    path("docs/zuora", SpectacularSwaggerSplitView.as_view(url_name="zuora-openapi")),
    path("docs/zuora/openapi.json", _document("zuora"), name="zuora-openapi"),
    # Each API is asked only for its own paths.
    routes_below("(?=api/)", "ratable_server.api.native.routes"),
    routes_below("(?=v1|oauth)", "ratable_server.api.zuora.routes"),
    routes_below("", "ratable_server.api.campfire.routes"),
]
urlpatterns: list[URLResolver] = [routes_below("", _ROUTES)]
