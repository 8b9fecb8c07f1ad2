"""Which thread of the web server answers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from waitress.task import ThreadedTaskDispatcher

from ratable_server.cli.web_server import answering_threads


class Request:
    """Something to answer; `answer` is called by the thread that does."""

    def __init__(self, answer: Callable[[], object]) -> None:
        self.service = answer


def wait_for_rest(threads: ThreadedTaskDispatcher) -> None:
    """Until nobody is at work."""
    ends_at = time.monotonic() + 10
    while threads.active_count or threads.queue:
        assert time.monotonic() < ends_at
        time.sleep(1 / 1_000)


def test_the_thread_that_answered_last_answers_next_and_others_where_it_is_at_work():
    threads, answered, together = answering_threads(3), list[str](), threading.Barrier(3, timeout=10)

    def answer() -> None:
        answered.append(threading.current_thread().name)

    def answer_together() -> None:
        together.wait()
        answer()

    wait_for_rest(threads)
    for _ in range(5):
        threads.add_task(Request(answer))
        wait_for_rest(threads)
    assert [len(answered), len(set(answered))] == [5, 1]

    for _ in range(3):
        threads.add_task(Request(answer_together))
    wait_for_rest(threads)
    assert [len(answered), len(set(answered[5:]))] == [8, 3]
    threads.shutdown()
    assert not threads.threads
