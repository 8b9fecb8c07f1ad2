"""The inputs of a run, as the case player makes them from a file, made from the books."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import ibis
import pyarrow as pa

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.drawdown import Booked, Pools
from ratable.drawdown.breakage import BREAKAGE
from ratable.pipeline import Inputs
from ratable.terms import Terms
from ratable.terms_tables import Amendments, Row, TermsTables, month_rows, terms_tables
from ratable_server.actor import Actor
from ratable_server.store.load.learned import Learned, booked_on
from ratable_server.store.load.posted import load_posted
from ratable_server.store.load.selections import Selection
from ratable_server.store.load.usage import UsageAhead, load_usage


def bind_inputs(
    sheet: Sheet, actor: Actor, learned: Learned, *, selection: Selection, ahead: UsageAhead | None = None
) -> Inputs:
    """Put everything that a run of the selection reads on the sheet; usage may be on its way already."""
    posted = load_posted(actor, selection)
    rows = terms_tables(*_selected_terms(learned, selection))
    stored = {
        name: sheet.bind_rows(name, getattr(rows, name), schema) for name, schema in TermsTables.schemas().items()
    }
    pools = Pools(*(stored.pop(name) for name in Pools._fields))
    months = month_rows(selection.first_on, selection.before_on, selection.open_on)
    usage = ahead.of(selection) if ahead is not None and ahead.holds(selection) else load_usage(actor, selection)
    return Inputs(
        months=sheet.bind_rows("months", months, tables.MONTHS),
        **stored,
        pools=pools,
        usage=sheet.bind("usage", usage, tables.USAGE),
        voids=_bind(sheet, "voids", [], tables.VOIDS),
        adjustments=_bind(sheet, "adjustments", _due(learned.adjustments, selection), tables.ADJUSTMENTS),
        documents=sheet.bind("documents", _filed(learned, selection, posted.applied), tables.MOVES),
        waiting=_bind(sheet, "waiting", _due(learned.turns, selection), tables.TURNS),
        posted_drawdown=Booked(
            sheet.bind("posted_draws", posted.draws, tables.DRAWS),
            sheet.bind("posted_demands", posted.demands, tables.POSTED_DEMANDS),
            sheet.bind("posted_breakage", posted.breakage, BREAKAGE),
        ),
        posted_revenue=sheet.bind("posted_revenue", posted.revenue, tables.REVENUE),
    )


def _bind(sheet: Sheet, name: str, rows: list[Row], schema: ibis.Schema) -> Stored:
    return sheet.bind_rows(name, rows, schema)


def _selected_terms(learned: Learned, selection: Selection) -> tuple[Terms, Amendments]:
    contracts = tuple(contract for contract in learned.terms.contracts if selection.holds(contract.id))
    commits = {commit.id for contract in contracts for commit in contract.prepaid_commits}
    known = learned.amendments
    amendments = replace(
        known,
        grants=tuple(grant for grant in known.grants if grant[0] in commits),
        estimates=tuple(estimate for estimate in known.estimates if estimate[0] in commits),
    )
    return replace(learned.terms, contracts=contracts), amendments


def _due(rows: Iterable[Row], selection: Selection) -> list[Row]:
    """What is booked in the open months; what was booked before is posted."""
    return [row for row in _of(rows, selection) if selection.open_on <= booked_on(row)]


def _filed(learned: Learned, selection: Selection, applied: pa.Table) -> pa.Table:
    filed = pa.Table.from_pylist(_of(learned.moves, selection), schema=tables.MOVES.to_pyarrow())
    return pa.concat_tables([filed, applied])


def _of(rows: Iterable[Row], selection: Selection) -> list[Row]:
    return [row for row in rows if selection.holds(str(row["contract_id"])) and booked_on(row) < selection.before_on]
