"""What became of every usage record: accepted, duplicate, voided or rejected, in the order in which they came.

Owns the table `usage_outcome`. The judgement is that of `meter`; a record that it did not need to look at was accepted.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from ratable import tables
from ratable.terms_tables import Row

_RECORD = ("usage_id", "item_id", "batch", "row", "quantity", "amount")
_OUTCOME = ("status", "code", "value")
_ACCEPTED = {"status": "accepted", "code": "", "value": ""}


def usage_outcome(received: Sequence[Row], examined: pa.Table) -> pa.Table:
    """A row per received record, so that received = accepted + voided + duplicate + rejected can be counted."""
    judged = {
        (row["usage_id"], row["batch"], row["row"]): row
        for row in examined.select(["usage_id", "batch", "row", *_OUTCOME]).to_pylist()
    }
    rows = []
    for record in received:
        outcome = judged.get((record["usage_id"], record["batch"], record["row"]), _ACCEPTED)
        rows.append({**{name: record[name] for name in _RECORD}, **{name: outcome[name] for name in _OUTCOME}})
    schema = tables.EXAMINED.to_pyarrow()
    return pa.Table.from_pylist(rows, schema=pa.schema([schema.field(name) for name in (*_RECORD, *_OUTCOME)]))
