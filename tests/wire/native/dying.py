"""What processes do with usage over HTTP before they are killed: as the system would, with nothing cleaned up or sent."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ratable_server.actor import Actor
from ratable_server.api import idempotency as door
from ratable_server.api.native.views import usage as view
from ratable_server.operations import idempotency
from ratable_server.operations.usage import direct, recording, together
from tests.wire.native.calling import Native

# Where a call dies: the module and the function, and whether the function has done its work by then.
PLACES: dict[str, tuple[Any, str, bool]] = {
    "the body is read": (recording, "next_import_id", False),
    "months and tenant are held": (direct, "judge", False),
    "records are written and their receipt is not told": (direct, "tell_audit", False),
    "everything is written but the commit": (direct, "tell_audit", True),
    "the answer is remembered and not committed": (idempotency, "_remember", True),
}
AFTER_THE_COMMIT: dict[str, tuple[Any, str, bool]] = {
    "with a key": (door, "HttpResponse", False),
    "without a key": (view, "_told", False),
}


def post(actor: Actor, token: str, body: Any, key: str | None = None) -> tuple[int, str, bool]:
    """Status, text, and whether it was told before."""
    told = Native(token=token, actor=actor).post("usage", body, key=key)
    return told.status, told.text, "Idempotent-Replayed" in told.headers


def post_and_die(actor: Actor, token: str, body: Any, place: tuple[str, str, bool], key: str | None = None) -> None:
    """Send usage as far as a place."""
    _die_at(_place(place))
    post(actor, token, body, key)


def post_many_and_die(actor: Actor, token: str, bodies: Sequence[Any]) -> None:
    """Send single records at the same moment; those who are gathered die together, but for the commit."""
    take = together._records._work

    def wait_for_all(asked: Sequence[Any]) -> Any:
        if len(asked) < len(bodies) - 1:  # the first caller came alone
            while sum(map(len, together._records._waiting.values())) < len(bodies) - 1:
                pass
            return take(asked)
        _die_at(PLACES["everything is written but the commit"])
        return take(asked)

    together._records._work = wait_for_all
    with ThreadPoolExecutor(len(bodies)) as callers:
        list(callers.map(lambda body: post(actor, token, body), bodies))


def _place(named: tuple[str, str, bool]) -> tuple[Any, str, bool]:
    module, name, is_done = named
    (found,) = {id(each[0]): each[0] for each in _all() if each[0].__name__ == module}.values()
    return found, name, is_done


def named(place: tuple[Any, str, bool]) -> tuple[str, str, bool]:
    """A place that can be told to another process."""
    module, name, is_done = place
    return module.__name__, name, is_done


def _all() -> list[tuple[Any, str, bool]]:
    return [*PLACES.values(), *AFTER_THE_COMMIT.values()]


def _die_at(place: tuple[Any, str, bool]) -> None:
    module, name, is_done = place
    whole: Callable[..., Any] = getattr(module, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        if is_done:
            whole(*arguments, **named)
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    setattr(module, name, dying)
