"""The journal as it is posted, with its entries, as `ratable.tables.JOURNAL`."""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa

from ratable import tables
from ratable_server.actor import Actor
from ratable_server.store.transport import read_table

_LINES = """
SELECT entry.entry_code, entry.contract_id, entry.currency, entry.source_kind, entry.source_id, entry.kind,
    line.account, line.item_id, line.product_id, line.commit_id, entry.service_on, entry.booked_on, entry."on",
    entry.place, entry.number, line.debit_minor, line.credit_minor
FROM journal_line AS line
JOIN journal_entry AS entry ON entry.tenant_id = line.tenant_id AND entry.id = line.entry_id
WHERE line.tenant_id = %s AND line.run_id = ANY(%s)
"""


def load_journal(actor: Actor, runs: Collection[int]) -> pa.Table:
    """Every line that these runs posted, in no particular order."""
    return read_table(_LINES, [actor.tenant_id, list(runs)], tables.JOURNAL)
