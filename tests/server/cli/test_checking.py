"""`ratable check --books`: a case told to books of its own; nothing of it stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

CHAIN = Path(__file__).resolve().parents[2] / "golden" / "chain" / "prepaid-chain.yaml"


def test_a_case_holds_in_the_books_and_leaves_nothing(tmp_path: Path):
    wrong = tmp_path / "wrong.yaml"
    text = CHAIN.read_text(encoding="utf-8")
    text = text.replace("case: chain-prepaid-chain", "case: another-name")
    wrong.write_text(text.replace('gross: "40000"', 'gross: "40000.01"', 1), encoding="utf-8")
    home = tmp_path / "home"
    home.mkdir()

    done = subprocess.run(
        [sys.executable, "-m", "ratable", "check", "--books", str(CHAIN), str(wrong), "--json"],
        env={**os.environ, "RATABLE_HOME": str(home)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    told = {each["case"]: each for each in json.loads(done.stdout)}
    right, other = told["chain-prepaid-chain"], told["another-name"]
    assert (right["ok"], right["checked"], right["wrong"]) == (True, 14, [])
    assert [(each["expected"]["gross"], each["actual"]["gross"]) for each in other["wrong"]] == [("40000.01", "40000")]
    assert list(home.iterdir()) == []
