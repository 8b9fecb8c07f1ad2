"""What several callers ask for at the same moment is done together, by one of them, in one transaction.

Owns who does it: whoever comes when nobody is at work leads, and takes along everybody who waits; those who come
meanwhile wait for the next turn, led by the first of them. Nobody is told anything before the work of his turn is
committed, so that a process that dies has answered nobody whose work is lost.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable, Sequence
from threading import Event, Lock
from typing import Generic, TypeVar

from django.db import connection

from ratable_server.errors import Unavailable
from ratable_server.store.retrying import may_be_done

Asked = TypeVar("Asked")
Done = TypeVar("Done")

_MOST = 500  # of one turn: those who wait do not wait for the whole queue


class _Ticket(Generic[Asked, Done]):
    """One caller: what he asks for, and what he is told."""

    def __init__(self, asked: Asked, name: Hashable) -> None:
        self.asked, self.name = asked, name
        self.is_called = Event()  # he leads, or it is done
        self.is_done = False
        self.done: Done | None = None
        self.error: BaseException | None = None

    def tell(self, done: Done | BaseException) -> None:
        """Let him go on with what became of his."""
        if isinstance(done, BaseException):
            self.error = done
        else:
            self.done = done
        self.is_done = True
        self.is_called.set()

    def told(self) -> Done:
        """What became of it."""
        if self.error is not None:
            raise self.error
        return self.done  # type: ignore[return-value]  # of a kind that may be None itself


class Gathering(Generic[Asked, Done]):
    """A kind of work that can be done for several at once.

    `work` does it in a transaction of its own and gives for each what became of it, an exception for one that is refused;
    it raises if nothing was done for anybody. Only callers of one `place` are gathered, each `name` once in a turn: what
    two of them say of one thing is one thing after the other.
    """

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Done | Exception]]) -> None:
        self._work = work
        self._lock = Lock()
        self._waiting: dict[Hashable, deque[_Ticket[Asked, Done]]] = {}  # of a place where somebody is at work

    def take(self, asked: Asked, *, place: Hashable, name: Hashable = None) -> Done:
        """Do it with others, and give what became of it; within a transaction it is a part of that, and alone."""
        ticket: _Ticket[Asked, Done] = _Ticket(asked, name)
        if connection.in_atomic_block:
            _tell([ticket], self._work([asked]))
            return ticket.told()
        with self._lock:
            leads = place not in self._waiting
            self._waiting.setdefault(place, deque()).append(ticket)
        if not leads:
            ticket.is_called.wait()
        if not ticket.is_done:
            self._lead(place)
        return ticket.told()

    def _lead(self, place: Hashable) -> None:
        """Do the work of everybody who waits, then let the first of those who have come meanwhile lead."""
        turn: Sequence[_Ticket[Asked, Done]] = ()
        told: Sequence[Done | BaseException] = ()
        try:
            turn = self._turn(place)
            told = self._done(turn)
        except BaseException as error:
            told = [error] * len(turn)
            raise
        finally:
            self._hand_over(place)
            _tell(turn, told)

    def _turn(self, place: Hashable) -> list[_Ticket[Asked, Done]]:
        turn: list[_Ticket[Asked, Done]] = []
        left: deque[_Ticket[Asked, Done]] = deque()
        names: set[Hashable] = set()
        with self._lock:
            for ticket in self._waiting[place]:
                is_free = len(turn) < _MOST and (ticket.name is None or ticket.name not in names)
                (turn if is_free else left).append(ticket)
                names.add(ticket.name)
            self._waiting[place] = left
        return turn

    def _done(self, turn: Sequence[_Ticket[Asked, Done]]) -> Sequence[Done | BaseException]:
        """What became of each; where all of them together fail for another reason than the weather, each for himself.

        What may be done in spite of its failure is not done again: everybody hears that it is not known.
        """
        try:
            return self._work([ticket.asked for ticket in turn])
        except Unavailable as error:
            return [error] * len(turn)
        except Exception as error:  # noqa: BLE001 - it goes on to whoever asked for it
            return (
                [error] * len(turn)
                if len(turn) == 1 or may_be_done(error)
                else [self._alone(ticket) for ticket in turn]
            )

    def _alone(self, ticket: _Ticket[Asked, Done]) -> Done | Exception:
        try:
            return self._work([ticket.asked])[0]
        except Exception as error:  # noqa: BLE001 - as above
            return error

    def _hand_over(self, place: Hashable) -> None:
        with self._lock:
            waiting = self._waiting[place]
            if not waiting:
                del self._waiting[place]
                return
            waiting[0].is_called.set()


def _tell(turn: Sequence[_Ticket[Asked, Done]], told: Sequence[Done | BaseException]) -> None:
    for ticket, done in zip(turn, told, strict=True):
        ticket.tell(done)
