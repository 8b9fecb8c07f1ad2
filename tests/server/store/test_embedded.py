"""How the embedded server runs."""

from __future__ import annotations

from pathlib import Path

import psutil
import psycopg
import pytest

TAKES_MEMORY = "SELECT string_agg(repeat('x', 1000), ',') FROM generate_series(1, 1000)"  # a MiB and more: 256 pages


def page_faults(pid: int) -> int:
    """How often a process was given a page of memory that it did not have."""
    return int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()[7])


@pytest.mark.skipif(not psutil.LINUX, reason="Linux tells it")
def test_a_process_keeps_the_memory_of_one_statement_for_the_next(superuser: psycopg.Connection):
    pid = superuser.info.backend_pid
    for _ in range(3):
        superuser.execute(TAKES_MEMORY).fetchone()
    before = page_faults(pid)
    for _ in range(20):
        superuser.execute(TAKES_MEMORY).fetchone()
    assert page_faults(pid) - before < 200
