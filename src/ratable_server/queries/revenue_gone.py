"""Revenue that was deleted with what it was of: its ids come of keys, and are kept in the register by who deletes.

Owns what of a row is kept, and the rows of nothing that lists of deleted revenue tell. An amount that has come back under
its id, since its usage was told again, is not deleted.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow.compute as pc

from ratable_server.actor import Actor
from ratable_server.queries.computed import DRAFT, computed
from ratable_server.queries.listing import EVERYTHING, Asked, Found, page_of_made
from ratable_server.queries.register import Entry, Only, register
from ratable_server.queries.revenue import RevenueTransaction, nothing_of
from ratable_server.store.scope import books_of

GONE = "gone_revenue"  # the further field of an entry of the register that keeps the key of deleted revenue
_TEXTS = ("contract_id", "source_kind", "source_id", "item_id", "product_id", "commit_id", "kind", "entry_id")
_DAYS = ("service_on", "booked_on", "adjusted_on", "on")


def drafted_revenue(*, actor: Actor, contract: str, on: date) -> dict[int, dict[str, str]]:
    """What open months of a contract come to: of each amount by its id what is kept once it is deleted."""
    rows = computed(actor, contracts=[contract], on=on).revenue
    drafts = rows.filter(pc.equal(rows["run_id"], DRAFT)).select(["public_id", *_TEXTS, *_DAYS])
    return {row["public_id"]: {name: str(row[name]) for name in (*_TEXTS, *_DAYS)} for row in drafts.to_pylist()}


def gone_revenue(*, actor: Actor, kind: str, on: date, asked: Asked) -> Found[RevenueTransaction]:
    """Deleted revenue that entries of a kind of the register keep, by the month that booked it: amounts of nothing.

    Modified is when it was deleted.
    """
    whole = Asked(limit=EVERYTHING.limit, modified_from=asked.modified_from, modified_through=asked.modified_through)
    entries = register(actor=actor, kind=kind, asked=whole, only=Only(having={"is_gone": [True]})).rows
    there = set(computed(actor, contracts=None, on=on).revenue["public_id"].to_pylist()) if entries else set()
    kept = [(entry, _row(entry.further[GONE])) for entry in entries if entry.further["id"] not in there]
    found = page_of_made(sorted(kept, key=_order), asked)
    with books_of(actor):
        told = nothing_of(actor, [(entry.further["id"], row, entry.modified_at) for entry, row in found.rows])
    return Found(count=found.count, rows=tuple(told))


def _order(kept: tuple[Entry, Mapping[str, Any]]) -> tuple[date, int]:
    entry, row = kept
    return row["booked_on"], entry.further["id"]


def _row(told: Mapping[str, str]) -> dict[str, Any]:
    return {**{name: told[name] for name in _TEXTS}, **{name: date.fromisoformat(told[name]) for name in _DAYS}}
