"""The facts of the published documents and the served one, and what an answer breaks of them: its body, its headers."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tests.wire.schemas import Document

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("zuora_facts.json").read_text(encoding="utf-8"))
ZUORA = "ratable_server.api.zuora.routes"
_NUMBER = re.compile(r"[0-9]+", re.ASCII)


class ZuoraDocument(Document):
    """A document whose paths name things by whatever has no slash."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document, is_loose=False)
        self._patterns = sorted(
            ((re.compile(re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(path))), path) for path in self.paths),
            key=lambda each: each[1].count("{"),
        )

    def faults_of_headers(self, method: str, path: str, status: int, headers: Mapping[str, str]) -> list[str]:
        """What the headers of an answer break."""
        operation = self.operation(method, path) or {}
        said = operation.get("responses", {}).get(str(status), {}).get("headers", {})
        return [
            f"{name}: {headers[name]!r}"
            for name, each in said.items()
            if name in headers and not _fits(headers[name], each["schema"])
        ]


@cache
def published() -> ZuoraDocument:
    """The facts of the published documents."""
    return ZuoraDocument(FACTS)


@cache
def served() -> ZuoraDocument:
    """The document that this server tells of itself."""
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415 - needs the settings

    return ZuoraDocument(SchemaGenerator(urlconf=ZUORA).get_schema(request=None, public=True))


def _fits(value: str, schema: dict[str, Any]) -> bool:
    is_number = schema["type"] in {"number", "integer"}
    fits_choice = value in schema.get("enum", (value,))
    fits_length = schema.get("minLength", 0) <= len(value) <= schema.get("maxLength", len(value))
    return fits_choice and fits_length and (not is_number or bool(_NUMBER.fullmatch(value)))
