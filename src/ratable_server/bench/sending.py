"""Requests from several connections at once, and how long each caller waited."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http.client import HTTPConnection
from threading import Lock
from typing import NamedTuple

_MILLI = Decimal("0.01")


class Load(NamedTuple):
    """What is posted: bodies, one after the other, to a path of a site."""

    port: int
    path: str
    token: str
    bodies: Iterator[bytes]


class Sent(NamedTuple):
    """What came of a load: requests a second, and how long each took."""

    a_second: Decimal
    waits_ms: list[Decimal]


def send_all(load: Load, *, connections: int, seconds: int | None = None) -> Sent:
    """Post every body, or as many as there is time for, from as many connections; each waits for its answer."""
    lock = Lock()
    ends_at = None if seconds is None else time.monotonic_ns() + seconds * 10**9

    def next_body() -> bytes | None:
        if ends_at is not None and time.monotonic_ns() > ends_at:
            return None
        with lock:
            return next(load.bodies, None)

    start = time.perf_counter_ns()
    with ThreadPoolExecutor(connections) as senders:
        parts = [senders.submit(_send, load, next_body) for _ in range(connections)]
    waits = [wait for part in parts for wait in part.result()]
    return Sent(len(waits) / _seconds_since(start), waits)


def seconds_of(work: Callable[[], object]) -> Decimal:
    """How long it takes."""
    start = time.perf_counter_ns()
    work()
    return _seconds_since(start)


def _send(load: Load, next_body: Callable[[], bytes | None]) -> list[Decimal]:
    connection = HTTPConnection("127.0.0.1", load.port, timeout=60)
    headers = {"Content-Type": "application/json"}
    if load.token:
        headers["Authorization"] = f"Bearer {load.token}"
    waits = []
    while (body := next_body()) is not None:
        start = time.perf_counter_ns()
        connection.request("POST", load.path, body, headers)
        answer = connection.getresponse()
        told = answer.read()
        if answer.status not in {200, 201}:
            raise SystemExit(f"not what was to be measured: {answer.status} {told[:500]!r}")
        waits.append((_seconds_since(start) * 1000).quantize(_MILLI))
    connection.close()
    return waits


def _seconds_since(start_ns: int) -> Decimal:
    return Decimal(time.perf_counter_ns() - start_ns).scaleb(-9)
