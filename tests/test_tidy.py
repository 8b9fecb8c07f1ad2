"""The house rules, each with lines it must accept and lines it must refuse, then applied to the tree."""

from __future__ import annotations

import ast
import subprocess
import sys
import textwrap
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import tidy_rules as rules
from tests.longest import LONGEST, longest_first

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "src" / "ratable"
MODULES = sorted(PACKAGE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Top-level modules of ratable that a rule leaves out, each with its reason.
MAY_HOLD_FLOATS = {"bench": "seconds are not money"}
MAY_DIVIDE = {
    "__main__": "joins paths",
    "backends": "defines the exact division",
    "bench": "seconds are not money",
    "cases": "joins paths",
    "demo": "joins paths",
    "price_plans": "compares decimals of Python for a warning; posts nothing",
    "periods": "whole months, of Python integers",
}

# The ratchet: (file, name, measure) -> value. An entry may only shrink, and goes when it is below the ceiling.
LARGER_THAN_WE_LIKE: dict[tuple[str, str, str], int] = {}


def module_id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def top_name(path: Path) -> str:
    """The module directly under `ratable` that a file belongs to."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def code(text: str) -> ast.Module:
    return ast.parse(textwrap.dedent(text))


def first_function(text: str) -> rules.Function:
    return next(rules.functions(code(text)))


each_module = pytest.mark.parametrize("path", MODULES, ids=module_id)
each_file = pytest.mark.parametrize("path", [*MODULES, *TESTS], ids=module_id)


# ── no float in the money path ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "line", ["price = Decimal('0.10')", "isinstance(x, float)", "amount: int = 1", "f'{float_count} floats'"]
)
def test_float_rule_accepts(line: str):
    assert not rules.no_float(code(line))


@pytest.mark.parametrize(
    "line",
    [
        "x = 0.1",
        "x = 1e3",
        "x = float('1')",
        "amount: float = 1",
        "def f(a: float): ...",
        "def f() -> float: ...",
        "c.cast('float64')",
        "c.cast(dt.Float64)",
        "c.cast('double')",
    ],
)
def test_float_rule_refuses(line: str):
    assert rules.no_float(code(line))


@each_module
def test_no_float_in_the_engine(path: Path):
    if top_name(path) not in MAY_HOLD_FLOATS:
        assert not rules.no_float(parse(path))


@pytest.mark.parametrize("line", ["mul_div(a, b, c)", "a * b", "quotient, rest = divmod(a, b)", "t.amount.sum()"])
def test_division_rule_accepts(line: str):
    assert not rules.no_inexact_division(code(line))


@pytest.mark.parametrize("line", ["a / b", "a // b", "a /= b", "t.amount.mean()", "a.floordiv(b)", "a.quantile(q)"])
def test_division_rule_refuses(line: str):
    assert rules.no_inexact_division(code(line))


@each_module
def test_no_inexact_division_in_the_engine(path: Path):
    if top_name(path) not in MAY_DIVIDE:
        assert not rules.no_inexact_division(parse(path))


# ── sizes ────────────────────────────────────────────────────────────────────────────────────


def test_body_is_measured_without_its_docstring():
    assert rules.body_length(first_function('def f():\n    """One.\n\n    Two.\n    """\n    a = 1\n    return a')) == 2
    assert rules.body_length(first_function('def f():\n    """Only words."""')) == 0
    long = "def f():\n" + "    a = 1\n" * (rules.BODY_LINES + 1)
    assert rules.too_large(code(long)) == {("f", "body lines"): rules.BODY_LINES + 1}
    assert not rules.too_large(code("def f():\n" + "    a = 1\n" * rules.BODY_LINES))


def test_module_is_measured_in_lines():
    assert rules.module_length("a\n" * 600) == 600
    assert rules.module_length("a\n" * 601) > rules.MODULE_LINES


def test_parameters_are_counted_by_kind():
    assert rules.parameter_counts(first_function("def f(self, a, b, c, *, d, e, f): ...")) == (3, 6)
    assert not rules.too_large(code("def f(a, b, c, *, d, e, f): ..."))
    assert rules.too_large(code("def f(a, b, c, d): ...")) == {("f", "positional parameters"): 4}
    assert rules.too_large(code("def f(*, a, b, c, d, e, f, g): ...")) == {("f", "parameters"): 7}


def nested(depth: int) -> str:
    return "def f():\n" + "".join("    " * (i + 1) + "if a:\n" for i in range(depth)) + "    " * (depth + 1) + "b()\n"


def test_nesting_is_measured():
    assert not rules.too_large(code(nested(4)))
    assert rules.too_large(code(nested(5))) == {("f", "nesting"): 5}
    assert rules.nesting(first_function("def f():\n if a: b()\n elif c: d()\n elif e: g()")) == 1


def test_branches_are_counted():
    branches = "def f():\n" + "    if a: b()\n" * 10
    assert not rules.too_large(code(branches))
    assert rules.too_large(code(branches + "    if a: b()\n")) == {("f", "branches"): 11}


@each_file
def test_sizes_are_below_their_ceilings_and_exceptions_only_shrink(path: Path):
    file = module_id(path)
    found = {(file, *key): value for key, value in rules.too_large(parse(path)).items()}
    if path in TESTS:  # pytest gives parameters by name
        found = {key: value for key, value in found.items() if not key[2].endswith("parameters")}
    lines = rules.module_length(path.read_text(encoding="utf-8"))
    if lines > rules.MODULE_LINES:
        found[file, "module", "lines"] = lines
    assert found == {key: value for key, value in LARGER_THAN_WE_LIKE.items() if key[0] == file}


def test_every_exception_belongs_to_a_file():
    assert {key[0] for key in LARGER_THAN_WE_LIKE} <= {module_id(path) for path in [*MODULES, *TESTS]}


# ── words ────────────────────────────────────────────────────────────────────────────────────


def test_module_names_that_say_nothing_are_refused():
    assert not rules.banned_module_name("rating")
    assert rules.banned_module_name("utils")
    assert rules.banned_module_name("_helpers")


@each_file
def test_module_name_says_something(path: Path):
    names = path.relative_to(ROOT).with_suffix("").parts
    assert not [complaint for name in names for complaint in rules.banned_module_name(name)]


def test_verbs_that_say_nothing_are_refused():
    assert not rules.banned_verbs(code("def rate(): ...\ndef _dominant(): ..."))
    assert rules.banned_verbs(code("def process_rows(): ..."))
    assert rules.banned_verbs(code("def _handle(): ..."))


@each_file
def test_function_names_say_something(path: Path):
    assert not rules.banned_verbs(parse(path))


def test_module_docstring_is_required():
    assert not rules.missing_module_docstring(code('"""Owns this."""\nimport a'))
    assert rules.missing_module_docstring(code("import a"))


@each_file
def test_module_says_what_it_owns(path: Path):
    assert not rules.missing_module_docstring(parse(path))


@pytest.mark.parametrize(
    "line", ["see docs/home/notes", "https://example.com/home/page", "./tmp/x", "a /workday/ b", "$(HOME)/tmp/x"]
)
def test_path_rule_accepts(line: str):
    assert not rules.machine_paths(line)


@pytest.mark.parametrize("folder", ["work", "tmp", "root", "home", "Users"])
def test_path_rule_refuses(folder: str):
    assert rules.machine_paths(f"see /{folder}/me/ratable")
    assert rules.machine_paths(f'path = "/{folder}/x"')


def files_of_the_tree() -> list[Path]:
    """All files that are or could be committed."""
    command = ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:  # not a clone: a source distribution
        return [path for path in ROOT.rglob("*") if path.is_file() and ".venv" not in path.parts]
    return [path for name in done.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_path_of_one_machine():
    complaints = []
    for path in files_of_the_tree():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a binary file
        complaints += [f"{module_id(path)}: {complaint}" for complaint in rules.machine_paths(text)]
    assert not complaints


# ── flow ─────────────────────────────────────────────────────────────────────────────────────

needs_pipeline = pytest.mark.skipif(not (PACKAGE / "pipeline.py").exists(), reason="there is no pipeline.py yet")


def stage_source(stage: str) -> list[Path]:
    """The files of a stage: one module, or a package of the same name."""
    return [path for path in MODULES if top_name(path) == stage]


def test_call_order_is_read_from_the_page():
    in_order = "def run_period():\n    a = meter(b)\n    c = rating.rate(a)\n    return draw_down(c)"
    assert rules.call_order(code(in_order)) == ["meter", "rate", "draw_down"]
    assert rules.call_order(code("x = rate(y)\nz = meter(x)")) == ["rate", "meter"]
    hidden = "def first():\n    rate(a)\ndef run_period():\n    meter(a)\n    rate(b)"
    assert rules.call_order(code(hidden)) == ["meter", "rate"]


def test_chapters_are_ordered_by_their_numbers():
    assert rules.chapter_order(["2-rating.md", "10-end.md", "1-usage.md", "notes.md"]) == ["usage", "rating", "end"]


def test_chapters_follow_the_flow():
    assert rules.chapter_order(path.name for path in (ROOT / "docs" / "flow").iterdir()) == list(rules.FLOW)


@needs_pipeline
def test_pipeline_calls_the_stages_in_the_order_of_the_chapters():
    assert rules.call_order(parse(PACKAGE / "pipeline.py")) == list(rules.FLOW.values())


@needs_pipeline
@pytest.mark.parametrize("stage", rules.FLOW)
def test_stage_has_its_module(stage: str):
    assert stage_source(stage), f"{stage} has a chapter and no module"


SECTIONED = '"""Do it.\n\n' + "".join(f"    {name}:\n        text\n\n" for name in rules.SECTIONS) + '    """'


def test_docstring_sections_are_read():
    assert not rules.missing_sections(ast.get_docstring(first_function(f"def f():\n    {SECTIONED}")))
    assert rules.missing_sections("Do it.\n\nShapes:\n\nUnits:\n    minor") == [
        name for name in rules.SECTIONS if name != "Units"
    ]
    assert rules.missing_sections(None) == list(rules.SECTIONS)


@needs_pipeline
@pytest.mark.parametrize(("stage", "verb"), rules.FLOW.items())
def test_stage_function_says_all_that_it_promises(stage: str, verb: str):
    found = [f for path in stage_source(stage) for f in rules.functions(parse(path)) if f.name == verb]
    assert found, f"ratable.{stage} has no function {verb}"
    assert not rules.missing_sections(ast.get_docstring(found[0]))


# ── lightness ────────────────────────────────────────────────────────────────────────────────


def test_importing_the_engine_loads_no_framework_and_no_cluster():
    heavy = "{'django', 'rest_framework', 'psycopg', 'sqlite3', 'pyspark', 'typer'}"
    probe = f"import sys, ratable; print(*sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert not done.stdout.split()


# ── order ────────────────────────────────────────────────────────────────────────────────────


def test_the_files_that_run_first_are_there():
    assert [name for name in LONGEST if not (ROOT / "tests" / name).is_file()] == []
    assert len(set(LONGEST)) == len(LONGEST)


def test_the_longest_files_come_first_and_the_others_stay_in_order():
    names = ("test_docs.py", LONGEST[1], "test_tidy.py", LONGEST[0])
    items = [SimpleNamespace(path=ROOT / "tests" / name) for name in names]
    longest_first(items)

    assert [item.path for item in items] == [
        ROOT / "tests" / name for name in (LONGEST[0], LONGEST[1], "test_docs.py", "test_tidy.py")
    ]
