"""The long versions run when they are asked for, as those of the concurrency tests."""

from __future__ import annotations

from tests.server.concurrency.conftest import pytest_collection_modifyitems, pytest_configure

__all__ = ["pytest_collection_modifyitems", "pytest_configure"]
