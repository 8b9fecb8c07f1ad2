"""The guide of usage, followed to the letter: its files are written and its commands run, in order."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from ratable.errors import REJECTION_CODES
from ratable_server.actor import Actor
from tests.server.cli.asking import DONE, REFUSED, Command

GUIDES = Path(__file__).resolve().parents[3] / "docs" / "guides"
GUIDE = (GUIDES / "ingest.md").read_text(encoding="utf-8")
BLOCKS = re.compile(r"(?ms)([^\n]*)\n\n```(\w+)\n(.*?)^```$")


def words(text: str) -> str:
    return " ".join(text.split())


def files_of(guide: str) -> dict[str, str]:
    """The files that a guide says to write, by their names."""
    named = [(re.findall(r"`([\w-]+\.(?:yaml|csv))`", before), text) for before, _, text in BLOCKS.findall(guide)]
    return {names[-1]: text for names, text in named if names}


def test_the_guide_holds(actor: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    ratable = Command(actor)
    terms = files_of((GUIDES / "first-closed-month.md").read_text(encoding="utf-8"))["terms.yaml"]
    for name, text in {"terms.yaml": terms, **files_of(GUIDE)}.items():
        Path(name).write_text(text, encoding="utf-8")
    said, ran, found = "", 0, 0
    for kind, text in re.findall(r"(?ms)^```(sh|text)\n(.*?)^```$", GUIDE):
        if kind == "text":
            assert [line for line in text.splitlines() if words(line) not in said] == []
            found += len(text.splitlines())
            continue
        said = ""
        for line in text.splitlines():
            command, *arguments = shlex.split(line.replace("IMPORT", partial_import(ratable)), comments=True)
            result = ratable(*arguments)
            assert (command, result.exit_code) == ("ratable", REFUSED if "# refused" in line else DONE), result.output
            said += words(result.output) + " "
            ran += 1

    assert (ran, found) == (12, 10)
    assert [line["rows_accepted"] for line in ratable.json("imports")] == [1, 1, 1, 0, 0, 3]


def partial_import(ratable: Command) -> str:
    """The import with open rejections, if there is one."""
    return next((line["import_code"] for line in ratable.json("imports") if line["open_rejections"]), "none")


def test_the_guide_says_how_to_mend_every_rejection_in_order_of_precedence():
    table = GUIDE.split("A row gets the first of these that applies")[1].split("## ")[0]
    assert tuple(re.findall(r"(?m)^\| `(\w+)` \|", table)) == REJECTION_CODES
