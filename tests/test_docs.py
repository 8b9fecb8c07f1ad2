"""What a user can meet is documented: codes, keys, commands, pricing models; and what the documents show is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import get_args

import pytest
from typer.core import TyperGroup
from typer.main import get_command

from ratable import errors, terms
from ratable.__main__ import app
from ratable.cases import questions
from ratable.cases.reading_entries import ACTS, MONTH_ACTS

ROOT = Path(__file__).resolve().parent.parent
CASES = ROOT / "src" / "ratable" / "cases"
DOCUMENTS = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def words_in_code_style(markdown: str) -> set[str]:
    """Every word that stands between backticks, outside of fenced blocks."""
    spans = re.findall(r"`([^`\n]+)`", re.sub(r"(?ms)^ *```.*?^ *```", "", markdown))
    return {word for span in spans for word in re.findall(r"\w+", span)}


GUIDE_WORDS = words_in_code_style(text_of("docs/guides/case-file.md"))


def test_words_are_read_from_spans_only():
    assert words_in_code_style("a `b_c: d` e\n```\n`f`\n```\n`g`") == {"b_c", "d", "g"}


@pytest.mark.parametrize("code", [*errors.REJECTION_CODES, *errors.REFUSAL_CODES, *errors.WARNING_CODES])
def test_code_is_in_the_guide(code: str):
    assert code in GUIDE_WORDS


def test_guide_gives_the_rejections_in_order_of_precedence():
    section = text_of("docs/guides/case-file.md").split("## Rejections")[1].split("## Refusals")[0]
    assert tuple(re.findall(r"`(\w+_\w+)`", section))[-len(errors.REJECTION_CODES) :] == errors.REJECTION_CODES


def test_chapter_gives_the_rejections_in_order_of_precedence():
    assert tuple(re.findall(r"\| `(\w+)` \|", text_of("docs/flow/1-usage.md"))) == errors.REJECTION_CODES


@pytest.mark.parametrize("model", get_args(terms.PricingModel))
@pytest.mark.parametrize(
    "name", ["README.md", "docs/flow/2-rating.md", "docs/guides/case-file.md", "docs/dictionary.md"]
)
def test_pricing_model_is_documented(model: str, name: str):
    assert model in words_in_code_style(text_of(name))


# ── keys of case files ───────────────────────────────────────────────────────────────────────


def keys_read_by(source: str) -> set[str]:
    """The words in `required=`, `optional=` and in the constants of the readers that these are made of."""
    texts = []
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.keyword(arg="required" | "optional", value=value):
                texts.append(value)
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if re.search("REQUIRED|OPTIONAL|KEYS|FACT", name):
                texts.append(value)
    literals = (n.value for text in texts for n in ast.walk(text) if isinstance(n, ast.Constant))
    return {word for literal in literals if isinstance(literal, str) for word in literal.split()}


def test_keys_are_read_from_the_readers():
    assert keys_read_by('_OPTIONAL = "a b" " c"\nFields(n, required="d", optional=f"{_OPTIONAL} e")') == set("abcde")


@pytest.mark.parametrize("path", sorted(CASES.glob("reading*.py")), ids=lambda path: path.stem)
def test_key_of_a_case_file_is_in_the_guide(path: Path):
    assert not keys_read_by(path.read_text(encoding="utf-8")) - GUIDE_WORDS


def test_every_act_is_in_the_guide():
    assert not {*ACTS, *MONTH_ACTS} - GUIDE_WORDS


def test_every_table_is_in_the_guide_with_its_keys_and_figures():
    guide = text_of("docs/guides/case-file.md").split("## Expectations")[1]
    for name, table in questions.TABLES.items():
        row = next(line for line in guide.splitlines() if line.startswith("| ") and f"`{name}`" in line.split("|")[1])
        asked = {*table.keys, *table.figures} - {"currency"} | ({"at"} if table.at else set())
        assert not asked - words_in_code_style(row), name
    assert not {*questions.ACCOUNTS, *questions.REVENUE_TYPES, *questions.BANDS, *questions.STATUSES} - GUIDE_WORDS


# ── commands ─────────────────────────────────────────────────────────────────────────────────


def test_every_command_is_in_the_install_guide():
    command = get_command(app)
    assert isinstance(command, TyperGroup)
    names = set(command.commands)
    assert names
    assert names == set(re.findall(r"\| `ratable ([\w-]+)", text_of("docs/guides/install.md")))


def test_every_make_target_that_is_documented_exists_and_the_reverse():
    targets = set(re.findall(r"(?m)^([a-z-]+):.*##", text_of("Makefile"))) - {"help"}
    documented = {t for path in DOCUMENTS for t in re.findall(r"\bmake ([a-z-]+)\b(?=[`\s])", path.read_text("utf-8"))}
    in_code = {t for t in documented if any(f"`make {t}`" in p.read_text("utf-8") for p in DOCUMENTS)}
    assert in_code <= targets
    assert targets - {"clean"} <= documented


# ── links and examples ───────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_to_files(path: Path):
    links = re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8"))
    assert not [link for link in links if not (path.parent / link).exists()]


def test_every_decision_says_how_it_is_enforced():
    for path in (ROOT / "docs" / "decisions").glob("*.md"):
        headings = re.findall(r"(?m)^\*\*([\w ]+)[.*]", path.read_text(encoding="utf-8"))
        for part in ("Context", "Decision", "Consequences", "Alternatives", "Enforced by"):
            assert part in headings, f"{path.name} has no {part}"


def test_the_first_case_of_the_guide_holds(tmp_path: Path):
    playing = pytest.importorskip("ratable.cases.playing", reason="there is no case player yet")
    from ratable.cases.judging import judge  # noqa: PLC0415  (only with a player)
    from ratable.cases.reading import read_case  # noqa: PLC0415

    blocks = re.findall(r"(?ms)^```yaml\n(.*?)^```", text_of("docs/guides/first-case.md"))
    file = tmp_path / "first.yaml"
    file.write_text("".join(blocks[:3]), encoding="utf-8")
    case = read_case(file)
    verdict = judge(case, playing.play(case))
    assert verdict.ok, verdict.wrong
    assert verdict.checked == 6
