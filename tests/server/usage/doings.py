"""What other processes do with usage in a test: they meet, or they are killed in the middle."""

from __future__ import annotations

import os
import signal
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from ratable_server.actor import Actor
from ratable_server.operations.usage import RejectedFile, Upload, importing, ingest_usage, settling
from ratable_server.store.load.receipts import Receipt
from tests.server.concurrency.crew import SECONDS

AT = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)

# Where an import dies: the module and the name of what it never does.
PLACES: dict[str, tuple[Any, str]] = {
    "the file is not read": (importing, "_read"),
    "half of the file is read": (importing, "layout_of"),
    "rows are staged": (settling, "prepare_months"),
    "usage is written but for the receipt": (settling, "record_change"),
}


def send(actor: Actor, content: bytes, name: str) -> Receipt:
    """The receipt of a file, taken or not."""
    try:
        return ingest_usage(actor=actor, upload=Upload(source=BytesIO(content), name=name), at=AT)
    except RejectedFile as refused:
        return refused.receipt


def send_and_die(actor: Actor, content: bytes, place: str) -> None:
    """Ingest a file as far as a place, and be killed as the system would kill."""
    module, name = PLACES[place]
    setattr(module, name, lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL))
    send(actor, content, "dies.csv")


def send_and_wait(actor: Actor, content: bytes, stands: Any, goes_on: Any) -> Receipt:
    """The receipt of a file whose import waits once for the test, its rows judged and nothing written."""
    module, name = PLACES["rows are staged"]
    go = getattr(module, name)

    def wait(months: Any) -> None:
        stands.set()
        assert goes_on.wait(SECONDS)
        go(months)

    setattr(module, name, wait)
    return send(actor, content, "waits.csv")


def send_and_stop(actor: Actor, content: bytes, stands: Any) -> None:
    """Ingest a file, tell when its rows are staged, and stand still."""

    def stand(*_: Any) -> None:
        stands.set()
        signal.pause()

    setattr(*PLACES["rows are staged"], stand)
    send(actor, content, "stands.csv")
