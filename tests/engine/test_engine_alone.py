"""The calculation stands alone: a fresh process loads no framework, no server and no cluster."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

FOREIGN = ("django", "rest_framework", "ratable_server", "psycopg", "sqlite3", "pyspark", "adbc_driver_postgresql")
PLAY = """
import sys
from ratable.cases.judging import judge
from ratable.cases.playing import play
from ratable.cases.reading import read_case
from pathlib import Path
case = read_case(Path(sys.argv[1]))
assert judge(case, play(case)).ok
"""
TELL = "print(*sorted(set(name.split('.')[0] for name in sys.modules)))"


def loaded_by(code: str, *arguments: str) -> set[str]:
    """Top-level modules that a fresh process has loaded after running the code."""
    command = [sys.executable, "-c", f"{code}\nimport sys; {TELL}", *arguments]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.slow
def test_a_case_is_played_without_framework_server_or_cluster(root: Path):
    loaded = loaded_by(PLAY, str(root / "tests" / "golden" / "chain" / "prepaid-chain.yaml"))

    assert {"duckdb", "ibis", "pyarrow", "ratable"} <= loaded
    assert not loaded & set(FOREIGN)


def test_importing_the_package_is_light():
    """`import ratable` is the version; nobody pays for the engine before it runs."""
    loaded = loaded_by("import ratable; assert ratable.__version__")

    assert "ratable" in loaded
    assert not loaded & {"ibis", "duckdb", "pyarrow", "pandas", "numpy", "yaml", "rich", "typer", *FOREIGN}


def test_the_probe_sees_what_is_loaded():
    assert {"sqlite3", "ratable"} <= loaded_by("import sqlite3, ratable")
