"""The web server itself: it answers beside slow clients, says how large a body may be, and ends when it is told to."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.wire.calling import Api

SLOW = 40  # connections that never finish what they send
STARTS_IN_SECONDS = 120


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture
def port(books: None) -> Iterator[int]:
    """The port of `ratable serve` on the books of the tests."""
    port = free_port()
    command = [sys.executable, "-m", "ratable", "serve", "--port", str(port), "--threads", "2"]
    with subprocess.Popen(command, env=os.environ.copy(), stdout=subprocess.DEVNULL) as server:
        try:
            wait_for(port)
            yield port
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(timeout=90) == 0


def wait_for(port: int) -> None:
    ends_at = time.monotonic() + STARTS_IN_SECONDS
    while time.monotonic() < ends_at:
        try:
            if asked(port, "GET", "/healthz")[0] == 200:
                return
        except OSError:
            time.sleep(1 / 5)
    raise AssertionError("the server does not answer")


def asked(port: int, method: str, path: str, body: str = "", **headers: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request(method, path, body, {"Host": "localhost", "Content-Type": "application/json", **headers})
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read() or b"null")


def test_h6_a_good_request_is_answered_beside_slow_ones(api: Api, port: int):
    head = b"POST /rr/api/v1/product HTTP/1.1\r\nHost: localhost\r\n"
    with ExitStack() as slow:
        for number in range(SLOW):
            each = slow.enter_context(socket.create_connection(("127.0.0.1", port)))
            each.sendall(head + (b"Content-Length: 1000\r\n\r\n{" if number % 2 else b"X-A: b\r\n"))
        token = f"Token {api.token}"
        body = '{"product_name": "API", "price": 123456789.123456}'
        status, told = asked(port, "POST", "/rr/api/v1/product", body, Authorization=token)
        assert (status, told["product_name"]) == (201, "API")
        assert asked(port, "GET", "/readyz") == (200, {"status": "ready"})
        assert asked(port, "GET", "/rr/api/v1/product")[0] == 401
        assert asked(port, "GET", "/readyz", **{"X-Long": "a" * 20_000})[0] == 431
        status, told = asked(
            port, "POST", "/rr/api/v1/product", "{}", **{"Content-Length": "-1", "Authorization": token}
        )
        assert (status, list(told)) == (400, ["detail"])
    assert api.get("product")["count"] == 1
