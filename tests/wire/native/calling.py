"""A client of the native API for the tests: every answer is held against the document that is served."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote

from django.test import Client

from ratable_server.actor import Actor
from ratable_server.api.json_text import json_text
from tests.wire.calling import Told, local_client
from tests.wire.schemas import Document

ROOT = "/api/v1"
ROUTES = "ratable_server.api.native.routes"
_JSON = ("application/json", "application/problem+json")


@cache
def document() -> dict[str, Any]:
    """The document that is served, as it is told."""
    from drf_spectacular.generators import SchemaGenerator  # noqa: PLC0415 - needs the settings
    from drf_spectacular.renderers import OpenApiJsonRenderer  # noqa: PLC0415

    told = SchemaGenerator(urlconf=ROUTES).get_schema(request=None, public=True)
    read: dict[str, Any] = json.loads(OpenApiJsonRenderer().render(told, renderer_context={}))
    return read


@cache
def served() -> Document:
    """The same, to hold answers against; a name in a path is any text."""
    return Document(document(), is_loose=False, in_path="[^/]+")


@dataclass(frozen=True, kw_only=True)
class Native:
    """A program with a token."""

    token: str
    actor: Actor
    client: Client = field(default_factory=local_client)

    def get(self, path: str, **asked: Any) -> Told:
        """Read."""
        return self.send("GET", path, b"", query=asked)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **asked: Any) -> Told:
        """Add, or have something done."""
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.send("POST", path, b"" if body is None else json_text(body), headers=headers, query=asked)

    def put(self, path: str, body: Any = None) -> Told:
        """Say it whole again."""
        return self.send("PUT", path, json_text(body))

    def patch(self, path: str, body: Any = None) -> Told:
        """Change some of it."""
        return self.send("PATCH", path, json_text(body))

    def delete(self, path: str) -> Told:
        """Remove it."""
        return self.send("DELETE", path, b"")

    def send(
        self,
        method: str,
        path: str,
        content: bytes | str,
        *,
        media: str = "application/json",
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Told:
        """Whatever bytes there are, of whatever type."""
        route = path if path.startswith("/") else f"{ROOT}/{path}"
        said = {"Authorization": f"Token {self.token}"} if self.token else {}
        answer = self.client.generic(
            method, route, content, content_type=media, headers={**said, **(headers or {})}, query_params=query or None
        )
        return checked(method, route.split("?")[0], told_of(answer))


def told_of(answer: Any) -> Told:
    """The answer of Django's client: no number in it is anything but whole."""
    content = answer.getvalue()
    media = answer.headers.get("Content-Type", "").split(";")[0]
    text = content.decode("utf-8", errors="replace")
    body = json.loads(text, parse_float=_refuse) if media in _JSON and text else None
    return Told(status=answer.status_code, body=body, headers=dict(answer.headers), text=text)


def checked(method: str, path: str, told: Told) -> Told:
    """The answer, if the document allows it; what is refused is a problem document and says which request it was."""
    faults = faults_of(method, path, told)
    assert not faults, (faults, told.text)
    if told.status >= 400:
        assert told.headers["Content-Type"] == "application/problem+json", told.text
        assert (told["status"], unquote(told["instance"])) == (told.status, unquote(path))
        assert told["type"] == f"/api/v1/problems/{told['code']}"
        assert told["request_id"] == told.headers["X-Request-Id"]
    assert told.headers["Cache-Control"] == "no-store"
    return told


def faults_of(method: str, path: str, told: Told) -> list[str]:
    """What an answer breaks of the document: a status that it does not tell, a body of another shape."""
    operation = served().operation(method, path)
    if operation is None:
        return []
    if str(told.status) not in operation["responses"]:
        return [f"{told.status} is not documented"]
    media = told.headers.get("Content-Type", "").split(";")[0]
    return served().faults(method, path, told.status, told.body, media=media) if media in _JSON else []


def _refuse(text: str) -> None:
    raise AssertionError(f"a number that is not whole and no text: {text}")
