"""An operation of migrations that makes many tables at once.

Django draws its picture of all models anew after each operation, and every table of ours points to the tenant, so that
each drawing is of nearly all of them: of six seconds that a new database took, five were spent so.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.migrations.operations import CreateModel
from django.db.migrations.operations.base import Operation
from typing_extensions import override


class AtOnce(Operation):
    """Operations none of which needs another one to be done in the database before.

    A model that is made here is made with every field, index and constraint that a later one of them gives to it.
    """

    reversible = False

    def __init__(self, operations: Sequence[Operation]) -> None:
        self.operations = operations

    @override
    def state_forwards(self, app_label: str, state: Any) -> None:
        state.__dict__.pop("apps", None)  # drawn again when somebody looks: once, after all of them
        for operation in self.operations:
            operation.state_forwards(app_label, state)

    @override
    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        made = {operation.name_lower for operation in self.operations if isinstance(operation, CreateModel)}
        for operation in self.operations:
            if isinstance(operation, CreateModel) or getattr(operation, "model_name_lower", "") not in made:
                operation.database_forwards(app_label, schema_editor, from_state, to_state)

    @override
    def describe(self) -> str:
        return f"{len(self.operations)} operations at once"
