"""Real processes that call operations at the same moment, each with a connection of its own.

They are forked from a server that has everything imported and no connection, so that twenty of them are there at once.
What a process answers is a plain value: of a refusal its code, of the weather its code; any other error fails the test.
"""

from __future__ import annotations

import multiprocessing
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from django.db import connection, connections

from ratable_server.actor import Actor
from ratable_server.errors import Refused, Unavailable
from ratable_server.store.scope import books_of

SECONDS = 300  # a crew that takes longer stands still, on however slow a machine

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["pytest", "tests.server.concurrency.ready", "tests.server.concurrency.doings"])

Job = tuple[Callable[..., Any], dict[str, Any]]


class _Failure(NamedTuple):
    """What went wrong in a process, as text."""

    told: str


class CrewError(AssertionError):
    """A process went wrong, or stands still."""


class Crew:
    """Processes that wait for `go`, and what they answered; `warm` is called with the actor before."""

    def __init__(self, jobs: Sequence[Job]) -> None:
        self.start = _context.Barrier(len(jobs) + 1)
        self.pipes = []
        self.processes = []
        for function, named in jobs:
            answer, told = _context.Pipe(duplex=False)
            process = _context.Process(target=_work, args=(function, named, self.start, told), daemon=True)
            process.start()
            told.close()
            self.pipes.append(answer)
            self.processes.append(process)

    def go(self) -> None:
        """Let all of them begin at this moment."""
        self.start.wait(SECONDS)

    def answers(self) -> list[Any]:
        """What each has answered; None from one that was killed."""
        return [_answer(pipe) for pipe in self.pipes]

    def wait_for(self, places: Iterable[int]) -> None:
        """Until these have something to answer."""
        for place in places:
            if not self.pipes[place].poll(SECONDS):
                raise CrewError(f"process {place} stands still")

    def end(self) -> None:
        """Nobody is left behind."""
        for process in self.processes:
            process.join(0 if process.exitcode is None else SECONDS)
            process.kill()
            process.join(SECONDS)


@contextmanager
def crew_of(jobs: Sequence[Job]) -> Iterator[Crew]:
    """Processes for some jobs; they begin when told to."""
    crew = Crew(jobs)
    try:
        yield crew
    finally:
        crew.end()


def at_once(jobs: Sequence[Job]) -> list[Any]:
    """Do all jobs at the same moment, each in a process of its own; give what each answered."""
    with crew_of(jobs) as crew:
        crew.go()
        return crew.answers()


def shared(kind: str, *arguments: Any) -> Any:
    """A barrier, an event or a value that processes share."""
    return getattr(_context, kind)(*arguments)


def asked_again(operation: Callable[..., Any], **named: Any) -> Any:
    """What it gives; who is told that the books are busy asks again, as a caller would.

    What is asked has to be there the second time: a file that is read is at its end, so that the operation opens it.
    """
    while True:
        try:
            return operation(**named)
        except Unavailable as told:
            if told.code != "busy":
                raise


def outcome(operation: Callable[..., object], **named: Any) -> str:
    """`done`, or the code of what was told instead."""
    try:
        asked_again(operation, **named)
    except (Refused, Unavailable) as told:
        return told.code
    return "done"


def _work(function: Callable[..., Any], named: dict[str, Any], start: Any, told: Any) -> None:
    try:
        _connect(named)
        start.wait(SECONDS)
        told.send(function(**named))
    except BaseException:  # noqa: BLE001 - everything that went wrong is told where the test is
        told.send(_Failure(traceback.format_exc()))
    finally:
        connections.close_all()


def _connect(named: dict[str, Any]) -> None:
    """Open the connection before the start, so that it is the work that meets."""
    actor = named.get("actor")
    if isinstance(actor, Actor):
        with books_of(actor):
            connection.ensure_connection()
            if "warm" in named:
                named.pop("warm")(actor)


def _answer(pipe: Any) -> Any:
    if not pipe.poll(SECONDS):
        raise CrewError("a process does not answer")
    try:
        told = pipe.recv()
    except EOFError:
        return None
    if isinstance(told, _Failure):
        raise CrewError(told.told)
    return told
