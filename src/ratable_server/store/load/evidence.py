"""The evidence of explanations, from the books: all rows of one contract that count at a moment, and its usage.

Owns what is left out: facts that the last of these closes did not know yet, and usage of months that nobody asks about.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any, NamedTuple

import pyarrow as pa
from django.db import connection

from ratable.reports.explanation import COUNTED_USAGE
from ratable.tables import DRAWS
from ratable.terms_tables import addressed_stream, unaddressed_stream
from ratable_server.actor import Actor
from ratable_server.store.load.agreed import load_engine_terms
from ratable_server.store.load.amendments import load_amendments
from ratable_server.store.load.counted import Counted
from ratable_server.store.load.posted_rows import load_journal_lines, load_results, load_unit_draws
from ratable_server.store.load.rejected_usage import standing_rejections
from ratable_server.store.models import Contract, PrepaidCommit, Run, UsageItem
from ratable_server.store.scope import rows_of
from ratable_server.store.transport import read_table

_RESULTS = ("rated", "draws", "allocated", "revenue")
_TERMS = (
    "contracts", "items", "tiers", "rating_options", "tier_limits", "shares", "commits", "grants", "schedules",
    "rollovers", "unit_pools", "unit_rollovers", "unit_commits", "unit_grants",
)  # fmt: skip
_USAGE = """
WITH rejected AS ({rejected})
SELECT event_id, stream, used_on, quantity, amount FROM usage_record AS record
WHERE tenant_id = %s AND stream = ANY(%s) AND month_on = ANY(%s) AND number <= %s AND NOT EXISTS (
    SELECT FROM usage_void AS void
    WHERE void.tenant_id = record.tenant_id AND void.record_id = record.id AND void.number <= %s
) AND NOT EXISTS (
    SELECT FROM rejected WHERE rejected.usage_id = record.event_id AND rejected.batch = record.number
        AND rejected."row" = record."row"
)
ORDER BY used_on, number, "row", id
"""
_RECORD = """
SELECT record.stream, record.month_on FROM usage_key AS key
JOIN usage_record AS record
    ON record.tenant_id = key.tenant_id AND record.month_on = key.month_on AND record.id = key.record_id
WHERE key.tenant_id = %s AND key.event_id = %s
"""
_ENTRY = "SELECT contract_id, service_on FROM {table} WHERE tenant_id = %s AND run_id = ANY(%s) AND entry_code = %s"


class Place(NamedTuple):
    """Where to look: a contract, and the month of its usage."""

    contract: str
    month_on: date


def load_evidence(actor: Actor, contract: str, counted: Counted) -> dict[str, pa.Table]:
    """Every table of `ratable.reports.explanation.EVIDENCE` for a contract, with no usage yet, and what forfeits are of.

    Call it inside `books_of`, as one snapshot.
    """
    amendments = load_amendments(actor, [contract], through=known_through(actor, counted))
    terms = load_engine_terms(actor, contract, amendments, known=counted.known)
    has_units = terms["unit_pools"].num_rows > 0
    return {
        **{name: terms[name] for name in _TERMS},
        **{name: load_results(actor, name, counted, contract=contract) for name in _RESULTS},
        "unit_draws": load_unit_draws(actor, counted, contract=contract)
        if has_units
        else DRAWS.to_pyarrow().empty_table(),
        "journal": load_journal_lines(actor, counted, contract=contract),
        "usage": COUNTED_USAGE.to_pyarrow().empty_table(),
    }


def load_counted_usage(actor: Actor, contract: str, counted: Counted, *, months: Collection[date]) -> pa.Table:
    """The usage of some months of a contract that the last of these closes knew, less what it knew to be void or rejected."""
    through = known_through(actor, counted)
    parameters = [actor.tenant_id, _streams(actor, contract), sorted(months), through, through]
    return read_table(_USAGE.format(rejected=standing_rejections(actor, counted)), parameters, COUNTED_USAGE)


def known_through(actor: Actor, counted: Counted) -> int:
    """The number of the last fact that the last of these runs has read."""
    last = counted.draft or (counted.runs[-1] if counted.runs else None)
    return 0 if last is None else int(rows_of(actor, Run).get(id=last).facts_through)


def place_of_entry(actor: Actor, counted: Counted, entry_id: str) -> Place | None:
    """Where a journal entry belongs that counts; None: there is none."""
    drafts = [] if counted.draft is None else [counted.draft]
    found = _place("journal_entry", [actor.tenant_id, list(counted.runs), entry_id])
    return found or _place("draft_journal_entry", [actor.tenant_id, drafts, entry_id])


def place_of_usage(actor: Actor, usage_id: str) -> Place | None:
    """Where a record of usage belongs; None: no record has this id."""
    with connection.cursor() as cursor:
        cursor.execute(_RECORD, [actor.tenant_id, usage_id])
        row = cursor.fetchone()
    if row is None:
        return None
    stream, month_on = row
    owner = rows_of(actor, UsageItem).filter(code=stream).values_list("contract__code", flat=True).first()
    return Place(owner or _owner_of_prepaid(actor, stream), month_on)


def has_contract(actor: Actor, code: str) -> bool:
    """Is there a contract of this code?"""
    return rows_of(actor, Contract).filter(code=code).exists()


def _place(table: str, parameters: list[Any]) -> Place | None:
    with connection.cursor() as cursor:
        cursor.execute(_ENTRY.format(table=table), parameters)
        row = cursor.fetchone()
    return None if row is None else Place(*row)


def _owner_of_prepaid(actor: Actor, stream: str) -> str:
    """Prepaid usage stands under the name of a commit or of a contract."""
    code = stream.removeprefix(addressed_stream(""))
    if code == stream:
        return stream.removeprefix(unaddressed_stream(""))
    return str(rows_of(actor, PrepaidCommit).values_list("contract__code", flat=True).get(code=code))


def _streams(actor: Actor, contract: str) -> list[str]:
    items = rows_of(actor, UsageItem).filter(contract__code=contract).values_list("code", flat=True)
    commits = rows_of(actor, PrepaidCommit).filter(contract__code=contract).values_list("code", flat=True)
    return [*items, *map(addressed_stream, commits), unaddressed_stream(contract)]
