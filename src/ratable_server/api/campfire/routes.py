"""Routes of the dialect, as published; both spellings of a slash at the end are taken."""

from __future__ import annotations

from django.urls import URLPattern

urlpatterns: list[URLPattern] = []
