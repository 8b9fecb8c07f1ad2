"""What the log says of requests that wait for a thread: a line in ten seconds, whatever comes."""

from __future__ import annotations

import logging
import logging.config

import pytest

from ratable_server.config.logs import WaitingRequests


def told(*waiting: tuple[float, int]) -> list[str]:
    """What goes into the log of the web server's warnings, each at a second with so many that wait."""
    filtering, lines = WaitingRequests(), []
    for second, depth in waiting:
        record = logging.LogRecord("waitress.queue", logging.WARNING, "", 0, "Task queue depth is %d", (depth,), None)
        record.created = second
        if filtering.filter(record):
            lines.append(record.getMessage())
    return lines


def line(now: int, most: int) -> str:
    return (
        f"Requests wait for a thread: {now} now, {most} at most since this was last said; `--threads` has more of them"
    )


def test_the_first_that_waits_is_told_at_once_and_then_the_deepest_queue_of_each_ten_seconds():
    assert told((100, 1)) == [line(1, 1)]
    assert told((100, 1), (100.1, 7), (109.9, 3)) == [line(1, 1)]
    assert told((100, 1), (100.1, 7), (109.9, 3), (110, 2), (111, 9)) == [line(1, 1), line(2, 7)]
    assert told((100, 1), (100.1, 7), (110, 2), (500, 4)) == [line(1, 1), line(2, 7), line(4, 4)]


def test_a_clock_that_is_set_back_silences_nothing():
    assert told((100, 1), (40, 5), (41, 6)) == [line(1, 1), line(5, 5)]


def test_a_thousand_warnings_a_second_are_six_lines_a_minute():
    assert len(told(*((number / 1_000, number % 50) for number in range(60_000)))) == 6


def test_the_settings_say_so_to_the_web_server(
    books: None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    """Of `ratable serve` and of whatever else is served with these settings, however often they are read."""
    from django.conf import settings  # noqa: PLC0415 - once the books are there

    logging.config.dictConfig(settings.LOGGING)
    queue = logging.getLogger("waitress.queue")
    assert [type(each) for each in queue.filters] == [WaitingRequests]
    monkeypatch.setattr(queue.filters[0], "_told_at_ms", -10_000)
    for depth in (1, 2, 3):
        queue.warning("Task queue depth is %d", depth)
    queue.warning("something else")
    assert [record.getMessage() for record in caplog.records] == [line(1, 1), "something else"]
