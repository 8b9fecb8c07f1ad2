"""`ratable work`: what is done in the background.

Webhooks are told what has changed, files that were taken are imported, keys of requests that no longer count are forgotten,
subscriptions of contracts without an end are planned on.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Annotated, Any

import typer
from typing_extensions import override

from ratable_server.cli.answering import Json, answer, told
from ratable_server.cli.starting import prepare

Once = Annotated[bool, typer.Option("--once", help="Do what is due now, and end.")]

Job = Callable[..., Any]

_PAUSE_SECONDS = 5
_log = logging.getLogger("ratable_server.work")


def join(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(told(work))


def work(*, once: Once = False, as_json: Json = False) -> None:
    """Tell webhooks what has changed, import files, forget old keys, plan renewals, until it is stopped; `ratable serve` does so too."""
    prepare()
    from ratable_server.operations.embedded import start_embedded_server

    start_embedded_server()
    if once:
        done = {state: count for do in _jobs() for state, count in asdict(do()).items()}
        answer(done, [", ".join(f"{count} {state}" for state, count in done.items())], as_json=as_json)
        return
    worker = Worker()
    for stopping in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopping, lambda *_: worker.stop())
    worker.run()


class Worker(threading.Thread):
    """Rounds of work, with a pause between them; a round that fails is logged, and the next one begins anew."""

    def __init__(self) -> None:
        super().__init__(name="ratable-work", daemon=True)
        self._is_stopped = threading.Event()
        self._due_at: dict[Job, float] = {}

    @override
    def run(self) -> None:
        """Work until it is stopped."""
        while not self._is_stopped.wait(_PAUSE_SECONDS):
            self._work_once()

    def stop(self) -> None:
        """End as soon as what is under way is done."""
        self._is_stopped.set()

    def _work_once(self) -> None:
        """What is due by now. One job that fails does not keep the others from theirs, and is due again at once."""
        from django.db import connections

        from ratable_server.failing import WorkWaitsError

        for do, pause_seconds in _jobs().items():
            if time.monotonic() < self._due_at.get(do, 0):
                continue
            try:
                do(is_over=self._is_stopped.is_set)
            except WorkWaitsError:
                continue  # it has told the log what waits, and is due again at once
            except Exception:  # noqa: BLE001 - told to the log; the next round begins anew
                _log.exception("a round of work failed; the next one begins in %s seconds", _PAUSE_SECONDS)
                connections.close_all()
            else:
                self._due_at[do] = time.monotonic() + pause_seconds


def _jobs() -> dict[Job, float]:
    """What there is to do, and how many seconds later again.

    The doors that know the words are named in the settings: doors do not know one another.
    """
    from django.conf import settings
    from django.utils.module_loading import import_string

    return {import_string(name): pause_seconds for name, pause_seconds in settings.BACKGROUND_WORK.items()}
