"""Which entry of the ledger each revenue transaction stands in."""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

import pyarrow.compute as pc

from ratable_server.actor import Actor
from ratable_server.queries.computed import computed
from ratable_server.queries.ledger_books import Ledger, ledger_of
from ratable_server.store.load.written_entries import last_revisions
from ratable_server.store.scope import books_of

_NEVER = date(1, 1, 1)
_OF_REVENUE = ("contract_id", "source_kind", "source_id", "kind", "service_on", "booked_on", "on", "is_adjusted")


class RevenueEntry(NamedTuple):
    """The entry that a revenue transaction stands in; `shown` is the one that posts it, if one does."""

    code: str
    shown: str
    currency: str
    booked_on: date
    amount_minor: int


def entries_of_revenue(actor: Actor, *, on: date) -> tuple[Ledger, dict[int, RevenueEntry]]:
    """The entry of each revenue transaction by its id, as the books stand; one of nothing has none."""
    ledger, revenue = ledger_of(actor, on=on), computed(actor, contracts=None, on=on).revenue
    found = ledger.lines.filter(pc.not_equal(ledger.lines["source_kind"], ""))
    columns = [*_OF_REVENUE, "entry_id", "shown_id", "currency"]
    heads = found.group_by(columns, use_threads=False).aggregate([]).select(columns).to_pylist()
    entries = {tuple(row[name] for name in _OF_REVENUE): row for row in heads}
    by_code = {row["entry_id"]: row for row in heads}
    of_revenue = {}
    for row in revenue.to_pylist():
        is_adjusted = row["adjusted_on"] > _NEVER and row["kind"] != "minimum"
        key = tuple({**row, "is_adjusted": is_adjusted}[name] for name in _OF_REVENUE)
        head = by_code.get(row["entry_id"]) if row["entry_id"] else entries.get(key)
        if head is not None:
            of_revenue[row["public_id"]] = RevenueEntry(
                head["entry_id"], head["shown_id"], head["currency"], row["booked_on"], row["amount_minor"]
            )
    return ledger, of_revenue


def postings(*, actor: Actor) -> dict[str, str]:
    """The entries that somebody wrote to post computed ones: the code of the posting by the code of what it posts."""
    with books_of(actor):
        found = last_revisions(actor).filter(is_removed=False).exclude(posts=[]).values_list("code", "posts")
        return {posted: code for code, posts in found for posted in posts}
