"""Posted rows that a process keeps: what a closed month has posted never changes, so it is read once.

Owns what is kept and for how long: tables by run, the last used ones, up to a size. Drafts are never kept, and who
verifies the books does not ask here. Which rows stand is the rule of `posted_rows`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import date
from functools import partial

import ibis
import pyarrow as pa
import pyarrow.compute as pc
from django.db import connection

from ratable import tables
from ratable_server.actor import Actor
from ratable_server.store.load.counted import Counted
from ratable_server.store.load.posted_rows import WHOLE, load_journal_lines, load_results
from ratable_server.store.save import KEPT
from ratable_server.store.transport import read_table

MOST_BYTES = 512 * 1024 * 1024

_Key = tuple[object, ...]
_CONTRACTS = ibis.schema({"contract_id": "string"})
# A run that rated or corrected a month before its own has computed the contract's whole history.
_AGAIN = """
SELECT contract_id FROM {draft}rated_line WHERE tenant_id = %s AND run_id = %s AND month_on < %s
UNION SELECT contract_id FROM {draft}draw WHERE tenant_id = %s AND run_id = %s AND service_on < %s
UNION SELECT contract_id FROM {draft}revenue_transaction
    WHERE tenant_id = %s AND run_id = %s AND service_on < %s AND kind = 'usage'
"""


class _Tables:
    """The tables that were used last, of all threads."""

    def __init__(self, most_bytes: int) -> None:
        self._most_bytes = most_bytes
        self._lock = threading.Lock()
        self._tables: OrderedDict[_Key, pa.Table] = OrderedDict()
        self._bytes = 0

    def get(self, key: _Key, load: Callable[[], pa.Table]) -> pa.Table:
        """The table of a key; two threads that ask at once may both load it."""
        with self._lock:
            found = self._tables.get(key)
            if found is not None:
                self._tables.move_to_end(key)
                return found
        loaded = load()
        with self._lock:
            self._put(key, loaded)
        return loaded

    def _put(self, key: _Key, table: pa.Table) -> None:
        if key in self._tables or table.nbytes > self._most_bytes:
            return
        self._tables[key] = table
        self._bytes += table.nbytes
        while self._bytes > self._most_bytes:
            _, oldest = self._tables.popitem(last=False)
            self._bytes -= oldest.nbytes


_kept = _Tables(MOST_BYTES)


def kept_journal(actor: Actor, counted: Counted) -> pa.Table:
    """Every line of the journal with its entry, as `posted_rows.load_journal_lines` gives them."""
    parts = [_of_run(actor, "journal", one) for one in _runs(counted)]
    return _together(parts, tables.JOURNAL)


def kept_results(actor: Actor, name: str, counted: Counted) -> pa.Table:
    """The rows of a result, as `posted_rows.load_results` gives them."""
    parts, again = [], pa.table({"contract_id": pa.array([], pa.string())})
    for one in reversed(_runs(counted)):
        rows = _of_run(actor, name, one)
        if name in WHOLE:
            parts.append(_without(rows, again))
            again = pa.concat_tables([again, _of_run(actor, "again", one)])
        else:
            parts.append(rows)
    return _together(parts, KEPT[name].schema)


def _runs(counted: Counted) -> list[Counted]:
    """Each run for itself, the draft last."""
    months = counted.months
    posted = [
        Counted(runs=(run,), months=(month_on,), draft=None, as_of=counted.as_of, known=counted.known)
        for run, month_on in zip(counted.runs, months, strict=False)
    ]
    draft = (
        [Counted(runs=(), months=(months[-1],), draft=counted.draft, as_of=counted.as_of, known=counted.known)]
        if counted.draft is not None
        else []
    )
    return [*posted, *draft]


def _of_run(actor: Actor, name: str, one: Counted) -> pa.Table:
    """The rows of one run, kept if it is posted; another database may have the same ids."""
    load = _loading(actor, name, one)
    if one.draft is not None:
        return load()
    place = connection.settings_dict
    return _kept.get((place["HOST"], place["PORT"], place["NAME"], actor.tenant_id, one.runs[0], name), load)


def _loading(actor: Actor, name: str, one: Counted) -> Callable[[], pa.Table]:
    """How the rows of one run are read."""
    if name == "journal":
        return partial(load_journal_lines, actor, one)
    return partial(_again, actor, one) if name == "again" else partial(load_results, actor, name, one)


def _again(actor: Actor, one: Counted) -> pa.Table:
    run = one.runs[0] if one.draft is None else one.draft
    of_run: list[object] = [actor.tenant_id, run, _month(one)]
    query = _AGAIN.format(draft="" if one.draft is None else "draft_")
    return read_table(query, [*of_run, *of_run, *of_run], _CONTRACTS)


def _month(one: Counted) -> date:
    return one.months[-1]


def _without(rows: pa.Table, again: pa.Table) -> pa.Table:
    """The rows less those of contracts that a later run has computed again."""
    if not again.num_rows or not rows.num_rows:
        return rows
    return rows.filter(pc.invert(pc.is_in(rows["contract_id"], value_set=again["contract_id"].combine_chunks())))


def _together(parts: list[pa.Table], schema: ibis.Schema) -> pa.Table:
    return pa.concat_tables(parts) if parts else schema.to_pyarrow().empty_table()
