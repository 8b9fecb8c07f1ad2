"""How answers are written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rest_framework.renderers import BaseRenderer
from typing_extensions import override

from ratable_server.api.json_text import json_text


class ExactJsonRenderer(BaseRenderer):
    """JSON whose numbers have never been floats."""

    media_type = "application/json"
    format = "json"
    charset = None

    @override
    def render(
        self, data: Any, accepted_media_type: str | None = None, renderer_context: Mapping[str, Any] | None = None
    ) -> bytes:
        return b"" if data is None else json_text(data).encode()
