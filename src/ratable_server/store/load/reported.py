"""The inputs of reports, from the books: every table of `ratable.reports.INPUTS` at one moment of knowledge."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial

import pyarrow as pa

from ratable import tables
from ratable.reports import INPUTS
from ratable_server.actor import Actor
from ratable_server.store.load.agreed import load_agreed, load_customers, load_grants
from ratable_server.store.load.counted import Counted
from ratable_server.store.load.posted_rows import load_journal_lines, load_results
from ratable_server.store.load.received import load_closes, load_receipts, load_rejected

_RESULTS = ("rated", "draws", "allocated", "revenue")
_AGREED = ("contracts", "agreed_commits", "agreed_schedules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What is asked of the inputs: which closes count, the last month to show, the day whose end is asked for."""

    counted: Counted
    last_on: date | None
    day: date


def load_reported(actor: Actor, names: Collection[str], shown: Shown) -> dict[str, pa.Table]:
    """The tables that a report reads; call it inside `books_of`, as one snapshot."""
    counted = shown.counted
    load: Mapping[str, Callable[[], pa.Table]] = {
        "months": lambda: pa.Table.from_pylist(counted.month_rows(shown.last_on), schema=tables.MONTHS.to_pyarrow()),
        "day": lambda: pa.table({"at": pa.array([shown.day], pa.date32())}),
        "journal": lambda: load_journal_lines(actor, counted),
        "customers": lambda: load_customers(actor),
        "grants": lambda: load_grants(actor, counted),
        "rejected": lambda: load_rejected(actor, counted.as_of),
        "receipts": lambda: load_receipts(actor, counted.as_of),
        "closes": lambda: load_closes(actor, counted),
        **{name: partial(load_results, actor, name, counted) for name in _RESULTS},
    }
    agreed = load_agreed(actor, counted) if any(name in _AGREED for name in names) else {}
    return {name: agreed[name] if name in agreed else load[name]() for name in INPUTS if name in names}
