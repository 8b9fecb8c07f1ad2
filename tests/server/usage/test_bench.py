"""The measurement of the ingest runs, on few rows: its figures are for people, not for tests."""

from __future__ import annotations

import json
import subprocess
import sys


def test_the_ingest_is_measured_in_a_database_of_its_own():
    words = [
        "-m",
        "ratable_server.bench.ingesting",
        "--rows",
        "300",
        "--contracts",
        "3",
        "--turns",
        "1",
        "--ids",
        "random",
    ]
    answer = subprocess.run([sys.executable, *words], check=True, capture_output=True, text=True)

    (found,) = json.loads(answer.stdout.splitlines()[-1])
    assert (found["ids"], found["rows"], len(found["copy"]), len(found["ingest"])) == ("random", 300, 1, 1)


def test_usage_at_volume_is_measured_beside_something_bare():
    words = ["-m", "ratable_server.bench.volume", "--calls", "2", "--seconds", "1", "--turns", "1", "--contracts", "20"]
    answer = subprocess.run([sys.executable, *words], check=True, capture_output=True, text=True)

    found = json.loads(answer.stdout.splitlines()[-1])
    assert [len(found[kind]) for kind in ("batches", "singles")] == [2, 4]
    assert all(len(rate["a_second"]) == 1 for kind in found.values() for rate in kind)
