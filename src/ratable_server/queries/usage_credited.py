"""What adjustments have credited of overage that was billed, by the revenue with which they took it back.

The ledger credits the receivable, a credit memo tells the customer. Neither says which invoice had billed the overage, and
nothing here needs it: the credit stands by itself, so what it took back is not lowered by it once more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import pyarrow.compute as pc
from django.db.models import F, Sum

from ratable_server.actor import Actor
from ratable_server.queries.computed import Computed
from ratable_server.store import models
from ratable_server.store.load.periods import current_runs
from ratable_server.store.load.terms import Codes
from ratable_server.store.scope import rows_of

Entry = tuple[date, date, date]  # the month that is corrected, the one that books it, the day
_RECEIVABLE = "accounts_receivable"


def credits_of(actor: Actor, contracts: Codes, drafted: Computed) -> dict[str, dict[Entry, int]]:
    """By contract and entry what adjustments have credited, in minor units; closed months as they are posted."""
    credits: dict[str, dict[Entry, int]] = defaultdict(lambda: defaultdict(int))
    for contract, *entry, minor in [*_posted(actor, contracts), *_drafted(drafted)]:
        service_on, booked_on, on = entry
        credits[contract][service_on, booked_on, on] += minor
    return credits


def credited_rows(rows: Sequence[Mapping[str, Any]], credits: Mapping[Entry, int]) -> dict[int, int]:
    """The same by the revenue of one contract: what lowers overage in an entry has its credit, in the order of the rows.

    What was found after all on the same day lowers nothing: its credit is of the first overage of the month.
    """
    left = dict(credits)
    credited: dict[int, int] = defaultdict(int)
    overage = [row for row in rows if row["kind"] == "overage"]
    for row in overage:
        entry = row["service_on"], row["booked_on"], row["on"]
        part = max(min(-row["amount_minor"], left.get(entry, 0)), 0)
        if part:
            credited[row["public_id"]] += part
            left[entry] -= part
    for row in overage:
        for entry in [each for each in left if each[0] == row["service_on"]]:
            credited[row["public_id"]] += left.pop(entry)
    return credited


def _posted(actor: Actor, contracts: Codes) -> list[tuple[Any, ...]]:
    entries = rows_of(actor, models.JournalEntry).filter(
        source_kind="usage", is_adjusted=True, run_id__in=current_runs(actor)
    )
    wanted = entries if contracts is None else entries.filter(contract_id__in=contracts)
    lines = rows_of(actor, models.JournalLine).filter(entry_id__in=wanted.values("id"), account=_RECEIVABLE)
    columns = (f"entry__{name}" for name in ("contract_id", "service_on", "booked_on", "on"))
    return list(lines.values_list(*columns).annotate(minor=Sum(F("credit_minor") - F("debit_minor"))))


def _drafted(drafted: Computed) -> list[tuple[Any, ...]]:
    rows = drafted.drafted_journal
    is_credit = pc.and_(rows["is_adjusted"], pc.equal(rows["account"], _RECEIVABLE))
    rows = rows.filter(pc.and_(pc.equal(rows["source_kind"], "usage"), is_credit))
    names = ("contract_id", "service_on", "booked_on", "on", "credit_minor", "debit_minor")
    columns = (rows[name].to_pylist() for name in names)
    return [(*entry, credit - debit) for *entry, credit, debit in zip(*columns, strict=True)]
