"""A contract as it stands now: read with every change of it, by one statement.

For a writer who holds the contract. What was known at some moment is `load_terms` under `terms_known`; what is sold of what
a contract names is `offered`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from ratable.terms import Contract
from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.load.parts import Part, Parts
from ratable_server.store.load.terms import HEAD, LINES, contract_from
from ratable_server.store.prepared import Asked, all_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A contract with its last day of service, if it was ended before its time."""

    contract: Contract
    terminated_on: date | None


# So many lines are remembered by their rows, which say all that they are, and none whose row has more letters: what a line of
# many parts takes is four times its letters and more, so that all of them are 16 MiB at most.
_KEPT, _MOST_LETTERS = 4_096, 1_000
OF_CODE = """WITH of AS MATERIALIZED (
    SELECT id FROM contract WHERE tenant_id = %(tenant)s AND code = %(contract)s AND deleted_at IS NULL
)"""
"""How a statement on what stands on a contract begins; `ON_IT` are the rows of that."""
ON_IT = "contract_id = (SELECT id FROM of)"
_CONTRACT = Parts(
    {
        "contract": Part(model=models.Contract, roads=HEAD, where="id = (SELECT id FROM of)"),
        "termination": Part(model=models.Termination, roads={"on": "on"}, where=ON_IT),
        **{
            name: Part(model=line.model, roads=line.roads, where=ON_IT, order=(line.order, "id"))
            for name, line in LINES.items()
        },
    },
    beginning=f"{OF_CODE}\n",
)


def load_standing(actor: Actor, code: str) -> Standing | None:
    """A contract; None: it is not there."""
    return standing_from(all_rows(*standing_asked(actor, code)))


def standing_asked(actor: Actor, code: str) -> Asked:
    """The statement that reads a contract, with its parameters: for what goes in one trip with others."""
    return _CONTRACT.statement, {"tenant": actor.tenant_id, "contract": code}


def standing_from(rows: Iterable[Sequence[Any]]) -> Standing | None:
    """The contract out of the rows that this statement has given."""
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for kind, _, row in rows:
        found[kind].append(_line_or_fields(kind, row))
    if not found["contract"]:
        return None
    terminations = found["termination"]
    return Standing(
        contract=contract_from(found["contract"][0], {name: found[name] for name in LINES}),
        terminated_on=terminations[0]["on"] if terminations else None,
    )


def _line_or_fields(kind: str, row: str) -> Any:
    if kind not in LINES:
        return _CONTRACT.fields_of(kind, row)
    return _remembered(kind, row) if len(row) <= _MOST_LETTERS else _line(kind, row)


@lru_cache(maxsize=_KEPT)
def _remembered(kind: str, row: str) -> Any:
    """A line that is not long: what is added to a contract is judged with all that was there and has not changed since."""
    return _line(kind, row)


def _line(kind: str, row: str) -> Any:
    return LINES[kind].record(**_CONTRACT.fields_of(kind, row))
