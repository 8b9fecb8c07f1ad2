"""Imports that go on when their request is answered.

Owns how many there are at once. A process that dies leaves its imports pending with nobody at work on them: whoever asks
for one next, or closes a month, marks it as failed, nothing of it is in the books, and the same file can be sent again.
"""

from __future__ import annotations

import logging
import os
import shutil
import tempfile
import threading
from dataclasses import replace
from pathlib import Path
from queue import SimpleQueue

from django.db import connections

from ratable_server.actor import Actor
from ratable_server.clock import now_at
from ratable_server.errors import Refused, Unavailable
from ratable_server.operations.usage import Upload, ingest_usage

MOST_AT_ONCE = 4
_places = threading.BoundedSemaphore(MOST_AT_ONCE)
_log = logging.getLogger("ratable_server.api.native")

Begun = SimpleQueue[str | Exception]


def begin_import(*, actor: Actor, upload: Upload) -> str:
    """Let a file be read in the background; give the code of its import once that has its row.

    Raises:
        Refused: it is no file of usage, or the actor may not.
        Unavailable: as many files are read already as are at once.
    """
    if not _places.acquire(blocking=False):
        raise Unavailable("busy", detail=f"{MOST_AT_ONCE} files are being imported; send this one again later")
    begun: Begun = SimpleQueue()
    try:
        threading.Thread(target=_work, args=(actor, _kept(upload), begun), name="ratable-import").start()
    except BaseException:
        _places.release()  # nobody is at work who would give the place back
        raise
    first = begun.get()
    if isinstance(first, Exception):
        raise first
    return first


def _work(actor: Actor, upload: Upload, begun: Begun) -> None:
    """The import; what goes wrong before it has begun is told to who waits, afterwards its row tells it."""
    try:
        ingest_usage(actor=actor, upload=upload, at=now_at(), now=now_at, tell_begun=begun.put)
    except (Refused, Unavailable) as error:
        begun.put(error)
    except Exception as error:  # noqa: BLE001 - told to the log, and to who waits
        _log.exception("an import of %s in the background failed", upload.name)
        begun.put(error)
    finally:
        connections.close_all()
        if isinstance(upload.source, Path):
            upload.source.unlink(missing_ok=True)
        _places.release()


def _kept(upload: Upload) -> Upload:
    """The same file under a name that outlives the request."""
    handle, name = tempfile.mkstemp(prefix="ratable-import-")
    with os.fdopen(handle, "wb") as copy:
        if not isinstance(upload.source, Path):
            shutil.copyfileobj(upload.source, copy)
            return replace(upload, source=Path(name))
    Path(name).unlink()
    os.link(upload.source, name)  # in the same folder of temporary files: nothing is copied
    return replace(upload, source=Path(name))
