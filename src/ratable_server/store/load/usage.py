"""Accepted usage as the engine reads it: every record that counts, once."""

from __future__ import annotations

import pyarrow as pa

from ratable import tables
from ratable_server.actor import Actor
from ratable_server.store.load.selections import Selection
from ratable_server.store.transport import read_table

# The day in the books' time zone was settled when the record was learned, and what was rejected never came in.
_CURRENT = """
SELECT event_id, stream, NULL, used_on, quantity, amount, nullif(currency, ''), NULL, NULL, dimensions::text,
    number, "row", open_on
FROM usage_record AS record
WHERE tenant_id = %s AND month_on >= %s AND month_on < %s AND {streams}
    AND NOT EXISTS (
        SELECT FROM usage_void AS void
        WHERE void.tenant_id = record.tenant_id AND void.record_id = record.id
    )
"""


def load_usage(actor: Actor, selection: Selection) -> pa.Table:
    """The records of the selected streams in the selected months, less those that were voided or revised."""
    condition, streams = selection.of_streams()
    parameters = [actor.tenant_id, selection.first_on, selection.before_on, streams]
    return read_table(_CURRENT.format(streams=condition), parameters, tables.USAGE)
