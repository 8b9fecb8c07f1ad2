"""A draft as its completeness is judged: what the run would add, and what of before belongs to the same months.

Owns the smallest tables over which the identities of a month can be asked; settled months were asked at their close.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from ratable import tables
from ratable_server.actor import Actor
from ratable_server.store.load.agreed import load_currencies
from ratable_server.store.load.counted import Counted, counted_with
from ratable_server.store.load.knowledge import Knowledge
from ratable_server.store.load.periods import current_closes
from ratable_server.store.load.posted_rows import in_money, load_journal_lines, load_results
from ratable_server.store.load.received import load_receipts
from ratable_server.store.models import Run
from ratable_server.store.transport import read_table

# What was rated is told whole and what drew as a difference: of a contract that is computed again, both from the start.
_DRAWN_BEFORE = """
SELECT {columns} FROM draw WHERE tenant_id = %s AND run_id = ANY(%s) AND contract_id IN (
    SELECT contract_id FROM draft_rated_line WHERE tenant_id = %s AND run_id = %s AND month_on < %s
    UNION SELECT contract_id FROM draft_draw WHERE tenant_id = %s AND run_id = %s AND service_on < %s
    UNION SELECT contract_id FROM draft_revenue_transaction
        WHERE tenant_id = %s AND run_id = %s AND service_on < %s AND kind = 'usage'
)
"""


def load_drafted(actor: Actor, run: Run, results: Mapping[str, pa.Table] | None = None) -> dict[str, pa.Table]:
    """The inputs of the report `completeness` for a draft and the imports since the last close.

    `results` are those that the draft keeps, where they are at hand.
    """
    found = results or _kept(actor, run)
    closes = current_closes(actor)
    drawn = [found["draws"], _drawn_before(actor, run, [close.run_id for close in closes])]
    return {
        "receipts": load_receipts(actor, counted_with(actor, run), after=closes[-1].run.facts_through if closes else 0),
        "contracts": load_currencies(actor),
        **{name: found[name] for name in ("rated", "allocated", "revenue", "journal")},
        "draws": in_money(pa.concat_tables(drawn)),
    }


def _kept(actor: Actor, run: Run) -> dict[str, pa.Table]:
    draft = Counted(runs=(), months=(run.period.month_on,), draft=run.id, as_of=None, known=Knowledge())
    found = {name: load_results(actor, name, draft) for name in ("rated", "draws", "allocated", "revenue")}
    return {**found, "journal": load_journal_lines(actor, draft)}


def _drawn_before(actor: Actor, run: Run, runs: list[int]) -> pa.Table:
    columns = ", ".join(f'"{name}"' for name in tables.DRAWS.names)
    of_draft = [actor.tenant_id, run.id, run.period.month_on]
    parameters = [actor.tenant_id, runs, *of_draft, *of_draft, *of_draft]
    return read_table(_DRAWN_BEFORE.format(columns=columns), parameters, tables.DRAWS)
