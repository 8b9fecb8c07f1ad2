"""Tables that a migration makes at once are those that it would make one after the other."""

from __future__ import annotations

from django.db import connections, migrations, models
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from ratable_server.store.at_once import AtOnce


def box(name: str) -> list[Operation]:
    """A model, then a field, an index and a constraint of it."""
    return [
        migrations.CreateModel(name, [("id", models.BigAutoField(primary_key=True))], {"db_table": name.lower()}),
        migrations.AddField(name, "height", models.IntegerField(default=1)),
        migrations.AddIndex(name, models.Index(fields=["height"], name=f"{name.lower()}_height")),
        migrations.AddConstraint(
            name, models.CheckConstraint(condition=models.Q(height__gt=0), name=f"{name.lower()}_must_be_high")
        ),
    ]


def apply(state: ProjectState, operations: list[Operation]) -> ProjectState:
    for operation in operations:
        before = state.clone()
        operation.state_forwards("store", state)
        with connections["owner"].schema_editor() as editor:
            operation.database_forwards("store", editor, before, state)
    return state


def told(table: str) -> list[str]:
    """Columns, indexes and constraints of a table, without its name."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(
            "SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_name = %(table)s"
            " UNION ALL SELECT indexdef FROM pg_indexes WHERE tablename = %(table)s"
            " UNION ALL SELECT conname || pg_get_constraintdef(oid) FROM pg_constraint"
            " WHERE conrelid = %(table)s::regclass ORDER BY 1",
            {"table": table},
        )
        return [row.replace(table, "it") for (row,) in cursor.fetchall()]


def test_a_model_made_at_once_has_all_that_it_is_given(own_database: str):
    apply(ProjectState(), box("Slowly"))
    apply(ProjectState(), [AtOnce(box("Quickly"))])

    assert told("quickly") == told("slowly")
    assert len(told("quickly")) == 8


def test_a_model_that_was_there_before_gets_its_fields(own_database: str):
    state = apply(ProjectState(), box("Chest"))
    apply(state, [AtOnce([migrations.AddField("chest", "width", models.IntegerField(default=2)), *box("Drawer")])])

    assert "width integer" in told("chest")
    assert "it_must_be_highCHECK ((height > 0))" in told("drawer")
