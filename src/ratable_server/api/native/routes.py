"""Routes of the native API."""

from __future__ import annotations

from django.urls import URLPattern, path

from ratable_server.api.native.views import problem_types

urlpatterns: list[URLPattern] = [
    path("api/v1/problems", problem_types.ProblemTypes.as_view()),
    path("api/v1/problems/<slug:code>", problem_types.ProblemType.as_view()),
]
