"""The web server: waitress, which takes a request in whole before a thread works on it.

Owns its limits. A client that sends or reads slowly costs a socket and no thread.
"""

from __future__ import annotations

import errno
import gc
import json
import logging
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, NamedTuple

import waitress
from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import URLResolver, get_resolver
from waitress import utilities
from waitress.server import BaseWSGIServer

from ratable_server.threads import threads_of

_MOST_HEADER_BYTES = 16_384
_SECONDS_TO_FINISH = 30
_SECONDS_OF_A_TURN = 1 / 2_000  # of a thread: one that waits for the database soon goes on, whoever else computes
_SECONDS_TO_END = 5
_TRIES = 10
_NEW_OBJECTS = 20_000  # before somebody looks for rubbish among them: a call of a thousand records makes some thousands
_BACKGROUND = "ratable-import"


def _told_as_json(error: Any, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:  # noqa: ARG001 - as waitress calls it
    """What the server refuses before any view: a head that is too large, a length that is none."""
    body = json.dumps({"detail": f"{error.reason}."}).encode()
    headers = [("Content-Type", "application/json"), ("Connection", "close")]
    return f"{error.code} {error.reason}", headers, body


class Listening(NamedTuple):
    """The web server, and each socket on which it takes connections: a name may stand for several addresses."""

    server: Any
    sockets: Sequence[Any]

    @property
    def ports(self) -> list[int]:
        """Where it listens, also where it was left to the system to find a free port."""
        return sorted({int(socket.effective_port) for socket in self.sockets})


def listen(*, host: str, port: int, threads: int) -> Listening:
    """Take connections from here on; they are answered once the server runs.

    A host of several addresses has one port. Where the system finds it (port 0), it finds one for each address: the first
    one found is then asked for on all of them.

    Raises:
        OSError: somebody else listens there, or there is no such address.
    """
    utilities.Error.to_response = _told_as_json
    sys.setswitchinterval(_SECONDS_OF_A_TURN)
    application, dispatcher = get_wsgi_application(), threads_of(threads)
    _keep_what_is_loaded()
    for _ in range(_TRIES):
        listening = _listening(application, dispatcher, host=host, port=port)
        if len(listening.ports) == 1:
            return listening
        for each in listening.sockets:
            each.close()
        with suppress(OSError):  # somebody has it on another address
            return _listening(application, dispatcher, host=host, port=listening.ports[0])
    raise OSError(errno.EADDRINUSE, "no port is free on all of its addresses")


def _listening(application: Any, dispatcher: Any, *, host: str, port: int) -> Listening:
    there: dict[int, Any] = {}
    try:
        server = waitress.create_server(
            application,
            map=there,
            host=host,
            port=port,
            _dispatcher=dispatcher,
            connection_limit=1_000,
            channel_timeout=10,
            cleanup_interval=5,
            max_request_header_size=_MOST_HEADER_BYTES,
            max_request_body_size=settings.MOST_IMPORT_BYTES,  # what a route takes is asked by the route
            clear_untrusted_proxy_headers=True,
            asyncore_use_poll=True,
            ident=None,
        )
    except ValueError as error:  # all else that is said above can be
        raise OSError(errno.EADDRNOTAVAIL, "no such address") from error
    except OSError:
        for each in [*there.values()]:  # of an address on which it could
            each.close()
        raise
    return Listening(server, [each for each in there.values() if isinstance(each, BaseWSGIServer)])


def run(listening: Listening, *, begun: Callable[[], None]) -> None:
    """Answer until SIGTERM or SIGINT; then nothing new is taken, and what has begun is finished.

    `begun` is called once it can be told to end.
    """
    finish = partial(_finish, listening.sockets)
    signal.signal(signal.SIGTERM, lambda *_: threading.Thread(target=finish, daemon=True).start())
    answering = [thread for thread in threading.enumerate() if thread.name.startswith("waitress")]
    with suppress(KeyboardInterrupt):  # the loop may have ended by itself before `_finish` ends it
        begun()
        listening.server.run()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ends_at = time.monotonic() + _SECONDS_TO_END
    for thread in answering:  # each has an engine warm: ended by the interpreter in the middle of that, it would abort
        thread.join(timeout=max(0, ends_at - time.monotonic()))  # whoever is slower: see `end_process`
    for thread in threading.enumerate():  # an import that goes on behind its answer is finished, however long it takes
        if thread.name == _BACKGROUND:
            thread.join()


def end_process() -> None:
    """End where a thread still has an engine at work: cleared up beneath it, the process would abort or stand still."""
    if any(thread.name.startswith("waitress") for thread in threading.enumerate()):
        logging.shutdown()
        sys.stdout.flush()
        os._exit(0)


def _keep_what_is_loaded() -> None:
    """Leave programs and routes out when rubbish is looked for, which stops every thread: they stay to the end."""
    _load_views(get_resolver())
    gc.collect()
    gc.freeze()
    gc.set_threshold(_NEW_OBJECTS)


def _load_views(routes: URLResolver) -> None:
    """Load each API now, and not with the first request to it: what it needs is then of one version, however long it serves."""
    for each in routes.url_patterns:
        if isinstance(each, URLResolver):
            _load_views(each)


def _finish(sockets: Sequence[Any]) -> None:
    """Let running requests come to their end, then end the server's loop as Ctrl-C does."""
    _take_no_more(sockets)
    ends_at = time.monotonic() + _SECONDS_TO_FINISH
    while time.monotonic() < ends_at and any(_has_busy_channels(each) for each in sockets):
        time.sleep(1 / 20)
    while True:  # until the process has ended: an interrupt that comes while an object is thrown away is lost
        signal.raise_signal(signal.SIGINT)
        time.sleep(2 * _SECONDS_TO_END)


def _take_no_more(sockets: Sequence[Any]) -> None:
    for each in sockets:
        each.accepting = False
        each.handle_close = each.close  # it was asked for: nothing to warn of
        each.socket.close()


def _has_busy_channels(socket: Any) -> bool:
    return any(_is_busy(channel) for channel in list(socket.active_channels.values()))


def _is_busy(channel: Any) -> bool:
    return bool(channel.requests or channel.request or channel.total_outbufs_len)
