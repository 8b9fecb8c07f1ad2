"""Doing a whole operation again when the database says that this may help, and saying so when it does not.

Owns which SQLSTATEs are weather. A part of a transaction is never repeated: only the call that opens it.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, connection

from ratable_server.errors import Unavailable
from ratable_server.store import embedded
from ratable_server.store.embedded import EmbeddedServerError

P = ParamSpec("P")
R = TypeVar("R")

RETRIES = 3
_SHORTEST_SECONDS, _FACTOR = 0.02, 4

# SQLSTATE, or its class of two letters -> what the caller is told when it stays so
_WEATHER = {
    "40001": "busy",  # serialization failure
    "40P01": "busy",  # deadlock
    "55P03": "busy",  # lock timeout
    "57014": "busy",  # statement timeout
    "25006": "read_only",
    "53100": "storage_full",
    "53": "db_unavailable",  # too many connections, out of memory
    "57P": "db_unavailable",  # shut down, crashed, starting
    "08": "db_unavailable",  # connection
}
_CONFLICTS = {"40001", "40P01"}
_LOST = ("57P", "08")
# What a connection has prepared does not fit any more, or is not there: words of the error, if its code has other uses.
_OUTDATED = {"0A000": "cached plan", "26000": "", "42P05": ""}


def pause(attempt: int) -> None:
    """Wait before the next attempt: longer each time, and never as long as the other one waits."""
    longest = _SHORTEST_SECONDS * _FACTOR**attempt
    time.sleep(random.uniform(longest / 2, longest))  # noqa: S311 - jitter, no secret


def retried(operation: Callable[P, R]) -> Callable[P, R]:
    """Repeat a whole operation after a conflict or a lost connection, up to three times.

    An operation must open its transaction itself. Inside another transaction nothing is repeated: the outermost
    call does it. One whose COMMIT got no answer may have been done: an operation that would count twice looks first.

    Raises:
        Unavailable: the weather stays bad; but for a COMMIT without an answer nothing was written.
    """
    return retried_with(pause)(operation)


def retried_with(wait: Callable[[int], None]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`retried`, with another way to wait between attempts."""

    def decorate(operation: Callable[P, R]) -> Callable[P, R]:
        @wraps(operation)
        def repeated(*args: P.args, **kwargs: P.kwargs) -> R:
            if connection.in_atomic_block:
                return operation(*args, **kwargs)
            for attempt in range(RETRIES):
                try:
                    return operation(*args, **kwargs)
                except (DatabaseError, InterfaceError) as error:
                    if not _may_pass_soon(error):
                        _tell(error)
                    _leave(error)
                wait(attempt)
            return _last(operation, *args, **kwargs)

        return repeated

    return decorate


def _last(operation: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    try:
        return operation(*args, **kwargs)
    except (DatabaseError, InterfaceError) as error:
        _leave(error)
        _tell(error)
        raise


def _tell(error: Exception) -> None:
    """Raise what the caller may be told; what is no weather goes on as it is."""
    code = weather_of(error)
    if code is None:
        raise error
    raise Unavailable(code, detail=_limit_of(error)) from error


def _limit_of(error: Exception) -> str:
    """What is told where a statement took too long; empty: it was something else."""
    if _sqlstate(error) == "57014" and "statement timeout" in str(error):
        return "the database ended a statement that took longer than it is allowed to (statement_timeout)"
    return ""


def weather_of(error: BaseException) -> str | None:
    """The code of an error that may pass by itself; None for one that will not."""
    state = _sqlstate(error)
    return next((_WEATHER[key] for key in (state, state[:3], state[:2]) if key in _WEATHER), None)


def may_be_done(error: BaseException) -> bool:
    """Whether the transaction that ended so may be committed: the database has not said that it is not."""
    if not isinstance(error, DatabaseError | InterfaceError):
        return False
    state = _sqlstate(error)
    return not state or state.startswith(_LOST)


def _may_pass_soon(error: Exception) -> bool:
    state = _sqlstate(error)
    return state in _CONFLICTS or state.startswith(_LOST) or _is_outdated(error)


def _is_outdated(error: Exception) -> bool:
    """Did a table change its columns, or somebody take away what the connection had prepared? A new one prepares anew."""
    words = _OUTDATED.get(_sqlstate(error))
    return words is not None and words in str(error)


def _leave(error: Exception) -> None:
    """A connection that was lost, or is outdated, is left; the embedded server is started if it is no longer there."""
    if not _sqlstate(error).startswith(_LOST) and not _is_outdated(error):
        return
    connection.close()
    with suppress(EmbeddedServerError):  # the next attempt says that there is no database
        embedded.start_if_used()


def _sqlstate(error: BaseException) -> str:
    """The database's own code; a connection that ended without one counts as lost."""
    state = getattr(error.__cause__, "sqlstate", None)
    if isinstance(state, str):
        return state
    return "08006" if connection.connection is None or connection.connection.closed else ""
