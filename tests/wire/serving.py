"""`ratable serve` as a process of its own, on the books of the tests."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO

from ratable_server.bench.serving import told_port

ENDS_IN_SECONDS = 90


@contextmanager
def serving(
    *arguments: str, environment: Mapping[str, str] | None = None, log: IO[str] | None = None
) -> Iterator[tuple[int, subprocess.Popen[str]]]:
    """A server that listens on a port that was free; it is killed at the end, if it has not ended before."""
    command = [sys.executable, "-m", "ratable", "serve", "--port", "0", *arguments]
    told = {**os.environ, **(environment or {})}
    with subprocess.Popen(command, env=told, stdout=subprocess.PIPE, stderr=log, text=True) as server:
        try:
            yield told_port(server), server
        finally:
            server.kill()


@contextmanager
def served_to_its_end(*arguments: str, environment: Mapping[str, str] | None = None) -> Iterator[int]:
    """The port of a server that ends in order when it is told to."""
    with serving(*arguments, environment=environment) as (port, server):
        yield port
        assert ended(server) == 0


def ended(server: subprocess.Popen[str]) -> int:
    """Tell a server to end; its exit status."""
    server.send_signal(signal.SIGTERM)
    return server.wait(timeout=ENDS_IN_SECONDS)
