"""One story, told in every API that the server speaks."""

from __future__ import annotations

from tests.wire.conftest import HAS_SERVER

collect_ignore_glob = [] if HAS_SERVER else ["*"]

if HAS_SERVER:
    from tests.wire.conftest import actor, api_of, books, new_actor, on_day

    __all__ = ["actor", "api_of", "books", "new_actor", "on_day"]
