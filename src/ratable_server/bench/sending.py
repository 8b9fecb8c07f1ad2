"""Requests from several connections at once: how long each caller waited, and what the servers took to answer.

Time on a processor is that of the sites, which are processes of this one, and of the database's with all of its own.
On a machine that is busy with other work only this tells anything.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from http.client import HTTPConnection
from threading import Lock
from typing import NamedTuple

import psutil

_MILLI = Decimal("0.01")


class Load(NamedTuple):
    """What is posted: bodies, one after the other, to a path of a site."""

    port: int
    path: str
    token: str
    bodies: Iterator[bytes]


class Sent(NamedTuple):
    """What came of a load: requests a second, how long each took, and on a processor."""

    a_second: Decimal
    waits_ms: list[Decimal]
    busy_ms: Decimal


def send_all(load: Load, *, connections: int, seconds: int | None = None) -> Sent:
    """Post every body, or as many as there is time for, from as many connections; each waits for its answer."""
    lock = Lock()
    ends_at = None if seconds is None else time.monotonic_ns() + seconds * 10**9

    def next_body() -> bytes | None:
        if ends_at is not None and time.monotonic_ns() > ends_at:
            return None
        with lock:
            return next(load.bodies, None)

    busy, start = busy_seconds(), time.perf_counter_ns()
    with ThreadPoolExecutor(connections) as senders:
        parts = [senders.submit(_send, load, next_body) for _ in range(connections)]
    waits = [wait for part in parts for wait in part.result()]
    return Sent(len(waits) / _seconds_since(start), waits, (busy_seconds() - busy) * 1000 / len(waits))


def busy_seconds() -> Decimal:
    """Seconds on a processor so far, of every site and of the database with all of its processes, gone ones too."""
    from ratable_server.store import places

    lines = (places.cluster() / "postmaster.pid").read_text(encoding="utf-8").splitlines()
    postmaster = psutil.Process(int(lines[0]))
    gone = postmaster.cpu_times()
    told = [gone.user, gone.system, gone.children_user, gone.children_system]
    for process in (*postmaster.children(recursive=True), *psutil.Process().children(recursive=True)):
        with suppress(psutil.NoSuchProcess):
            own = process.cpu_times()
            told += [own.user, own.system]
    return sum((Decimal(str(seconds)) for seconds in told), Decimal(0))


def done(work: Callable[[], object], *, count: int) -> Sent:
    """What work came to that is as much as so many requests."""
    busy, start = busy_seconds(), time.perf_counter_ns()
    work()
    return Sent(count / _seconds_since(start), [], (busy_seconds() - busy) * 1000 / count)


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
