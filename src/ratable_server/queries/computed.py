"""Posted and drafted together: what closed months have posted, and what open ones come to as the books stand.

Owns how long a draft is remembered: in the process, as long as nothing is learned. Nothing is written.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection
from django.db.models import Max

from ratable import tables
from ratable.facts.documents import TERMINATION
from ratable.periods import month_of, next_month
from ratable_server.actor import Actor
from ratable_server.operations.calculation import WholeResults, new_results, new_results_of
from ratable_server.store import models
from ratable_server.store.load.computed import (
    REVENUE,
    KnowledgeState,
    closed_at_by_run,
    knowledge_state,
    last_month_used,
    posted_breakage,
    posted_draws,
    posted_endings,
    posted_revenue,
)
from ratable_server.store.load.learned import load_learned
from ratable_server.store.load.periods import current_runs, first_open_month
from ratable_server.store.load.posted_rows import in_money
from ratable_server.store.public_ids import revenue_id
from ratable_server.store.scope import moment_of, rows_of

_NEVER = date(1, 1, 1)
DRAFT = 0  # the run of rows that are not posted
_PLANNED = ("subscription", "milestone")
_USED = ("usage", "drawdown", "overage")
_OWED_BACK = "refund"  # what lapses and is never revenue
_WAITING = ("breakage", _OWED_BACK, "minimum")  # what depends on a day that must have come, as terminations do
_LET_GO = "adjustment"
_GROWS = ("breakage_revenue", "refund_liability", "revenue")  # what an entry that waits for its day adds to
_REMEMBERED = 32
_NO_GRANTS = tables.GRANTS.to_pyarrow().empty_table()
_NO_JOURNAL = tables.JOURNAL.to_pyarrow().empty_table()
_ORDER = [("booked_on", "ascending"), ("public_id", "ascending")]
_KEY = (
    "contract_id", "source_kind", "source_id", "item_id", "product_id", "commit_id", "kind", "service_on", "booked_on",
    "adjusted_on",
)  # fmt: skip


class Computed(NamedTuple):
    """Tables of `ratable.tables`, posted rows and the draft of open months; revenue with `public_id` and `run_id`.

    What a termination lets go is revenue of the kind `adjustment`, as in the journal: it alone has an `entry_id`, that of
    the entry that books it. What lapses under `breakage: none` is no revenue; `owed_back` is what was billed of it, or of
    what a termination refunds.

    What was rated is told whole and not as differences; where all contracts are asked for, of open months only. Grants
    are those that count, and only there where some contracts are asked for. Of the journal it is what open months come to.
    """

    revenue: pa.Table
    owed_back: pa.Table
    draws: pa.Table
    rated: pa.Table
    breakage: pa.Table
    grants: pa.Table
    drafted_journal: pa.Table
    open_on: date | None
    changed_at: datetime
    closed_at: dict[int, datetime]

    def modified_at(self, run_id: int) -> datetime:
        """When a row last could have changed: a draft with whatever was learned last."""
        return self.closed_at.get(run_id, self.changed_at)


def computed(actor: Actor, *, contracts: Sequence[str] | None, on: date) -> Computed:
    """What is posted, and what open months come to on a day, of some contracts or of all.

    Usage counts in whatever month it was recorded; subscriptions and milestones are told as planned; what depends on a
    day that has not come, such as breakage or a true-up, is not there yet. What late usage takes back of these stands with
    that usage.
    """
    with moment_of(actor):
        return _as_of(actor, contracts, on=on, state=knowledge_state(actor))


def computed_of_page(actor: Actor, *, contracts: Sequence[str], on: date) -> Computed:
    """The same of at least these contracts, a page of a list.

    They are alone where it is the first page that is asked for as the books stand, and with all others from the second
    one on; a single contract is always alone.

    So one page costs as much as it has, and reading the whole list no more than computing everything once.
    """
    with moment_of(actor):
        state = knowledge_state(actor)
        names = tuple(sorted(contracts))
        is_alone = len(names) == 1 or _memory.knows_no_other(actor.tenant_id, names, state)
        return _as_of(actor, names if is_alone else None, on=on, state=state)


def _as_of(actor: Actor, contracts: Sequence[str] | None, *, on: date, state: KnowledgeState) -> Computed:
    before_on = _horizon(actor, contracts, on)
    names = None if contracts is None else tuple(sorted(contracts))
    asked = _Asked(actor.tenant_id, names, before_on)
    found = _memory.of(asked, state)
    if found is None:
        found = _computed(actor, names, before_on=before_on, state=state)
        if not _is_part_of_a_change():
            _memory.keep(asked, state, found)
    open_on = found.open_on
    return found._replace(
        revenue=_due(found.revenue, on, open_on),
        owed_back=_due(found.owed_back, on, open_on),
        breakage=_due(found.breakage, on, open_on),
    )


def _is_part_of_a_change() -> bool:
    """What a transaction sees of its own may never come to be."""
    return len(connection.savepoint_ids) > 0


def _computed(actor: Actor, contracts: Sequence[str] | None, *, before_on: date, state: KnowledgeState) -> Computed:
    runs = current_runs(actor)
    whole = _drafted(actor, contracts, before_on=before_on)
    drafted = whole.added if whole else None
    revenue, ends = [_earned(posted_revenue(actor, runs, contracts))], [posted_endings(actor, runs, contracts)]
    draws, breakage = posted_draws(actor, runs, contracts), posted_breakage(actor, runs, contracts)
    rated = tables.RATED_LINES.to_pyarrow().empty_table()
    if drafted is not None:
        revenue.append(_earned(_with_ids(_of_draft(drafted.revenue))))
        ends.append(_of_draft(drafted.applied))
        draws, rated = pa.concat_tables([draws, drafted.draws]), drafted.rated
        breakage = pa.concat_tables([breakage, drafted.breakage])
    return Computed(
        revenue=pa.concat_tables([*revenue, *map(_let_go, ends)]).sort_by(_ORDER),
        owed_back=pa.concat_tables([_owed_back(moves) for moves in ends]),
        draws=in_money(draws),
        rated=rated,
        breakage=breakage,
        grants=whole.grants if whole else _NO_GRANTS,
        drafted_journal=drafted.journal if drafted is not None else _NO_JOURNAL,
        open_on=first_open_month(actor),
        changed_at=state.changed_at,
        closed_at=closed_at_by_run(actor, runs),
    )


def _drafted(actor: Actor, contracts: Sequence[str] | None, *, before_on: date) -> WholeResults | None:
    """What open months come to; None: there is nothing that could come to anything."""
    rows = rows_of(actor, models.Contract)
    if contracts is None:
        if not rows.exists():
            return None
        return WholeResults(new_results(actor, load_learned(actor), before_on=before_on), _NO_GRANTS)
    there = list(rows.filter(code__in=contracts).values_list("code", flat=True))
    return new_results_of(actor, there, before_on=before_on) if there else None


def _horizon(actor: Actor, contracts: Sequence[str] | None, on: date) -> date:
    """The end of the last month in which anything can be told.

    That is today's, one with usage or a document, the last that is planned, or where months were closed ahead of time the
    first open one.
    """
    ends = [on, last_month_used(actor) or on, first_open_month(actor) or on]
    planned: tuple[tuple[Any, str], ...] = (
        (models.Subscription, "ends_before"),
        (models.Milestone, "on"),
        (models.Document, "booked_on"),
    )
    for model, column in planned:
        rows = rows_of(actor, model).filter(contract__deleted_at=None)
        if contracts is not None:
            rows = rows.filter(contract__code__in=contracts)
        last_on = rows.aggregate(last=Max(column))["last"]
        ends.append(last_on or on)
    return next_month(month_of(max(ends)))


def _of_draft(rows: pa.Table) -> pa.Table:
    return rows.append_column("run_id", pa.repeat(pa.scalar(DRAFT, pa.int64()), rows.num_rows))


def _with_ids(revenue: pa.Table) -> pa.Table:
    """New rows with the ids that they are posted under."""
    columns = [revenue[name].to_pylist() for name in _KEY]
    ids = [revenue_id(*key) for key in zip(*columns, strict=True)]
    return revenue.append_column("public_id", pa.array(ids, pa.int64()))


def _earned(revenue: pa.Table) -> pa.Table:
    """Revenue whose entry comes of what it is of; what is owed back is none."""
    revenue = revenue.filter(pc.not_equal(revenue["kind"], _OWED_BACK))
    return revenue.select(REVENUE.names).append_column("entry_id", pa.repeat(pa.scalar(""), revenue.num_rows))


def _let_go(moves: pa.Table) -> pa.Table:
    """What terminations let go of liabilities and owe nobody, as rows of revenue."""
    ends = pc.equal(moves["place"], TERMINATION)
    rows = moves.filter(pc.and_(ends, pc.equal(moves["account"], "breakage_revenue")))
    rows = rows.append_column("adjusted_on", pa.repeat(pa.scalar(_NEVER, pa.date32()), rows.num_rows))
    rows = rows.append_column("amount_minor", pc.negate(rows["debit_minor"]))
    return _with_ids(rows).select([*REVENUE.names, "entry_id"])


def _owed_back(moves: pa.Table) -> pa.Table:
    """What leaves liabilities and is owed to customers; what late usage takes of it again is below nothing."""
    rows = moves.filter(pc.equal(moves["account"], "refund_liability"))
    rows = rows.append_column("amount_minor", pc.negate(rows["debit_minor"]))
    return rows.select(["contract_id", "kind", "booked_on", "on", "amount_minor"])


def _due(rows: pa.Table, on: date, open_on: date | None) -> pa.Table:
    """Less what waits for a day after `on`; what is posted stands whatever the day."""
    stands = pc.less_equal(rows["on"], pa.scalar(on, pa.date32()))
    stands = pc.or_(stands, pc.is_in(rows["kind"], pa.array([*_PLANNED, *_USED])))
    is_of_day = pc.is_in(rows["kind"], pa.array([*_WAITING, _LET_GO]))
    stands = pc.or_(stands, pc.and_(is_of_day, pc.less(rows["amount_minor"], 0)))
    if open_on is not None:
        stands = pc.or_(stands, pc.less(rows["booked_on"], pa.scalar(open_on, pa.date32())))
    return rows.filter(stands)


def due_lines(draft: pa.Table, on: date) -> pa.Table:
    """Lines of a drafted journal less the entries that wait for a day after `on`; what takes such a one back does not wait."""
    is_of_day = pc.or_(pc.is_in(draft["kind"], pa.array(_WAITING)), pc.equal(draft["place"], TERMINATION))
    takes = pc.and_(pc.is_in(draft["account"], pa.array(_GROWS)), pc.greater(draft["debit_minor"], 0))
    back = draft.filter(pc.and_(is_of_day, takes))["entry_id"]
    waits = pc.and_(is_of_day, pc.invert(pc.is_in(draft["entry_id"], back)))
    return draft.filter(pc.or_(pc.less_equal(draft["on"], pa.scalar(on, pa.date32())), pc.invert(waits)))


class _Asked(NamedTuple):
    tenant_id: int
    contracts: tuple[str, ...] | None  # None: all of them
    before_on: date


class _Memory:
    """The last drafts, for all threads of the process; of each asking only the one of the last state of the books."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: OrderedDict[_Asked, tuple[KnowledgeState, Computed]] = OrderedDict()

    def of(self, asked: _Asked, state: KnowledgeState) -> Computed | None:
        with self._lock:
            then, found = self._found.get(asked, (None, None))
            if then != state:
                return None
            self._found.move_to_end(asked)
            return found

    def knows_no_other(self, tenant_id: int, contracts: tuple[str, ...], state: KnowledgeState) -> bool:
        """Has nobody asked for all contracts, or for several others, as the books stand?"""
        with self._lock:
            asked = [
                asked.contracts
                for asked, (then, _) in self._found.items()
                if asked.tenant_id == tenant_id and then == state
            ]
        return not any(names is None or (len(names) > 1 and names != contracts) for names in asked)

    def keep(self, asked: _Asked, state: KnowledgeState, found: Computed) -> None:
        with self._lock:
            self._found[asked] = (state, found)
            self._found.move_to_end(asked)
            while len(self._found) > _REMEMBERED:
                self._found.popitem(last=False)


_memory = _Memory()
