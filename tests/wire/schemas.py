"""Schemas of OpenAPI 3.0 as JSON Schema, and what an answer breaks of one.

The published document calls fields that we only tell never null; where there is nothing to tell, they are null here
(`docs/decisions/0016`): texts and ids of absent things.
"""

from __future__ import annotations

import json
import re
import uuid
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker

FACTS: dict[str, Any] = json.loads(Path(__file__).with_name("campfire_facts.json").read_text(encoding="utf-8"))

CAMPFIRE = "ratable_server.api.campfire.routes"  # each API has a document of its own

_ID = r"(?:[0-9]+|\{\w+\})"  # in a path that is asked, or in one of the document

_checker = FormatChecker(formats=())


@_checker.checks("date", raises=ValueError)
def _is_date(value: object) -> bool:
    return not isinstance(value, str) or bool(date.fromisoformat(value))


@_checker.checks("date-time", raises=ValueError)
def _is_moment(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@_checker.checks("uuid", raises=ValueError)
def _is_uuid(value: object) -> bool:
    return not isinstance(value, str) or bool(uuid.UUID(value))


class Document:
    """An OpenAPI document that answers can be held against."""

    def __init__(self, document: dict[str, Any], *, is_loose: bool, in_path: str = _ID) -> None:
        self.paths: dict[str, Any] = document["paths"]
        patterns = ((_pattern(path, in_path), path) for path in self.paths)
        self._patterns = sorted(patterns, key=lambda each: each[1].count("{"))
        self._components = {
            name: _json_schema(each, is_loose=is_loose)
            for name, each in document.get("components", {}).get("schemas", {}).items()
        }
        self._is_loose = is_loose

    def operation(self, method: str, path: str) -> dict[str, Any] | None:
        """What the document says of a request; None: it does not know it."""
        for pattern, name in self._patterns:
            if pattern.fullmatch(path):
                found: dict[str, Any] | None = self.paths[name].get(method.lower())
                return found
        return None

    def faults(self, method: str, path: str, status: int, body: Any, *, media: str = "application/json") -> list[str]:
        """What an answer breaks; nothing where the document does not say what it is."""
        operation = self.operation(method, path)
        content = ((operation or {}).get("responses", {}).get(str(status)) or {}).get("content", {})
        schema = content.get(media, {}).get("schema")
        if schema is None:
            return []
        whole = {**_json_schema(schema, is_loose=self._is_loose), "components": {"schemas": self._components}}
        errors = Draft202012Validator(whole, format_checker=_checker).iter_errors(body)
        return [f"{'/'.join(map(str, error.path))}: {error.message}" for error in errors]


@cache
def published() -> Document:
    """The facts of the published document."""
    return Document(FACTS, is_loose=True)


@cache
def served() -> Document:
    """The document that this server tells of itself."""
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415 - needs the settings

    return Document(SchemaGenerator(urlconf=CAMPFIRE).get_schema(request=None, public=True), is_loose=False)


def _pattern(path: str, in_path: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\\{\w+\\}", lambda _: in_path, re.escape(path)).rstrip("/") + "/?")


def _json_schema(said: Any, *, is_loose: bool) -> Any:
    """The same in JSON Schema's words; `is_loose`: what is only told may be null where it is a text, an id or a link."""
    if not isinstance(said, dict):
        return said
    schema = {name: value for name, value in said.items() if name in {"$ref", "type", "format", "enum", "maxLength"}}
    for name in ("allOf", "oneOf", "anyOf"):
        if name in said:
            schema[name if name != "oneOf" else "anyOf"] = [
                _json_schema(each, is_loose=is_loose) for each in said[name]
            ]
    for name in ("items", "additionalProperties"):
        if name in said:
            schema[name] = _json_schema(said[name], is_loose=is_loose)
    if "properties" in said:
        told = {name: each for name, each in said["properties"].items() if not each.get("writeOnly")}
        schema["properties"] = {name: _json_schema(each, is_loose=is_loose) for name, each in told.items()}
        schema["required"] = [name for name in said.get("required", ()) if name in told]
    is_plain = said.get("type") in {"string", "integer"} and "format" not in said and "enum" not in said
    may_be_null = said.get("nullable") or (is_loose and said.get("readOnly") and is_plain)
    return {"anyOf": [schema, {"type": "null"}]} if may_be_null else schema
