"""Reads what the books must say: each expected row is a question to one table.

Owns the shape of `expect`. It checks that every text can be compared (a month is a month, a
code is a known code); it does not answer.
"""

from __future__ import annotations

from ratable.cases.fields import Fields
from ratable.cases.nodes import Mapping
from ratable.cases.questions import TABLES, Table
from ratable.cases.records import Question


def read_questions(root: Fields) -> tuple[Question, ...]:
    """Read the expectations of a case from its root mapping, in the order of the file."""
    node = root.mapping("expect")
    if node is None:
        return ()
    tables = Fields(node, optional=" ".join(TABLES))
    return tuple(_question(name, row) for name in node.values for row in tables.mappings(name))


def _question(name: str, node: Mapping) -> Question:
    table = TABLES[name]
    required = "at" if table.at else ""
    fields = Fields(node, required=required, optional=" ".join([*table.keys, *table.figures, "absent"]))
    keys, figures = _keys(fields, table), _figures(fields, table)
    absent = fields.truth("absent", default=False)
    if absent and figures:
        raise fields.malformed("absent", "a row that must be absent has no figures")
    if table.figures and not figures and not absent:
        raise fields.malformed(name, f"nothing is asked; figures here: {', '.join(table.figures)}, or absent: true")
    return Question(table=name, line=fields.line, keys=keys, figures=figures, absent=absent)


def _keys(fields: Fields, table: Table) -> tuple[tuple[str, str], ...]:
    """The keys as texts; those of the table, and `at` where it has one."""
    keys = [(key, fields.text(key)) for key in fields.node.values if key in table.keys]
    for key, _ in keys:
        fields.value(key, table.keys[key])
    return ((("at", fields.day("at").isoformat()), *keys)) if table.at else tuple(keys)


def _figures(fields: Fields, table: Table) -> tuple[tuple[str, str], ...]:
    figures = [(key, fields.text(key)) for key in fields.node.values if key in table.figures]
    for key, _ in figures:
        fields.value(key, table.figures[key])
    return tuple(figures)
