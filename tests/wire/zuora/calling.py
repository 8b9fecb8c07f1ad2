"""A client for the tests of this dialect: sends what a program sends, and holds every answer against both documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.test import Client

from ratable_server.actor import Actor
from ratable_server.api.json_text import json_text
from tests.wire.calling import Told, local_client, told_of
from tests.wire.zuora.published import published, served


@dataclass(frozen=True, kw_only=True)
class Zuora:
    """A program with a token of whatever kind."""

    token: str
    actor: Actor
    client: Client = field(default_factory=local_client)

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, **asked: Any) -> Told:
        """Read."""
        return self.send("GET", path, b"", headers=headers, query=asked)

    def post(self, path: str, body: Any = None, **options: Any) -> Told:
        """Add, or have something done."""
        return self.send("POST", path, _text(body), **options)

    def put(self, path: str, body: Any = None, **options: Any) -> Told:
        """Change."""
        return self.send("PUT", path, _text(body), **options)

    def delete(self, path: str, **options: Any) -> Told:
        """Remove."""
        return self.send("DELETE", path, b"", **options)

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
        answer = self.client.generic(
            method,
            path,
            content,
            content_type=media,
            headers={"Authorization": f"Bearer {self.token}", **(headers or {})},
            query_params=query,
        )
        return checked(method, path.split("?", maxsplit=1)[0], told_of(answer))


def checked(method: str, path: str, told: Told) -> Told:
    """The answer, if both documents allow it."""
    faults = [
        *published().faults(method, path, told.status, told.body),
        *published().faults_of_headers(method, path, told.status, told.headers),
        *served().faults(method, path, told.status, told.body),
    ]
    assert not faults, (faults, told.text)
    return told


def _text(body: Any) -> bytes | str:
    return b"" if body is None else json_text(body)
