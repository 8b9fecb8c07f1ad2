"""Where a figure comes from: a journal entry or revenue down to its usage, a record of usage up to its journal lines.

Owns which evidence is loaded, at which moment of knowledge; the explaining is `ratable.reports.explanation`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa

from ratable.drawdown.regular import effective_grants
from ratable.errors import REJECTIONS
from ratable.periods import next_month
from ratable.reports.explanation import EVIDENCE, Evidence, Step, Trace
from ratable.reports.explanation import explain_entry as entry_explained
from ratable.reports.explanation import explain_revenue as revenue_explained
from ratable.reports.explanation import trace_usage as usage_traced
from ratable.reports.rollovers import forfeits_of_books
from ratable.tables import MONTHS
from ratable.terms_tables import month_rows
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.queries.reports import draft_of
from ratable_server.store.load.counted import Counted, counted, counted_with
from ratable_server.store.load.evidence import (
    has_contract,
    load_counted_usage,
    load_evidence,
    place_of_entry,
    place_of_usage,
)
from ratable_server.store.load.rejected_usage import RejectedRecord, rejected_records
from ratable_server.store.load.sheets import sheet_for
from ratable_server.store.scope import books_of

RECORDS_SHOWN = 20
_MEANINGS = {code.name: code.meaning for code in REJECTIONS}


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """When an explanation is of: as the books stood `as_of` (None: now), or with the draft of a run on top."""

    as_of: datetime | None = None
    run_id: int | None = None


NOW = Moment()


def explain_entry(
    *, actor: Actor, entry_id: str, moment: Moment = NOW, records_shown: int = RECORDS_SHOWN
) -> tuple[Step, ...]:
    """Each line of a journal entry, down to the usage that it stands for; a credit is negative.

    Refuses:
        entry_must_be_known, run_must_be_known, run_must_be_a_draft
    """
    with books_of(actor, as_snapshot=True):
        counts = _counted(actor, moment)
        place = place_of_entry(actor, counts, entry_id)
        if place is None:
            raise Refused("entry_must_be_known", field="entry", detail=entry_id)
        evidence = _evidence(actor, place.contract, counts, months=[place.month_on])
    return entry_explained(evidence, entry_id, records_shown=records_shown)


def explain_revenue(
    *,
    actor: Actor,
    contract: str,
    keys: Mapping[str, object],
    moment: Moment = NOW,
    records_shown: int = RECORDS_SHOWN,
) -> Step:
    """The revenue of a contract that has these keys, columns of `ratable.tables.REVENUE`, down to its usage.

    Refuses:
        contract_must_be_known, revenue_must_be_known, run_must_be_known, run_must_be_a_draft
    """
    with books_of(actor, as_snapshot=True):
        if not has_contract(actor, contract):
            raise Refused("contract_must_be_known", field="contract", detail=contract)
        evidence = _evidence(actor, contract, _counted(actor, moment), of_revenue=keys)
    try:
        return revenue_explained(evidence, {"contract_id": contract, **keys}, records_shown=records_shown)
    except LookupError as error:
        raise Refused("revenue_must_be_known", field="revenue", detail=str(error.args[0])) from error


def explain_usage(*, actor: Actor, usage_id: str, moment: Moment = NOW) -> Trace | Step:
    """The trace of a record of usage; of one that was taken when it came and is rejected by a run, which rule it breaks.

    Refuses:
        usage_must_be_known, usage_must_be_posted, run_must_be_known, run_must_be_a_draft
    """
    with books_of(actor, as_snapshot=True):
        for rejected in rejected_records(actor, _counted(actor, moment), usage_id=usage_id):
            return _rejected(rejected)
    return trace_usage(actor=actor, usage_id=usage_id, moment=moment)


def trace_usage(*, actor: Actor, usage_id: str, moment: Moment = NOW) -> Trace:
    """A record of usage with its month, its share of it, and the journal lines that it stands in.

    Refuses:
        usage_must_be_known, usage_must_be_posted, run_must_be_known, run_must_be_a_draft
    """
    with books_of(actor, as_snapshot=True):
        place = place_of_usage(actor, usage_id)
        if place is None:
            raise Refused("usage_must_be_known", field="usage", detail=usage_id)
        evidence = _evidence(actor, place.contract, _counted(actor, moment), months=[place.month_on])
    try:
        return usage_traced(evidence, usage_id)
    except LookupError as error:
        raise Refused("usage_must_be_posted", field="usage", detail=str(error.args[0])) from error


def _rejected(record: RejectedRecord) -> Step:
    told = f"rejected by run {record.run_id}: {record.code} ({_MEANINGS[record.code]}), {record.value}"
    if record.resolved_at is not None:
        told += f"; set aside by {record.resolved_by} on {record.resolved_at:%Y-%m-%d}: {record.reason}"
    unit, value = ("units", record.quantity) if record.amount is None else ("amount", record.amount)
    return Step(
        kind="usage",
        key=record.usage_id,
        title=f"usage {record.usage_id} of {record.item_id} on {record.used_on}",
        formula=told,
        value=value or Decimal(0),
        unit=unit,
    )


def _counted(actor: Actor, moment: Moment) -> Counted:
    if moment.run_id is not None:
        return counted_with(actor, draft_of(actor, moment.run_id))
    return counted(actor, as_of=moment.as_of)


def _evidence(
    actor: Actor,
    contract: str,
    counts: Counted,
    *,
    months: Collection[date] = (),
    of_revenue: Mapping[str, object] | None = None,
) -> Evidence:
    """The rows of a contract, with the usage of some months, or of those that some revenue belongs to."""
    tables = load_evidence(actor, contract, counts)
    if of_revenue is not None:
        months = {row["service_on"] for row in tables["revenue"].to_pylist() if _has(row, of_revenue)}
    usage = load_counted_usage(actor, contract, counts, months=months)
    told = {"usage": usage, "grants": _counted_grants(tables), "forfeits": _forfeits(tables)}
    return Evidence.of({**tables, **told})


def _forfeits(tables: Mapping[str, pa.Table]) -> pa.Table:
    """What the caps of rollovers took, by the knowledge of each month in which something was booked."""
    booked = [
        row["booked_on"] for name in ("draws", "revenue") for row in tables[name].select(["booked_on"]).to_pylist()
    ]
    first_on = min(booked, default=date.min)
    months = month_rows(first_on, next_month(max(booked)), first_on) if booked else []
    found = {**tables, "months": pa.Table.from_pylist(months, schema=MONTHS.to_pyarrow())}
    return forfeits_of_books(sheet_for(tables), found)


def _counted_grants(tables: Mapping[str, pa.Table]) -> pa.Table:
    """Top-ups and credits as far as they counted in the calculation: a credit takes no more than there was."""
    if not tables["grants"].num_rows:
        return tables["grants"]
    sheet = sheet_for(tables)
    inputs = [sheet.bind(f"explained_{name}", tables[name], EVIDENCE[name]) for name in ("grants", "commits", "draws")]
    return sheet.fetch(sheet.run(effective_grants, *inputs, into="explained_grants_counted"))


def _has(row: Mapping[str, Any], keys: Mapping[str, object]) -> bool:
    return all(row[name] == value for name, value in keys.items())
