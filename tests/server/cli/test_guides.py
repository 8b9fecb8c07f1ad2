"""The guides of the close and of explanations: every reason is in them, every command there is, what they show is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from typer.main import get_command

from ratable.__main__ import app
from ratable_server import errors
from ratable_server.operations import obstacles
from tests.server.cli.asking import DONE, Command
from tests.server.stories import found_company

GUIDES = Path(__file__).resolve().parents[3] / "docs" / "guides"
CLOSE, EXPLAIN = ((GUIDES / f"{name}.md").read_text(encoding="utf-8") for name in ("close", "explain"))


@pytest.fixture(scope="module")
def ratable(books: None, tmp_path_factory: pytest.TempPathFactory) -> Command:
    """The command line over the small company, whose figures the guides show."""
    return Command(found_company(tmp_path_factory.mktemp("story")))


def codes_in(module: Path) -> set[str]:
    """The codes of the obstacles that a module finds."""
    calls = [node for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    words = [keyword for call in calls for keyword in call.keywords if keyword.arg == "code"]
    return {str(word.value.value) for word in words if isinstance(word.value, ast.Constant)}


def test_every_obstacle_is_in_the_guide_with_its_mend():
    told = dict(re.findall(r"(?m)^\| `(\w+)` \|.*\| ([^|]+) \|$", CLOSE))

    assert set(told) == codes_in(Path(obstacles.__file__))
    assert set(told) <= {code.name for code in errors.REFUSALS}
    assert all(told.values())


@pytest.mark.parametrize("guide", [CLOSE, EXPLAIN], ids=["close", "explain"])
def test_every_command_of_a_guide_is_there_with_its_options(guide: str):
    commands = get_command(app).commands  # type: ignore[attr-defined]
    shown = re.findall(r"(?m)(?:^|`)ratable ([\w-]+)([^`\n]*)", guide)
    assert shown
    for name, rest in shown:
        known = {option for parameter in commands[name].params for option in parameter.opts}
        assert set(re.findall(r"--[\w-]+", rest)) <= known, name


def test_the_guide_of_explanations_shows_what_is_printed(ratable: Command):
    blocks = re.findall(r"(?ms)^```sh\nratable explain (.*?)\n```", EXPLAIN)
    shown = re.findall(r"(?ms)^```text\n(.*?)^```", EXPLAIN)
    printed = [ratable("explain", *block.split()).stdout for block in blocks]

    assert len(blocks) == 3
    assert len(shown) == 2
    for block, text in zip(shown, (printed[0], printed[2]), strict=True):
        lines = [line for line in block.splitlines() if line.strip() != "..."]
        assert [line for line in lines if line not in text.splitlines()] == []
    assert printed[1].startswith("credit revenue on 2026-02-28  -70.00 USD")


def test_the_guide_of_the_close_names_an_entry_that_there_is(ratable: Command):
    (entry,) = re.findall(r"ratable reverse (\S+)", CLOSE)

    assert ratable("explain", entry).exit_code == DONE
