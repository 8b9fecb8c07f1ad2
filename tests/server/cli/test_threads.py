"""Which thread answers a request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ratable_server.threads import threads_of

_SOON_SECONDS = 60


class Task:
    """Something to do, by whom it was done, and whether it is done."""

    def __init__(self, work: Callable[[], object] = lambda: None) -> None:
        self.work, self.done, self.served_by = work, threading.Event(), list[str]()

    def service(self) -> None:
        self.served_by.append(threading.current_thread().name)
        self.work()
        self.done.set()

    def wait(self) -> str:
        assert self.done.wait(_SOON_SECONDS)
        (name,) = self.served_by
        return name


@contextmanager
def answering(count: int) -> Iterator[Any]:
    """So many threads, all of which wait; in the end all of them have ended."""
    threads = threads_of(count)
    until_busy(threads, 0)
    try:
        yield threads
    finally:
        assert threads.shutdown(timeout=_SOON_SECONDS)
        assert not threads.threads


def until_busy(threads: Any, count: int) -> None:
    """Go on once so many threads work, and all others wait."""
    ends_at = time.monotonic() + _SOON_SECONDS
    while threads.active_count != count and time.monotonic() < ends_at:
        time.sleep(0.001)
    assert threads.active_count == count


def test_one_request_after_the_other_is_answered_by_one_thread():
    with answering(8) as threads:
        names = set()
        for _ in range(50):
            task = Task()
            threads.add_task(task)
            names.add(task.wait())
            until_busy(threads, 0)
    assert len(names) == 1


def test_requests_at_once_are_answered_at_once_and_the_next_one_by_who_was_ready_last():
    held = [threading.Event() for _ in range(3)]
    with answering(3) as threads:
        tasks = [Task(each.wait) for each in held]
        for task in tasks:
            threads.add_task(task)
        until_busy(threads, 3)
        for left in reversed(range(3)):
            held[left].set()
            until_busy(threads, left)
        next_one = Task()
        threads.add_task(next_one)
        assert len({task.wait() for task in tasks}) == 3
        assert next_one.wait() == tasks[0].wait()


def test_each_of_many_requests_is_answered_once():
    with answering(4) as threads:
        every = [[Task() for _ in range(500)] for _ in range(4)]

        def send(tasks: list[Task]) -> None:
            for task in tasks:
                threads.add_task(task)

        senders = [threading.Thread(target=send, args=[tasks]) for tasks in every]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert {task.wait() for tasks in every for task in tasks} <= {f"waitress-{number}" for number in range(4)}
