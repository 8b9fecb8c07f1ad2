"""In which form an answer is given: JSON is what nearly everybody asks for; where there is one form only, all get it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from rest_framework.negotiation import BaseContentNegotiation, DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from typing_extensions import override


class UsualForm(DefaultContentNegotiation):
    """What a caller says it accepts is read, unless it is anything, or just what there is."""

    @override
    def select_renderer(
        self, request: Any, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer, *others = renderers
        if not others and not format_suffix and request.META.get("HTTP_ACCEPT", "*/*") in {"*/*", renderer.media_type}:
            return renderer, str(renderer.media_type)
        found: tuple[BaseRenderer, str] = super().select_renderer(request, [renderer, *others], format_suffix)
        return found


class OneForm(BaseContentNegotiation):
    """Refusals are JSON, the file is what it is."""

    @override
    def select_parser(self, request: Any, parsers: Iterable[Any]) -> Any:
        return next(iter(parsers), None)

    @override
    def select_renderer(
        self, request: Any, renderers: Iterable[BaseRenderer], format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        renderer = next(iter(renderers))
        return renderer, str(renderer.media_type)
