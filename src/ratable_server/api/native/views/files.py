"""Answers that are files."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpResponse

from ratable_server.api.negotiating import OneForm

FILES = OneForm  # what a caller accepts does not matter where the address says the form


def file_answer(content: bytes, name: str, media_type: str) -> HttpResponse:
    """A file to be kept under a name."""
    named = f"attachment; filename*=UTF-8''{quote(name)}"
    return HttpResponse(content, content_type=media_type, headers={"Content-Disposition": named})
