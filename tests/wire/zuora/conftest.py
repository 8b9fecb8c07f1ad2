"""Programs that speak Zuora's API to books of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.wire.conftest import HAS_SERVER

collect_ignore_glob = [] if HAS_SERVER else ["*"]

if HAS_SERVER:
    from ratable_server.actor import Actor, Role
    from ratable_server.operations.tokens import create_token
    from tests.server.conftest import AT
    from tests.wire.zuora.calling import Zuora

    @pytest.fixture
    def zuora_of(books: None) -> Callable[..., Zuora]:
        """A client of some tenant in some role: `zuora_of(actor, role="viewer")`."""

        def made(of: Actor, role: Role = "admin") -> Zuora:
            issued = create_token(actor=of, email=f"{role}@example.test", role=role, at=AT)
            return Zuora(token=issued.token, actor=of)

        return made

    @pytest.fixture
    def zuora(actor: Actor, zuora_of: Callable[..., Zuora]) -> Zuora:
        """A client with all rights in empty books."""
        return zuora_of(actor)
