"""What processes do before they are killed: operations that stop being done at a place that the test names.

A process ends itself with SIGKILL, as the system would: nothing is cleaned up, nothing is sent, nobody is told.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from ratable_server.actor import Actor
from ratable_server.operations import idempotency, periods, runs
from ratable_server.operations.idempotency import Answer
from ratable_server.operations.periods import close_period
from ratable_server.operations.usage import record_usage
from ratable_server.operations.usage import settling as usage_settling
from ratable_server.store import save
from tests.server.concurrency import keyed
from tests.server.concurrency.crew import outcome

AT = datetime(2026, 2, 3, 9, tzinfo=UTC)
DAY = date(2026, 1, 20)

# Where a close dies: the module and the function of it at which, and the argument for which.
PLACES: dict[str, tuple[Any, str, str | None]] = {
    "some of the draft is kept": (runs, "save_draft", "revenue"),
    "all of the draft is kept": (periods, "obstacles", "run_id"),
    "entries are posted and their lines are not": (save, "_post", "journal_line"),
    "everything is posted and the month is not closed": (periods, "_close", None),
    "everything is done but the commit": (periods, "record_change", None),
    "the month is closed and nobody was told": (periods, "clear_drafts", None),
}


def close_and_die(actor: Actor, month_on: date, place: str, run_id: int | None = None) -> None:
    """Close a month as far as a place."""
    module, name, argument = PLACES[place]
    _die_at(module, name, argument)
    close_period(actor=actor, month_on=month_on, run_id=run_id, at=AT)


def close(actor: Actor, month_on: date) -> str:
    """Close a month, unless somebody kills the process."""
    return outcome(close_period, actor=actor, month_on=month_on, at=AT)


def pay_and_die(actor: Actor) -> None:
    """File a payment under the key of a request, and never tell that it is done."""
    told = keyed.send(actor)
    assert isinstance(told, Answer)
    assert not told.is_replayed
    _die()


def record_and_die(actor: Actor, row: dict[str, Any]) -> None:
    """Record usage but for the commit: the record, its id and its receipt are written."""
    _die_at(usage_settling, "record_change", None)
    record_usage(actor=actor, records=[row], at=AT)


def pay_but_for_the_answer_and_die(actor: Actor) -> None:
    """File a payment under the key of a request but for what the key was answered."""
    _die_at(idempotency, "_remember", None)
    keyed.send(actor)


def write_until(actor: Actor, name: str, is_over: Any, done: Any) -> tuple[list[str], list[str]]:
    """Record usage, one request each, until it is over; give the ids that were sent, and those that were acknowledged.

    `done` counts what all writers were told is done.
    """
    sent: list[str] = []
    acknowledged: list[str] = []
    while not is_over.is_set():
        sent.append(f"{name}-{len(sent)}")
        row = {"id": sent[-1], "item": "acme-calls", "used_on": DAY, "quantity": Decimal(1)}
        if outcome(record_usage, actor=actor, records=[row], at=AT) == "done":
            acknowledged.append(sent[-1])
            with done.get_lock():
                done.value += 1
    return sent, acknowledged


def _die_at(module: Any, name: str, argument: str | None) -> None:
    """Put death in the place of a function, for the calls with an argument or for all."""
    whole: Callable[..., Any] = getattr(module, name)

    def dying(*arguments: Any, **named: Any) -> Any:
        if argument is None or argument in (*arguments, *named):
            _die()
        return whole(*arguments, **named)

    setattr(module, name, dying)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError
