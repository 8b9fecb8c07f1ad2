"""The guide of the first closed month, followed to the letter: its files are written and its commands run, in order."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import Result

from ratable_server.actor import Actor
from tests.server.cli.asking import DONE, REFUSED, Command

GUIDE = Path(__file__).resolve().parents[3] / "docs" / "guides" / "first-closed-month.md"
BLOCK = re.compile(r"(?ms)^```(\w+)\n(.*?)^```$")


def blocks() -> Iterator[tuple[str, str, str]]:
    """Each fenced block with its kind and the line before it."""
    guide = GUIDE.read_text(encoding="utf-8")
    for found in BLOCK.finditer(guide):
        yield found[1], guide[: found.start()].rstrip().rpartition("\n")[2], found[2]


def run(ratable: Command, line: str) -> Result:
    """A line of the guide; a comment says how it ends if it does not succeed."""
    command, *arguments = shlex.split(line, comments=True)
    assert command == "ratable", line
    result = ratable(*arguments)
    assert result.exit_code == (REFUSED if "# refused" in line else DONE), f"{line}\n{result.output}"
    return result


def words(text: str) -> str:
    return " ".join(text.replace("\u2502", " ").split())


def test_the_guide_holds(actor: Actor, synced: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    ratable, said, commands, figures = Command(actor), "", 0, 0
    for kind, before, text in blocks():
        if kind in {"yaml", "csv"}:
            (name,) = re.findall(r"`([\w-]+\.(?:yaml|csv))`", before)
            (tmp_path / name).write_text(text, encoding="utf-8")
        elif kind == "sh":
            results = [run(ratable, line) for line in text.splitlines()]
            said, commands = words(" ".join(result.output for result in results)), commands + len(results)
        else:
            for line in text.splitlines():
                assert words(line) in said, f"{line}\n\nis not in\n\n{said}"
                figures += 1

    assert commands == 22
    assert figures == 22
    assert (tmp_path / "trial-balance.xlsx").is_file()
    assert [path.name for path in (tmp_path / "exports").iterdir()] == ["journal-2026-01-csv-USD.csv"]
