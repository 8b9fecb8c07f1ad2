"""Computing over the books: what to read, one run of the pipeline for each way to read it, what is new.

Owns the split of contracts into those whose closed months are computed again and those that carry
their sums forward. Writes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ratable.backends import Sheet, connect
from ratable.periods import month_of
from ratable.pipeline import Inputs, Outcome, run_period
from ratable_server.actor import Actor
from ratable_server.operations.inputs import bind_inputs
from ratable_server.operations.verdicts import NOTHING_REJECTED, changed_verdicts
from ratable_server.store.load.counted import counted
from ratable_server.store.load.learned import Learned, load_learned
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.load.rejected_usage import load_standing_rejections
from ratable_server.store.load.selections import Selection
from ratable_server.store.load.stirred import stirred_contracts, streams_of
from ratable_server.store.load.usage import UsageAhead

SMALL = 200  # contracts; up to so many, planning costs more than the work


class Calculated(NamedTuple):
    """One run of the pipeline, with what it read."""

    sheet: Sheet
    outcome: Outcome
    inputs: Inputs
    selection: Selection


class Results(NamedTuple):
    """What a calculation adds to the books, as tables of `ratable.tables`.

    `rejected` is usage that was taken when it came and cannot go on now, less what is posted of that.
    """

    rejected: pa.Table
    rated: pa.Table
    draws: pa.Table
    demands: pa.Table
    breakage: pa.Table
    allocated: pa.Table
    revenue: pa.Table
    applied: pa.Table
    journal: pa.Table


def new_results(actor: Actor, learned: Learned, *, before_on: date, ahead: UsageAhead | None = None) -> Results:
    """Compute the open months up to, not including, `before_on`, and give what they add to the books.

    Call it inside `books_of(actor)`: everything is read there, and the sheet forgets it with the next call.

    Raises:
        InvariantError: a law of the calculation is broken; always a bug.
    """
    standing = load_standing_rejections(actor, counted(actor))
    parts = [
        _new_rows(calculated, standing) for calculated in _outcomes(actor, learned, before_on=before_on, ahead=ahead)
    ]
    return Results(*(pa.concat_tables(columns) for columns in zip(*parts, strict=True)))


def calculate(actor: Actor, *, contracts: Collection[str], before_on: date) -> Calculated:
    """Compute the whole history of some contracts, as this transaction sees the books.

    Closed months stay as posted; open ones up to, not including, `before_on` are a draft. The tables stand on
    the sheet until this thread calculates again.

    Raises:
        InvariantError: a law of the calculation is broken; always a bug.
    """
    learned = load_learned(actor, contracts)
    first_on = _first_month(learned, before_on)
    selection = Selection(
        codes=tuple(contracts),
        streams=_streams(learned, frozenset(contracts)),
        is_rest=False,
        first_on=first_on,
        before_on=before_on,
        open_on=first_open_month(actor) or first_on,
        is_carried=False,
    )
    return _run(actor, learned, selection)


class WholeResults(NamedTuple):
    """What a calculation of some contracts adds to the books; grants of their pools as far as they count.

    Of rejected usage all of it, whatever is posted.
    """

    added: Results
    grants: pa.Table


def new_results_of(actor: Actor, contracts: Collection[str], *, before_on: date) -> WholeResults:
    """The same for some contracts, computed from their first month on.

    Raises:
        InvariantError: a law of the calculation is broken; always a bug.
    """
    calculated = calculate(actor, contracts=contracts, before_on=before_on)
    grants = calculated.sheet.fetch(calculated.outcome.drawdowns.grants)
    return WholeResults(_new_rows(calculated, NOTHING_REJECTED), grants)


def _outcomes(actor: Actor, learned: Learned, *, before_on: date, ahead: UsageAhead | None) -> Iterator[Calculated]:
    """One outcome for each selection; its tables stand on the sheet until the next is asked for."""
    return (
        _run(actor, learned, selection, ahead=ahead) for selection in selections(actor, learned, before_on=before_on)
    )


def _run(actor: Actor, learned: Learned, selection: Selection, *, ahead: UsageAhead | None = None) -> Calculated:
    terms = learned.terms
    sheet = _sheets.of_size(is_small=len(terms.contracts) <= SMALL)
    inputs = bind_inputs(sheet, actor, learned, selection=selection, ahead=ahead)
    outcome = run_period(sheet, inputs, policy=terms.policy, zone=terms.entity.timezone)
    return Calculated(sheet, outcome, inputs, selection)


def selections(actor: Actor, learned: Learned, *, before_on: date) -> list[Selection]:
    """The whole history of contracts about which something late was learned, the open months of the others."""
    first_on, open_on = _first_month(learned, before_on), first_open_month(actor)
    if open_on is None or open_on <= first_on:
        start = min(first_on, open_on or first_on)
        return [_rest(learned, frozenset(), first_on=start, before_on=before_on, is_carried=False)]
    stirred = stirred_contracts(actor, learned, open_on)
    settled = _rest(learned, stirred, first_on=open_on, before_on=before_on, is_carried=True)
    if not stirred:
        return [settled]
    if len(stirred) == len(learned.terms.contracts):  # and usage that nobody has terms for any more
        everything = _rest(learned, frozenset(), first_on=first_on, before_on=before_on, is_carried=False)
        return [replace(everything, open_on=open_on)]
    return [replace(settled, is_rest=False, first_on=first_on, is_carried=False), settled]


def _first_month(learned: Learned, before_on: date) -> date:
    """The first month in which anything is booked; a month before it can be asked for too."""
    return min(learned.first_month(), month_of(before_on - timedelta(days=1)))


def _rest(learned: Learned, but: frozenset[str], *, first_on: date, before_on: date, is_carried: bool) -> Selection:
    """All contracts but some."""
    return Selection(
        codes=tuple(sorted(but)),
        streams=_streams(learned, but),
        is_rest=True,
        first_on=first_on,
        before_on=before_on,
        open_on=first_on,
        is_carried=is_carried,
    )


def _streams(learned: Learned, codes: frozenset[str]) -> tuple[str, ...]:
    contracts = (contract for contract in learned.terms.contracts if contract.id in codes)
    return tuple(stream for contract in contracts for stream in streams_of(contract))


class _Sheets(threading.local):
    """The warm sheets of a thread, a small and a large one; what they have compiled they only run."""

    def __init__(self) -> None:
        self.by_size: dict[bool, Sheet] = {}

    def of_size(self, *, is_small: bool) -> Sheet:
        if is_small not in self.by_size:
            self.by_size[is_small] = connect(is_small=is_small)
        return self.by_size[is_small]


_sheets = _Sheets()


def _new_rows(calculated: Calculated, standing: pa.Table) -> Results:
    sheet, outcome, inputs, selection = calculated
    return Results(
        rejected=changed_verdicts(sheet, outcome.metered, standing, selection=selection),
        rated=sheet.fetch(outcome.rated.lines),
        draws=_booked_from(sheet.fetch(outcome.kept_draws), selection.open_on),
        demands=_added(sheet.fetch(outcome.kept_demands), sheet.fetch(inputs.posted_drawdown.demands)),
        breakage=sheet.fetch(outcome.drawdowns.breakage),
        allocated=sheet.fetch(outcome.allocated),
        revenue=_booked_from(sheet.fetch(outcome.revenue), selection.open_on),
        applied=sheet.fetch(outcome.journal.applied),
        journal=_booked_from(sheet.fetch(outcome.journal.journal), selection.open_on),
    )


def _booked_from(rows: pa.Table, open_on: date) -> pa.Table:
    return rows.filter(pc.greater_equal(rows["booked_on"], pa.scalar(open_on, pa.date32())))


def _added(now: pa.Table, then: pa.Table) -> pa.Table:
    """What the demand has become less what it was, by its keys."""
    if not then.num_rows:
        return now
    keys = [name for name in now.column_names if name != "gross_minor"]
    negative = then.set_column(then.column_names.index("gross_minor"), "gross_minor", pc.negate(then["gross_minor"]))
    sums = pa.concat_tables([now, negative.select(now.column_names)]).group_by(keys).aggregate([("gross_minor", "sum")])
    sums = sums.rename_columns([*keys, "gross_minor"]).select(now.column_names).cast(now.schema)
    return sums.filter(pc.not_equal(sums["gross_minor"], 0))
