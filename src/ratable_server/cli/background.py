"""A draft that is computed by a process of its own: it goes on when the command that started it has ended."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from typing import IO

import typer

from ratable_server.actor import Actor
from ratable_server.cli.answering import REFUSED
from ratable_server.cli.starting import REQUEST_ID

_PATIENCE_SECONDS = 60  # until the process has begun its run


def start_draft(actor: Actor, month: str, *, tenant: str) -> int:
    """Start `ratable draft` in the background; give its run once it has begun.

    A process that ends before it has begun a run was refused: what it said is said here.
    """
    with tempfile.TemporaryFile() as output:
        command = [sys.executable, "-m", "ratable", "draft", month, "--tenant", tenant, "--json"]
        started = subprocess.Popen(  # noqa: S603 - our own command
            command,
            env={**os.environ, REQUEST_ID: actor.request_id},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        return _begun(actor, started, output)


def _begun(actor: Actor, started: subprocess.Popen[bytes], output: IO[bytes]) -> int:
    from ratable_server.queries.periods import run_of_request

    for _ in range(_PATIENCE_SECONDS):
        is_ended = started.poll() is not None
        found = run_of_request(actor=actor, request_id=actor.request_id)
        if found is not None:
            return found.run_id
        if is_ended:
            break
        time.sleep(1)
    output.seek(0)
    typer.echo(output.read().decode(errors="replace").strip() or "the draft has not begun", err=True)
    raise typer.Exit(started.returncode or REFUSED)
