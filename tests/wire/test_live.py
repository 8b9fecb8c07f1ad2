"""The web server itself: it answers beside slow clients, says how large a body may be, and ends when it is told to."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.wire.calling import Api
from tests.wire.serving import ended, served_to_its_end, serving

SLOW = 40  # connections that never finish what they send
AT_ONCE = 40


@pytest.fixture
def port(books: None) -> Iterator[int]:
    """The port of `ratable serve` on the books of the tests."""
    with served_to_its_end("--threads", "2") as port:
        yield port


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


def test_a_port_that_somebody_has_is_told_in_a_line(port: int):
    command = [sys.executable, "-m", "ratable", "serve", "--port", str(port), "--no-worker"]
    told = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    line = f"not now: it cannot listen on '127.0.0.1', port {port}: Address already in use\n"
    assert (told.returncode, told.stdout, told.stderr) == (3, "", line)
    assert asked(port, "GET", "/healthz")[0] == 200


def test_it_ends_when_it_is_told_to_on_whatever_addresses_it_listens(books: None):
    """`*` is every address of both kinds, where the system has both: two sockets."""
    with serving("--host", "*", "--no-worker") as (_, server):
        assert ended(server) == 0


def test_requests_that_wait_are_a_line_in_the_log_and_not_one_each(books: None, tmp_path: Path):
    with (tmp_path / "log").open("w+") as log:
        with serving("--threads", "1", "--no-worker", log=log) as (port, server), ExitStack() as open_ones:
            asking = [open_ones.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(AT_ONCE)]
            for each in asking:
                each.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert [each.recv(15) for each in asking] == [b"HTTP/1.1 200 OK"] * AT_ONCE
            assert ended(server) == 0
        log.seek(0)
        lines = [line for line in log if "queue depth" in line or "for a thread" in line]
    assert [line.partition(":")[0] for line in lines] == ["Requests wait for a thread"]
