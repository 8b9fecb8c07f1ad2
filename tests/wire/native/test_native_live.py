"""The web server with a file on its way: how far it is, and what is left of it when the process is killed (A3)."""

from __future__ import annotations

import json
import signal
import time
from http.client import HTTPConnection
from typing import Any

from ratable_server.queries.usage_imports import import_state
from tests.server.soundness import assert_sound
from tests.wire.native.calling import Native
from tests.wire.native.test_native_story import TERMS
from tests.wire.serving import serving

ROWS = 150_000
SECONDS = 120


def asked(port: int, native: Native, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any]:
    connection = HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    said = {"Host": "localhost", "Authorization": f"Bearer {native.token}", "Content-Type": "text/csv", **headers}
    connection.request(method, f"/api/v1/{path}", body, said)
    answer = connection.getresponse()
    return answer.status, json.loads(answer.read())


def usage() -> bytes:
    """One call in each row."""
    rows = "".join(f"u-{number:032},acme-calls,2026-01-{number % 31 + 1:02},1\n" for number in range(ROWS))
    return b"id,item,used_on,quantity\n" + rows.encode()


def test_an_import_whose_process_is_killed_has_failed_and_its_file_is_taken_again(native: Native):
    native.post("terms", TERMS)
    content = usage()
    with serving("--threads", "2", "--no-worker") as (port, server):
        status, told = asked(port, native, "POST", "imports", content, Prefer="respond-async")
        assert (status, told["status"], told["content_bytes"]) == (202, "pending", len(content))
        while told["stage"] == "reading":
            assert told["status"] == "pending"
            assert told["read_bytes"] < len(content)
            assert told["read_rows"] < ROWS
            told = asked(port, native, "GET", f"imports/{told['id']}")[1]
        assert (told["stage"], told["read_bytes"], told["read_rows"]) == ("writing", len(content), ROWS)
        server.send_signal(signal.SIGKILL)
        server.wait(timeout=SECONDS)
    code = told["id"]
    assert import_state(actor=native.actor, import_code=code).receipt.status == "pending"

    failed = ended(native, code)
    assert (failed["status"], failed["receipt"]["rows_accepted"]) == ("failed", 0)
    assert native.get("rejections")["count"] == 0

    with serving("--threads", "2", "--no-worker") as (port, _):
        status, told = asked(port, native, "POST", "imports", content)
        assert (status, told["status"]) == (201, "completed")
        assert (told["receipt"]["rows_accepted"], told["receipt"]["rows_duplicate"]) == (ROWS, 0)
    assert native.post("periods/2026-01/close").status == 200
    assert_sound(native.actor)


def test_a_server_that_is_told_to_end_finishes_the_imports_that_have_begun(native: Native):
    native.post("terms", TERMS)
    with serving("--threads", "2", "--no-worker") as (port, server):
        status, told = asked(port, native, "POST", "imports", usage(), Prefer="respond-async")
        assert (status, told["status"]) == (202, "pending")
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=SECONDS) == 0
    receipt = import_state(actor=native.actor, import_code=told["id"]).receipt
    assert (receipt.status, receipt.rows_accepted) == ("completed", ROWS)


def ended(native: Native, code: str) -> dict[str, Any]:
    """The import once the database knows that nobody works on it any more."""
    for _ in range(SECONDS):
        told: dict[str, Any] = native.get(f"imports/{code}").body
        if told["status"] != "pending":
            return told
        time.sleep(1)
    raise AssertionError("the import stays pending")
