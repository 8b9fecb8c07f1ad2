"""What processes do over Zuora's API, or for it, before they are killed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ratable_server.api.zuora import importing
from ratable_server.api.zuora.translate import usage_files
from ratable_server.operations import idempotency
from ratable_server.operations.usage import report_files
from tests.server.crash.dying import _die, _die_at
from tests.wire.zuora.calling import Zuora

HALF = "some of the rows are read"

# Where a worker dies: the module and the function of it at which.
PLACES: dict[str, tuple[Any, str]] = {
    "the file is its own and was not read": (importing, "read_file"),
    "the file is read": (importing, "import_report_file"),
    HALF: (usage_files, "_report"),
    "every row is written and the file is not done": (report_files, "keep_receipt"),
    "the file is done and the audit does not know": (report_files, "record_change"),
}


def send(zuora: Zuora, body: Mapping[str, Any], key: str | None = None) -> tuple[int, str, bool]:
    """Report usage: the status, the text of the answer, and whether it was told before."""
    headers = {"X-Zuora-WSDL-Version": "114", **({"Idempotency-Key": key} if key else {})}
    told = zuora.post("/v1/object/usage", body, headers=headers)
    return told.status, told.text, told.headers.get("Idempotent-Replayed") == "true"


def send_and_die(zuora: Zuora, body: Mapping[str, Any], key: str | None = None) -> None:
    """Report usage, and never tell that it is done."""
    status, _, _ = send(zuora, body, key)
    assert status == 200
    _die()


def send_but_for_the_commit_and_die(zuora: Zuora, body: Mapping[str, Any], key: str) -> None:
    """Report usage with its key and its answer written, but not committed."""
    whole = idempotency._remember

    def dying(*arguments: Any, **named: Any) -> Any:
        whole(*arguments, **named)
        _die()

    idempotency._remember = dying
    send(zuora, body, key)


def import_and_die(place: str, rows: int = 0) -> None:
    """Import what waits as far as a place; `rows` says how many are some."""
    module, name = PLACES[place]
    if place == HALF:
        _die_after(module, name, rows)
    else:
        _die_at(module, name, None)
    importing.import_waiting_files()


def import_all_and_die() -> None:
    """Import what waits, and never tell that it is done."""
    assert importing.import_waiting_files().imported == 1
    _die()


def _die_after(module: Any, name: str, calls: int) -> None:
    whole, done = getattr(module, name), list[int]()

    def dying(*arguments: Any, **named: Any) -> Any:
        done.append(1)
        if len(done) == calls:
            _die()
        return whole(*arguments, **named)

    setattr(module, name, dying)
