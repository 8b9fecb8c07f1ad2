"""The identities of completeness over everything that is posted, for who verifies the books."""

from __future__ import annotations

from typing import Any

from ratable.reports import CATALOGUE, as_counted, counted_in, run_report
from ratable_server.actor import Actor
from ratable_server.queries.identities import Broken
from ratable_server.store.load.counted import counted
from ratable_server.store.load.reported import Shown, load_reported
from ratable_server.store.load.sheets import bind_tables, forget_tables, sheet_for

_NAME = "completeness"


def broken_identities(actor: Actor) -> tuple[int, list[Broken]]:
    """How many identities were asked, and those that do not hold; call it inside `books_of`."""
    counts = counted(actor)
    day = counts.through_on
    if day is None:
        return 0, []
    tables = load_reported(actor, CATALOGUE[_NAME].inputs, Shown(counted=counts, last_on=day, day=day, is_fresh=True))
    sheet = sheet_for(tables)
    rows = run_report(sheet, _NAME, bind_tables(sheet, tables)).to_pylist()
    forget_tables(sheet, tables)
    return len(rows), [_broken(row) for row in rows if row["difference"] != 0]


def _broken(row: dict[str, Any]) -> Broken:
    where = row["import_id"] or f"{row['period']:%Y-%m} {row['currency']}"
    left, right = (as_counted(row[side], row["unit"], row["currency"]) for side in ("left_value", "right_value"))
    sides = f"{left:,f} is not {right:,f} ({counted_in(row['unit'])})"
    return Broken(law=row["identity"], key=f"{row['identity']} {where}", detail=sides)
