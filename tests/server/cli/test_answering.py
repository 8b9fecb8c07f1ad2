"""What every command does with what no books can keep, and how it says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from ratable.__main__ import app
from ratable_server.actor import Actor
from ratable_server.store.models import Tenant
from ratable_server.store.scope import books_of, rows_of
from tests.server.cli.asking import REFUSED, Command
from tests.server.operations.agreements import agree, kept

HALF = "caf\udce9"  # as the byte E9 arrives, where a text is UTF-8


def commands(group: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command of the books, with the words that call it."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *path, name)
        elif command.callback.__module__.startswith("ratable_server"):
            yield (*path, name), command


TEXTS = [
    (words, command, parameter)
    for words, command in commands(typer.main.get_command(app))
    for parameter in command.params
    if parameter.type.name == "str"
]


def arguments(command: Any, half: Any, file: Path) -> list[str]:
    """A call with half a character in one place, and something in each other place that must have something."""
    values = {"int": "1", "boolean": "true", "str": "x"}
    said: list[str] = []
    for parameter in command.params:
        value = HALF if parameter is half else values.get(parameter.type.name, str(file))
        if parameter is half or parameter.required:
            said += [value] if parameter.param_type_name == "argument" else [parameter.opts[0], value]
    return said


def test_there_are_such_commands():
    assert len({words for words, _, _ in TEXTS}) > 30
    assert {"top-up", "oauth-client", "serve"} <= {words[0] for words, _, _ in TEXTS}


@pytest.mark.parametrize(
    ("words", "command", "half"), TEXTS, ids=["-".join((*words, half.name)) for words, _, half in TEXTS]
)
def test_half_a_character_is_refused_by_its_place(words: tuple[str, ...], command: Any, half: Any, tmp_path: Path):
    """Whatever the books hold: nothing of them is asked."""
    (file := tmp_path / "file").touch()
    result = CliRunner().invoke(app, [*words, *arguments(command, half, file)])
    place = half.opts[0] if half.param_type_name == "option" else (half.metavar or half.name).strip("[].").upper()
    assert result.stderr == f"refused: text_must_be_plain: {place}: 'caf\\udce9' is no UTF-8\n", result.exception
    assert (result.exit_code, result.stdout) == (REFUSED, "")


def test_one_of_several_is_enough(actor: Actor):
    agree(actor)
    before = kept(actor)
    result = Command(actor)("allocate", "acme-suite", "api=60%", f"{HALF}=40%")
    assert (result.exit_code, result.stderr) == (
        REFUSED,
        "refused: text_must_be_plain: PRODUCT=SHARE: 'caf\\udce9=40%' is no UTF-8\n",
    )
    assert kept(actor) == before


def test_half_a_character_fills_no_pool(actor: Actor):
    agree(actor)
    before = kept(actor)
    result = Command(actor)("top-up", HALF, "5")
    assert (result.exit_code, result.stderr) == (
        REFUSED,
        "refused: text_must_be_plain: COMMIT: 'caf\\udce9' is no UTF-8\n",
    )
    assert kept(actor) == before


def test_a_file_may_have_any_name(actor: Actor, tmp_path: Path):
    """What is no UTF-8 of a name is left out where the books tell it."""
    agree(actor)
    file = tmp_path / f"{HALF}.csv"
    file.write_text("id,item,used_on,quantity\nu-1,acme-calls,2026-01-05,7\n", encoding="utf-8")
    receipt = Command(actor).json("ingest", str(file))
    assert (receipt["rows_accepted"], receipt["file_name"]) == (1, "caf.csv")


def test_the_environment_is_asked_alike(actor: Actor):
    """`RATABLE_TENANT` stands for --tenant, and `RATABLE_REQUEST_ID` is kept by the audit."""
    agree(actor)
    before = kept(actor)
    with books_of(actor):
        code = rows_of(actor, Tenant).get().code
    for name, value, place in (
        ("RATABLE_TENANT", HALF, "--tenant"),
        ("RATABLE_REQUEST_ID", HALF, "RATABLE_REQUEST_ID"),
        ("RATABLE_REQUEST_ID", "a\nb", "RATABLE_REQUEST_ID"),
        ("RATABLE_REQUEST_ID", "a" * 501, "RATABLE_REQUEST_ID"),
    ):
        result = CliRunner().invoke(app, ["top-up", "acme-pool", "5"], env={"RATABLE_TENANT": code, name: value})
        assert (result.exit_code, f"text_must_be_plain: {place}: " in result.stderr) == (REFUSED, True), result.output
    assert kept(actor) == before
