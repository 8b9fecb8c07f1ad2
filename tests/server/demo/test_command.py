"""`ratable demo` as a process: a database of its own, in a folder of its own, gone or stopped at the end."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ratable_server.demo.home import TakenFolderError, own_books
from ratable_server.operations.embedded import is_short_enough

NOBODY = {"RATABLE_HOME": "/nowhere", "RATABLE_DATABASE_URL": "postgresql://nobody@nowhere/none"}


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path, as a socket needs, with a space and a quote in it."""
    made = Path(tempfile.mkdtemp(prefix="ratable d'emo "))
    yield made
    shutil.rmtree(made, ignore_errors=True)


def test_the_demo_has_books_of_its_own_and_stops_them(folder: Path):
    done = subprocess.run(
        [sys.executable, "-m", "ratable", "demo", "--out", str(folder / "out"), "--json"],
        env={**os.environ, **NOBODY},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    record = json.loads(done.stdout)

    assert (record["ok"], record["checked"], record["figures"]) == (True, 79, 119)
    assert [month["month_on"] for month in record["months"]][::11] == ["2025-01-01", "2025-12-01"]
    assert {check["is_sound"] for check in record["verify"]} == {True}
    assert {"currency": "EUR", "account": "cash", "debit": "24000", "credit": "0"} in record["reports"]["trial_balance"]
    for name, files in record["files"].items():
        assert sorted(files) == sorted(path.name for path in (folder / "out" / name).iterdir())
    books = folder / "out" / "books"
    assert (books / "postgres" / "PG_VERSION").is_file()
    assert not (books / "postgres" / "postmaster.pid").exists()


def test_books_of_an_earlier_demo_are_replaced(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("RATABLE_DATABASE_URL", "postgresql://somebody@somewhere/theirs")
    before = dict(os.environ)
    for name in ("first", "second"):
        with own_books(folder) as home:
            assert os.environ["RATABLE_HOME"] == str(home) == str(folder.resolve() / "books")
            assert "RATABLE_DATABASE_URL" not in os.environ
            (home / name).touch()

    assert not (folder / "books" / "first").exists()
    assert (folder / "books" / "second").is_file()
    assert dict(os.environ) == before


def test_what_no_demo_has_made_is_not_touched(folder: Path):
    mine = folder / "books" / "postgres"
    mine.mkdir(parents=True)
    (mine / "PG_VERSION").write_text("18")

    with pytest.raises(TakenFolderError, match="no demo has made it"), own_books(folder):
        pytest.fail("there must be no books")
    assert (mine / "PG_VERSION").read_text() == "18"
    assert os.environ["RATABLE_HOME"] != str(folder / "books")


def test_a_path_that_is_too_long_has_its_books_elsewhere_for_a_while(tmp_path: Path):
    deep = tmp_path / ("d" * 100)
    assert not is_short_enough(deep)

    with own_books(deep) as home:
        assert is_short_enough(home)
        assert home.is_dir()
    assert not home.exists()
    assert not deep.exists()
