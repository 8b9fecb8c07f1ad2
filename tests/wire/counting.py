"""How many statements a request takes, the look-up of its token among them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext

from ratable_server.store.oauth import forget_token_holders
from ratable_server.store.tokens import forget_holders


@contextmanager
def counted() -> Iterator[CaptureQueriesContext]:
    """What is asked inside; of those who ask nothing is remembered from before."""
    forget_holders()
    forget_token_holders()
    with CaptureQueriesContext(connection) as captured:
        yield captured
