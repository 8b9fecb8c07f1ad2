"""Two transactions that meet on purpose: one stands in the middle of its work when the other begins."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.store.scope import books_of
from tests.server.concurrency.crew import SECONDS, Crew, crew_of, outcome

# Whoever waits for this transaction, and not anybody in the database who waits for a lock, be it for a moment.
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE pg_backend_pid() = ANY (pg_blocking_pids(pid))"


def meeting(
    actor: Actor,
    first: Callable[[], object],
    then: Callable[..., object],
    /,
    *,
    meanwhile: Callable[[], object] = lambda: None,
    **named: Any,
) -> str:
    """What came of the operation `then`, in a process of its own, that waits for the transaction of `first`.

    `meanwhile` is done in that transaction while the other one waits.
    """
    with crew_of([(outcome, {"operation": then, "actor": actor, **named})]) as crew:
        with books_of(actor):
            first()
            crew.go()
            _until_it_waits(crew)
            meanwhile()
        (answer,) = crew.answers()
    return str(answer)


def _until_it_waits(crew: Crew) -> None:
    """It waits, or is over: then it has not waited, and what came of it says what that was worth."""
    ends_at = time.monotonic() + SECONDS
    with connection.cursor() as cursor:
        while time.monotonic() < ends_at:
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            cursor.execute(_WAITING)
            if cursor.fetchone()[0] or crew.pipes[0].poll():
                return
            time.sleep(1 / 50)
    raise AssertionError("nobody waits")
