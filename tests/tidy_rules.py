"""House rules as functions: a text or a syntax tree goes in, complaints come out.

Owns the rules and their limits. It does not own which files they are applied to, nor the lines
that each must accept and refuse (`test_tidy`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

FLOW = {
    "usage": "meter",
    "rating": "rate",
    "drawdown": "draw_down",
    "allocation": "allocate",
    "recognition": "recognize",
    "ledger": "journalize",
}
SECTIONS = ("Shapes", "Units", "Conserves", "Rejects", "Raises", "Source", "Example")

BODY_LINES = 60
MODULE_LINES = 600
POSITIONAL_PARAMETERS = 3
PARAMETERS = 6
NESTING = 4
BRANCHES = 10

BANNED_MODULE_NAMES = {"utils", "util", "helpers", "common", "base", "misc", "manager", "core", "service"}
BANNED_VERBS = ("process", "handle", "manage", "do", "perform")
INEXACT_METHODS = {"mean", "div", "truediv", "floordiv", "std", "var", "quantile", "median", "approx_median"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
Complaints = list[str]


def functions(tree: ast.AST) -> Iterator[Function]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


# ── money ────────────────────────────────────────────────────────────────────────────────────


def no_float(tree: ast.AST) -> Complaints:
    """Refuse literals, calls, annotations and column types that hold numbers in floating point."""
    return [f"line {node.lineno}: {why}" for node in ast.walk(tree) if (why := _float_in(node))]  # type: ignore[attr-defined]


def _float_in(node: ast.AST) -> str | None:
    match node:
        case ast.Constant(value=float() | complex()):
            return f"float literal {node.value!r}"
        case ast.Constant(value="float" | "float32" | "float64" | "double"):
            return f"column type {node.value!r}"
        case ast.Call(func=ast.Name(id="float")):
            return "call of float()"
        case ast.arg(annotation=ast.Name(id="float")) | ast.AnnAssign(annotation=ast.Name(id="float")):
            return "annotation float"
        case ast.FunctionDef(returns=ast.Name(id="float")):
            return "annotation float"
        case ast.Attribute(attr="float32" | "float64" | "Float32" | "Float64"):
            return f"type {node.attr}"
    return None


def no_inexact_division(tree: ast.AST) -> Complaints:
    """Refuse what Ibis computes in doubles even on decimals; `mul_div` is exact."""
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(op=ast.Div() | ast.FloorDiv()) | ast.AugAssign(op=ast.Div() | ast.FloorDiv()):
                found.append(f"line {node.lineno}: division by an operator; use mul_div")
            case ast.Call(func=ast.Attribute(attr=name)) if name in INEXACT_METHODS:
                found.append(f"line {node.lineno}: .{name}() computes in doubles")
    return found


# ── sizes ────────────────────────────────────────────────────────────────────────────────────


def module_length(text: str) -> int:
    return len(text.splitlines())


def body_length(function: Function) -> int:
    """Lines from the first statement after the docstring to the last."""
    body = function.body
    if ast.get_docstring(function, clean=False) is not None:
        body = body[1:]
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


TABLE_TYPES = {"ir.Table", "Stored", "Sheet"}


def parameter_counts(function: Function) -> tuple[int, int]:
    """How many parameters can be given by position, and how many there are, without self and cls.

    Tables do not count, nor the sheet they stand on: a stage function takes the tables that it reads, and
    hiding them in a record would hide the flow (decision 0005).
    """
    positional = [a for a in (*function.args.posonlyargs, *function.args.args) if not _is_table(a)]
    if [a.arg for a in positional[:1]] in (["self"], ["cls"]):
        positional = positional[1:]
    keywords = [a for a in function.args.kwonlyargs if not _is_table(a)]
    return len(positional), len(positional) + len(keywords)


def _is_table(parameter: ast.arg) -> bool:
    return parameter.annotation is not None and ast.unparse(parameter.annotation) in TABLE_TYPES


BLOCKS = (ast.If, ast.For, ast.AsyncFor, ast.While, ast.With, ast.AsyncWith, ast.Try, ast.Match)
FORKS = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.ExceptHandler, ast.match_case)


def nesting(node: ast.AST) -> int:
    """How deep blocks stand in one another; `elif` does not count, a function inside starts anew."""
    deepest = 0
    for child in _children_of_the_same_function(node):
        is_elif = isinstance(node, ast.If) and isinstance(child, ast.If) and node.orelse == [child]
        deepest = max(deepest, nesting(child) + (isinstance(child, BLOCKS) and not is_elif))
    return deepest


def branch_count(node: ast.AST) -> int:
    return sum(isinstance(child, FORKS) + branch_count(child) for child in _children_of_the_same_function(node))


def _children_of_the_same_function(node: ast.AST) -> Iterator[ast.AST]:
    inner = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
    return (child for child in ast.iter_child_nodes(node) if not isinstance(child, inner))


def sizes(tree: ast.AST) -> Iterator[tuple[str, str, int, int]]:
    """Name, measure, value and ceiling of everything in a module that has a ceiling."""
    for function in functions(tree):
        positional, parameters = parameter_counts(function)
        yield function.name, "body lines", body_length(function), BODY_LINES
        yield function.name, "positional parameters", positional, POSITIONAL_PARAMETERS
        yield function.name, "parameters", parameters, PARAMETERS
        yield function.name, "nesting", nesting(function), NESTING
        yield function.name, "branches", branch_count(function), BRANCHES


def too_large(tree: ast.AST) -> dict[tuple[str, str], int]:
    return {(name, measure): value for name, measure, value, ceiling in sizes(tree) if value > ceiling}


# ── words ────────────────────────────────────────────────────────────────────────────────────


def banned_module_name(stem: str) -> Complaints:
    return [f"module {stem}: a name that says nothing"] if stem.strip("_") in BANNED_MODULE_NAMES else []


def banned_verbs(tree: ast.AST) -> Complaints:
    return [
        f"line {function.lineno}: {function.name}: a verb that says nothing"
        for function in functions(tree)
        if function.name.strip("_").split("_")[0] in BANNED_VERBS
    ]


def missing_module_docstring(tree: ast.Module) -> Complaints:
    return [] if ast.get_docstring(tree) else ["line 1: the module does not say what it owns"]


# Absolute folders of somebody's machine.
MACHINE_PATH = re.compile(r"(?<![\w.*)}\]-])/(?:work|tmp|root|home|Users)/")


def machine_paths(text: str) -> Complaints:
    return [
        f"line {number}: a path of one machine: {line.strip()[:80]}"
        for number, line in enumerate(text.splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]


# ── flow ─────────────────────────────────────────────────────────────────────────────────────


def call_order(tree: ast.Module) -> list[str]:
    """The six verbs in the order in which the pipeline first calls them.

    Read from `run_period` and the functions of the module that it calls, else from the whole module.
    """
    whole = _verbs_called(tree)
    local = {function.name: function for function in functions(tree)}
    page = local.get("run_period")
    order = _verbs_called(page, local) if page else []
    return order if set(order) == set(whole) else whole


def _verbs_called(tree: ast.AST, local: dict[str, Function] | None = None) -> list[str]:
    """The verbs in the order of the calls; a call of a function of the module stands for what that calls."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    calls.sort(key=lambda call: (call.lineno, call.col_offset))
    found: list[str] = []
    for call in calls:
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        inner = (local or {}).get(name)
        found.extend(_verbs_called(inner, local) if inner is not None and inner is not tree else [name])
    return list(dict.fromkeys(name for name in found if name in FLOW.values()))


def chapter_order(names: Iterable[str]) -> list[str]:
    """The stages in the order of the numbers in front of the chapters' file names."""
    chapters = [match for name in names if (match := re.fullmatch(r"(\d+)-(\w+)\.md", name))]
    return [match[2] for match in sorted(chapters, key=lambda match: int(match[1]))]


def missing_sections(docstring: str | None) -> Complaints:
    """The sections that the docstring of a stage's public function lacks; each heading needs a text."""
    text = docstring or ""
    return [name for name in SECTIONS if not re.search(rf"(?m)^ *{name}:[ \t]*\n[ \t]+\S", text)]
