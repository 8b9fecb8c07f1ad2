"""The house rules, applied to the server: sizes, names, no float near money, one road to a row."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django.test import Client

from tests import tidy_rules as rules

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "src" / "ratable_server"
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if path.parent.name != "migrations")
STORE = PACKAGE / "store"

# Modules that hold seconds, which are not money.
MAY_HOLD_FLOATS = {"store/retrying.py", "api/outgoing.py"}

# The ratchet, as in tests/test_tidy.py: an entry may only shrink, and goes when it is below the ceiling.
POSITIONAL = "positional parameters"
PARAMETERS = "parameters"  # those of a command are its options
LARGER_THAN_WE_LIKE: dict[str, dict[tuple[str, str], int]] = {
    "cli/amending.py": {("adjust", PARAMETERS): 7},
    "cli/filing.py": {("invoice", PARAMETERS): 9, ("credit_memo", PARAMETERS): 8},
    "cli/explaining.py": {("explain", PARAMETERS): 7},
    "cli/exporting.py": {("export", PARAMETERS): 9},
    "cli/ingesting.py": {("ingest", PARAMETERS): 7},
    "cli/reporting.py": {("report", PARAMETERS): 10},
    "exports/entries.py": {("_summary", POSITIONAL): 4},
    "exports/writing.py": {("_cell", POSITIONAL): 4},
    "operations/paper_voids.py": {("void_paper", PARAMETERS): 7},
    "operations/periods.py": {("_close", POSITIONAL): 4},
    "operations/runs.py": {
        ("_has_newer", POSITIONAL): 5,
        ("_compute", POSITIONAL): 5,
        ("_keep", POSITIONAL): 4,
        ("_fail", POSITIONAL): 4,
    },
    "store/at_once.py": {("database_forwards", POSITIONAL): 4},  # as Django calls it
    "store/load/posted.py": {("_whole", POSITIONAL): 4},
    "store/load/terms.py": {("of", POSITIONAL): 4},
    "store/save.py": {("save_draft", POSITIONAL): 4, ("_post", POSITIONAL): 4},
}

each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


MANAGERS = {"objects", "_default_manager", "_base_manager"}
INSERTS = {"create", "bulk_create"}


def roads_beside_the_scope(tree: ast.AST) -> list[str]:
    """Refuse managers of models but for inserts: `rows_of(actor, Model)` is the road to a row that is there."""
    inserts = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in INSERTS}
    return [
        f"line {node.lineno}: .{node.attr}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in MANAGERS and id(node) not in inserts
    ]


def test_road_rule_accepts_and_refuses():
    assert not roads_beside_the_scope(ast.parse("rows_of(actor, Contract).filter(code='K1')"))
    assert not roads_beside_the_scope(ast.parse("Contract.objects.bulk_create(rows)"))
    assert roads_beside_the_scope(ast.parse("Contract.objects.all()"))
    assert roads_beside_the_scope(ast.parse("Contract._default_manager.get()"))


@each_module
def test_rows_are_reached_by_one_road(path: Path):
    if path != STORE / "scope.py":
        assert not roads_beside_the_scope(parse(path))


@each_module
def test_sizes_are_below_their_ceilings(path: Path):
    allowed = LARGER_THAN_WE_LIKE.get(path.relative_to(PACKAGE).as_posix(), {})
    grown = {key: value for key, value in rules.too_large(parse(path)).items() if value > allowed.get(key, 0)}
    assert not grown
    assert rules.module_length(path.read_text(encoding="utf-8")) <= rules.MODULE_LINES


@each_module
def test_names_say_something(path: Path):
    tree = parse(path)
    assert not [complaint for name in path.relative_to(ROOT).parts for complaint in rules.banned_module_name(name)]
    assert not rules.banned_verbs(tree)
    assert not rules.missing_module_docstring(tree)


@each_module
def test_no_float_near_money(path: Path):
    if path.relative_to(PACKAGE).as_posix() not in MAY_HOLD_FLOATS:
        assert not rules.no_float(parse(path))


def test_process_answers_without_a_database():
    answer = Client().get("/healthz", headers={"host": "localhost"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
