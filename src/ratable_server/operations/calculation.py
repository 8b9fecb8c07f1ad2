"""Computing over the books: what to read, one run of the pipeline for each way to read it, what is new.

Owns the split of contracts into those whose closed months are computed again and those that carry
their sums forward. Writes nothing.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from ratable.backends import Sheet, connect
from ratable.pipeline import Inputs, Outcome, run_period
from ratable_server.actor import Actor
from ratable_server.operations.inputs import bind_inputs
from ratable_server.store.load.learned import Learned
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.load.selections import Selection
from ratable_server.store.load.stirred import stirred_contracts, streams_of

SMALL = 200  # contracts; up to so many, planning costs more than the work


class Results(NamedTuple):
    """What a calculation adds to the books, as tables of `ratable.tables`."""

    rated: pa.Table
    draws: pa.Table
    demands: pa.Table
    breakage: pa.Table
    allocated: pa.Table
    revenue: pa.Table
    applied: pa.Table
    journal: pa.Table


def calculate(actor: Actor, learned: Learned, *, before_on: date, contracts: tuple[str, ...] | None = None) -> Results:
    """Compute the open months up to, not including, `before_on`, of some contracts or of all.

    Call it inside `books_of(actor)`: everything is read there, and the sheet forgets it with the next call.

    Raises:
        InvariantError: a law of the calculation is broken; always a bug.
    """
    parts = [
        _new_rows(sheet, outcome, inputs, selection)
        for sheet, outcome, inputs, selection in outcomes(actor, learned, before_on=before_on, contracts=contracts)
    ]
    return Results(*(pa.concat_tables(columns) for columns in zip(*parts, strict=True)))


def outcomes(
    actor: Actor, learned: Learned, *, before_on: date, contracts: tuple[str, ...] | None = None
) -> Iterator[tuple[Sheet, Outcome, Inputs, Selection]]:
    """One outcome for each selection; its tables stand on the sheet until the next is asked for."""
    terms = learned.terms
    for selection in selections(actor, learned, before_on=before_on, contracts=contracts):
        sheet = _sheets.of_size(is_small=len(terms.contracts) <= SMALL)
        inputs = bind_inputs(sheet, actor, learned, selection)
        outcome = run_period(sheet, inputs, policy=terms.policy, zone=terms.entity.timezone)
        yield sheet, outcome, inputs, selection


def selections(
    actor: Actor, learned: Learned, *, before_on: date, contracts: tuple[str, ...] | None = None
) -> list[Selection]:
    """The whole history of contracts about which something late was learned, the open months of the others."""
    first_on, open_on = learned.first_month(), first_open_month(actor)
    if open_on is None or open_on <= first_on:
        return [_some(learned, contracts, first_on=min(first_on, open_on or first_on), before_on=before_on)]
    stirred = stirred_contracts(actor, learned, open_on)
    wanted = (
        frozenset(contract.id for contract in learned.terms.contracts) if contracts is None else frozenset(contracts)
    )
    again, settled = tuple(sorted(wanted & stirred)), tuple(sorted(wanted - stirred))
    found = []
    if again:
        found.append(_some(learned, again, first_on=first_on, before_on=before_on, open_on=open_on))
    if settled or not again:
        carried = settled if contracts is not None else None
        found.append(_some(learned, carried, but=again, first_on=open_on, before_on=before_on, is_carried=True))
    return found


def _some(
    learned: Learned,
    codes: tuple[str, ...] | None,
    *,
    first_on: date,
    before_on: date,
    open_on: date | None = None,
    but: tuple[str, ...] = (),
    is_carried: bool = False,
) -> Selection:
    """These contracts, or all but some."""
    named = frozenset(but if codes is None else codes)
    streams = tuple(
        stream for contract in learned.terms.contracts if contract.id in named for stream in streams_of(contract)
    )
    return Selection(
        codes=tuple(sorted(named)),
        streams=streams,
        is_rest=codes is None,
        first_on=first_on,
        before_on=before_on,
        open_on=open_on or first_on,
        is_carried=is_carried,
    )


class _Sheets(threading.local):
    """The warm sheets of a thread, a small and a large one; what they have compiled they only run."""

    def __init__(self) -> None:
        self.by_size: dict[bool, Sheet] = {}

    def of_size(self, *, is_small: bool) -> Sheet:
        if is_small not in self.by_size:
            self.by_size[is_small] = connect(is_small=is_small)
        return self.by_size[is_small]


_sheets = _Sheets()


def _new_rows(sheet: Sheet, outcome: Outcome, inputs: Inputs, selection: Selection) -> Results:
    booked = outcome.drawdowns.demands
    return Results(
        rated=sheet.fetch(outcome.rated.lines),
        draws=_booked_from(sheet.fetch(outcome.drawdowns.draws), selection.open_on),
        demands=_added(sheet.fetch(booked), sheet.fetch(inputs.posted_drawdown.demands)),
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
