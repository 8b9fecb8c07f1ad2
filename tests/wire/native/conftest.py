"""Clients of the native API in books of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.wire.conftest import HAS_SERVER

collect_ignore_glob = [] if HAS_SERVER else ["*"]

if HAS_SERVER:
    from ratable_server.actor import Actor, Role
    from ratable_server.operations.tokens import create_token
    from tests.server.conftest import AT
    from tests.wire.native.calling import Native

    @pytest.fixture
    def native_of(books: None) -> Callable[..., Native]:
        """A client of some tenant in some role: `native_of(actor, role="viewer")`."""

        def made(of: Actor, role: Role = "admin") -> Native:
            issued = create_token(actor=of, email=f"{role}@example.test", role=role, at=AT)
            return Native(token=issued.token, actor=of)

        return made

    @pytest.fixture
    def native(actor: Actor, native_of: Callable[..., Native]) -> Native:
        """A client with all rights in empty books."""
        return native_of(actor)
