"""A client for the tests: sends, reads numbers as decimals, and holds every answer against both documents."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache
from typing import Any

from django.test import Client
from django.test.client import ClientHandler
from typing_extensions import override

from ratable_server.actor import Actor
from ratable_server.api.json_text import json_text
from tests.wire.schemas import published, served

ROOT = "/rr/api/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An answer."""

    status: int
    body: Any
    headers: Mapping[str, str]
    text: str

    def __getitem__(self, name: str) -> Any:
        return self.body[name]


def local_client() -> Client:
    """A client of its own, on the way through the site that all of them share."""
    client = Client(headers={"host": "localhost"})
    client.handler = _handler()
    return client


class _Handler(ClientHandler):
    """The way through the site; a client that another process gets has the one of that process."""

    @override
    def __reduce__(self) -> tuple[Callable[[], ClientHandler], tuple[()]]:
        return _handler, ()


@cache
def _handler() -> ClientHandler:
    """Made once, as a server makes it; a client by itself makes another, and looks for all static files."""
    return _Handler(enforce_csrf_checks=False)


@dataclass(frozen=True, kw_only=True)
class Api:
    """A program with a token."""

    token: str
    actor: Actor
    client: Client = field(default_factory=local_client)

    def get(self, path: str, **asked: Any) -> Told:
        """Read."""
        return self._send("GET", path, query=asked)

    def post(self, path: str, body: Any = None, *, key: str | None = None, **options: Any) -> Told:
        """Add, or have something done."""
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self._send("POST", path, body=body, headers=headers, **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Told:
        """Say it whole again."""
        return self._send("PUT", path, body=body, **options)

    def patch(self, path: str, body: Any = None, **options: Any) -> Told:
        """Change some of it."""
        return self._send("PATCH", path, body=body, **options)

    def delete(self, path: str) -> Told:
        """Remove it."""
        return self._send("DELETE", path)

    def send(self, method: str, path: str, content: bytes | str, **headers: str) -> Told:
        """Whatever bytes there are, of whatever type."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        media = named.pop("content-type", "application/json")
        return self._told(method, path, content, media, headers=named)

    def form(self, method: str, path: str, fields: Mapping[str, Any]) -> Told:
        """A form in parts."""
        from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart  # noqa: PLC0415 - only here

        return self._told(method, path, encode_multipart(BOUNDARY, dict(fields)), MULTIPART_CONTENT, headers={})

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Told:
        content = b"" if body is None else json_text(body)
        return self._told(method, path, content, "application/json", headers=headers or {}, query=query)

    def _told(
        self,
        method: str,
        path: str,
        content: bytes | str,
        media: str,
        *,
        headers: Mapping[str, str],
        query: Mapping[str, Any] | None = None,
    ) -> Told:
        route = path if path.startswith("/") else f"{ROOT}/{path}"
        answer = self.client.generic(
            method,
            route,
            content,
            content_type=media,
            headers={"Authorization": f"Token {self.token}", **headers},
            query_params=query,
        )
        return checked(method, route.split("?")[0], told_of(answer))


def told_of(answer: Any) -> Told:
    """The answer of Django's client; JSON is read to the digit."""
    text = answer.getvalue().decode()
    is_json = answer.headers.get("Content-Type", "").startswith("application/json")
    body = json.loads(text, parse_float=Decimal) if is_json and text else None
    return Told(status=answer.status_code, body=body, headers=dict(answer.headers), text=text)


def checked(method: str, path: str, told: Told) -> Told:
    """The answer, if both documents allow it."""
    faults = [
        *published().faults(method, path, told.status, told.body),
        *served().faults(method, path, told.status, told.body),
    ]
    assert not faults, (faults, told.text)
    return told
