"""The command line: answers, files and exit codes; the player is a stand-in."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from ratable import __version__
from ratable.__main__ import app
from ratable.cases.judging import Row
from ratable.cases.records import Case
from ratable.errors import MalformedCaseError

HOLDS = "case: holds\nexpect:\n  revenue: [{amount: 5}]\n"
FAILS = "case: fails\nexpect:\n  revenue: [{amount: 6}]\n"
MALFORMED = "case: bad\nreveneu: 5\n"


class FakePlayed:
    """Books with one row, and one stage table."""

    def rows(self, table: str, at: date | None = None) -> list[Row]:
        assert at is None
        return [{"amount": Decimal(5), "currency": "USD"}] if table == "revenue" else []

    def stage_tables(self) -> dict[str, pa.Table]:
        columns = {
            "customer": ["=1+1", "-1", "@SUM(A1)", "+1", "\tx", "Acme, Inc", None],
            "amount": pa.array([Decimal("-5.00")] * 7, pa.decimal128(38, 2)),
            "period": pa.array([date(2026, 1, 1)] * 7),
        }
        return {"journal": pa.table(columns)}


def fake_play(case: Case) -> FakePlayed:
    if case.case == "bad-file":
        raise MalformedCaseError(case.path.parent / "usage.csv", 3, "quantity", "the column is missing")
    return FakePlayed()


@pytest.fixture(autouse=True)
def _stand_in_player(monkeypatch: pytest.MonkeyPatch) -> None:
    module = ModuleType("ratable.cases.playing")
    module.play = fake_play  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ratable.cases.playing", module)


def ratable(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def write(folder: Path, text: str, name: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_check_holds(tmp_path: Path):
    answer = ratable("check", write(tmp_path, HOLDS, "a.yaml"))

    assert (answer.exit_code, answer.stdout) == (0, "ok    holds  1 checked\n1 case, all hold\n")


def test_check_does_not_hold(tmp_path: Path):
    write(tmp_path, HOLDS, "a.yaml")
    fails = write(tmp_path, FAILS, "b.yaml")
    answer = ratable("check", tmp_path)

    assert answer.exit_code == 1
    assert answer.stdout.splitlines() == [
        "ok    holds  1 checked",
        "WRONG fails  1 checked, 1 wrong",
        f"  {fails}:3 revenue",
        "    amount: expected 6, got 5",
        "    from 1 row:",
        "      amount=5 currency=USD",
        "2 cases, 1 wrong",
    ]


def test_check_as_json(tmp_path: Path):
    answer = ratable("check", "--json", write(tmp_path, FAILS, "a.yaml"), write(tmp_path, HOLDS, "b.yaml"))
    wrong = {
        "table": "revenue",
        "line": 3,
        "keys": {},
        "expected": {"amount": "6"},
        "actual": {"amount": "5"},
        "rows": [{"amount": "5", "currency": "USD"}],
    }

    assert answer.exit_code == 1
    assert json.loads(answer.stdout) == [
        {"case": "fails", "ok": False, "checked": 1, "wrong": [wrong]},
        {"case": "holds", "ok": True, "checked": 1, "wrong": []},
    ]


def test_all_malformed_files_are_told_and_the_others_are_checked(tmp_path: Path):
    first, second = write(tmp_path, MALFORMED, "1.yaml"), write(tmp_path, "case: x\nabout: [\n", "2.yaml")
    write(tmp_path, FAILS, "3.yaml")
    answer = ratable("check", tmp_path)
    told = answer.stderr.splitlines()

    assert answer.exit_code == 2
    assert told[0].startswith(f"{first}:2: reveneu: unknown key")
    assert told[1].startswith(f"{second}:3: not YAML")
    assert len(told) == 2
    assert answer.stdout.startswith("WRONG fails")


def test_a_malformed_usage_file_shows_when_the_case_is_played(tmp_path: Path):
    answer = ratable("check", write(tmp_path, "case: bad-file\n", "a.yaml"))

    assert answer.exit_code == 2
    assert answer.stderr == f"{tmp_path}/usage.csv:3: quantity: the column is missing\n"


def test_nothing_played_is_not_told_as_held(tmp_path: Path):
    bad = write(tmp_path, MALFORMED, "a.yaml")
    plain, as_json = ratable("check", bad), ratable("check", bad, "--json")

    assert (plain.exit_code, plain.stdout) == (2, "")
    assert as_json.exit_code == 2
    told = plain.stderr.strip()
    assert json.loads(as_json.stdout) == [{"case": str(bad), "ok": False, "checked": 0, "wrong": [], "error": told}]


def test_run_into_a_file_is_told_and_the_file_stays(tmp_path: Path):
    case, taken = write(tmp_path, HOLDS, "a.yaml"), write(tmp_path, "mine", "taken")
    answers = [ratable("run", case, "--out", out) for out in (taken, taken / "below")]

    assert [answer.exit_code for answer in answers] == [2, 2]
    assert {answer.stderr for answer in answers} == {f"--out: {taken} is a file, not a folder\n"}
    assert taken.read_text() == "mine"


@pytest.mark.parametrize("command", ["run", "demo"])
def test_a_folder_whose_name_is_no_text_is_told_before_anything_is_played(tmp_path: Path, command: str):
    folder = tmp_path / os.fsdecode(b"tables\xff")
    given = [write(tmp_path, HOLDS, "a.yaml")] if command == "run" else []
    answer = ratable(command, *given, "--out", folder)

    assert (answer.exit_code, answer.stdout) == (2, "")
    assert answer.stderr == f"--out: {str(folder)!r} is no UTF-8\n"
    assert not folder.exists()


def test_nothing_to_check_is_not_success(tmp_path: Path):
    empty, missing = ratable("check", tmp_path), ratable("check", tmp_path / "none")

    assert (empty.exit_code, missing.exit_code) == (2, 2)
    assert empty.stderr == f"no case files (*.yaml) in {tmp_path}\n"
    assert missing.stderr == f"{tmp_path}/none:1: there is no such file or folder\n"


def test_books_that_are_not_installed_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ratable.__main__._has_books", lambda: False)
    answer = ratable("check", "--books", write(tmp_path, HOLDS, "a.yaml"))

    assert answer.exit_code == 2
    assert "the books are not installed" in answer.stderr
    assert answer.stdout == ""


def test_run_writes_each_table_twice(tmp_path: Path):
    answer = ratable("run", write(tmp_path, HOLDS, "a.yaml"), "--out", tmp_path / "out", "--json")
    with (tmp_path / "out" / "journal.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.reader(lines))

    assert answer.exit_code == 0
    assert json.loads(answer.stdout) == {
        "case": "holds",
        "folder": str(tmp_path / "out"),
        "tables": [
            {
                "table": "journal",
                "rows": 7,
                "csv": str(tmp_path / "out" / "journal.csv"),
                "parquet": str(tmp_path / "out" / "journal.parquet"),
            }
        ],
    }
    assert rows[0] == ["customer", "amount", "period"]
    assert [row[0] for row in rows[1:]] == ["'=1+1", "'-1", "'@SUM(A1)", "'+1", "'\tx", "Acme, Inc", ""]
    assert {tuple(row[1:]) for row in rows[1:]} == {("-5.00", "2026-01-01")}
    assert pq.read_table(tmp_path / "out" / "journal.parquet")["customer"].to_pylist()[0] == "=1+1"


def test_run_writes_beside_us_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    answer = ratable("run", write(tmp_path, HOLDS, "a.yaml"))

    assert answer.stdout == "holds-tables/journal.csv  7 rows\n"
    assert (tmp_path / "holds-tables" / "journal.parquet").is_file()


def test_run_of_a_malformed_file_writes_nothing(tmp_path: Path):
    answer = ratable("run", write(tmp_path, MALFORMED, "a.yaml"), "--out", tmp_path / "out")

    assert answer.exit_code == 2
    assert answer.stderr.startswith(f"{tmp_path}/a.yaml:2: reveneu: unknown key")
    assert not (tmp_path / "out").exists()


def test_version():
    assert ratable("version").stdout == f"{__version__}\n"
    assert json.loads(ratable("version", "--json").stdout) == {"version": __version__}


def test_help_loads_no_engine():
    """Start-up is quick because commands import late; `--help` must not load the columnar libraries."""
    probe = "import sys, ratable.__main__; print(*sorted({'ibis', 'duckdb', 'pyarrow', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not done.stdout.split()
