"""The threads that answer requests: the next one is for who has answered last.

Its connection to the database and what it has read of the books are still warm in the caches of a processor, there and
here. waitress wakes who has waited longest, so that a single client goes through all threads and all their connections.
"""

from __future__ import annotations

from threading import Condition, Lock

from waitress.task import ThreadedTaskDispatcher


class LatestFirst:
    """A condition, as waitress asks one, that wakes who has waited the shortest; the lock is held by whoever calls it."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._waiting: list[Condition] = []

    def wait(self) -> None:
        """Let go of the lock until it is this thread's turn."""
        turn = Condition(self._lock)
        self._waiting.append(turn)
        turn.wait()

    def notify(self) -> None:
        """Wake one thread, if any waits."""
        if self._waiting:
            self._waiting.pop().notify()

    def notify_all(self) -> None:
        """Wake all of them."""
        while self._waiting:
            self.notify()


def threads_of(count: int) -> ThreadedTaskDispatcher:
    """So many threads that wait for requests."""
    threads = ThreadedTaskDispatcher()
    threads.queue_cv = LatestFirst(threads.lock)
    threads.set_thread_count(count)
    return threads
