"""Commands of the books in this process, for one tenant: what they print and how they end."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from ratable.__main__ import app
from ratable.cases.reading import read_case
from ratable.cases.records import Case
from ratable_server.actor import Actor
from ratable_server.store.models import Tenant
from ratable_server.store.scope import books_of, rows_of

GOLDEN = Path(__file__).resolve().parents[2] / "golden"
DONE, REFUSED, MALFORMED = 0, 1, 2


def golden(name: str) -> Case:
    """A golden case: `chain/ledger`."""
    return read_case(GOLDEN / f"{name}.yaml")


@dataclass(frozen=True)
class Command:
    """`ratable` for the tenant of an actor."""

    actor: Actor

    def __call__(self, *arguments: str) -> Result:
        with books_of(self.actor):
            code = rows_of(self.actor, Tenant).get().code
        return CliRunner().invoke(app, list(arguments), env={"RATABLE_TENANT": code})

    def json(self, *arguments: str) -> Any:
        """What a command that succeeds answers as JSON."""
        result = self(*arguments, "--json")
        assert result.exit_code == DONE, result.output or result.exception
        return json.loads(result.stdout)

    def rows(self, *arguments: str) -> list[dict[str, Any]]:
        """The rows of a report."""
        rows: list[dict[str, Any]] = self.json("report", *arguments)["rows"]
        return rows
