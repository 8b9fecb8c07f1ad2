"""The inputs of reports, from the books: every table of `ratable.reports.INPUTS` at one moment of knowledge."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa

from ratable import tables
from ratable.reports import INPUTS
from ratable.reports.rollovers import forfeits_of_books
from ratable_server.actor import Actor
from ratable_server.store.load.agreed import (
    load_agreed,
    load_currencies,
    load_customers,
    load_grants,
    load_unit_grants,
)
from ratable_server.store.load.counted import Counted
from ratable_server.store.load.kept_rows import kept_journal, kept_results
from ratable_server.store.load.posted_rows import load_journal_lines, load_results, load_unit_draws
from ratable_server.store.load.received import load_closes, load_receipts, load_rejected
from ratable_server.store.load.sheets import sheet_for

_RESULTS = ("rated", "draws", "allocated", "revenue")
_AGREED = ("agreed_commits", "agreed_schedules")  # with these the contracts are told in full


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is asked of the inputs: which closes count, the last month to show, the day whose end is asked for.

    `is_fresh` reads every row anew, for who does not take it for granted that posted rows stay.
    """

    counted: Counted
    last_on: date | None
    day: date
    is_fresh: bool = False


def load_reported(actor: Actor, names: Collection[str], shown: Shown) -> dict[str, pa.Table]:
    """The tables that a report reads; call it inside `books_of`, as one snapshot."""
    counted = shown.counted
    journal, results = (load_journal_lines, load_results) if shown.is_fresh else (kept_journal, kept_results)
    load: Mapping[str, Callable[[], pa.Table]] = {
        "months": lambda: pa.Table.from_pylist(counted.month_rows(shown.last_on), schema=tables.MONTHS.to_pyarrow()),
        "day": lambda: pa.table({"at": pa.array([shown.day], pa.date32())}),
        "journal": lambda: journal(actor, counted),
        "contracts": lambda: load_currencies(actor),
        "customers": lambda: load_customers(actor, counted.known),
        "grants": lambda: load_grants(actor, counted),
        "rejected": lambda: load_rejected(actor, counted),
        "receipts": lambda: load_receipts(actor, counted),
        "closes": lambda: load_closes(actor, counted),
        **{name: partial(results, actor, name, counted) for name in _RESULTS},
    }
    agreed = load_agreed(actor, counted) if any(name in _AGREED for name in names) else {}
    if "forfeits" in names:
        load = {**load, "forfeits": partial(_forfeits, actor, counted, agreed=agreed, load=load)}
    return {name: agreed[name] if name in agreed else load[name]() for name in INPUTS if name in names}


def _forfeits(
    actor: Actor, counted: Counted, *, agreed: Mapping[str, pa.Table], load: Mapping[str, Callable[[], pa.Table]]
) -> pa.Table:
    """What the caps of rollovers took; without any nothing more is read."""
    if not agreed["agreed_rollovers"].num_rows:
        return tables.FORFEITS.to_pyarrow().empty_table()
    found = {name.removeprefix("agreed_"): table for name, table in agreed.items()}
    found |= {name: load[name]() for name in ("grants", "draws", "months")}
    found["unit_grants"], found["unit_draws"] = load_unit_grants(actor, counted), load_unit_draws(actor, counted)
    return forfeits_of_books(sheet_for(found), found)
