"""Accepted usage as the engine reads it: every record that counts, once."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from ratable import tables
from ratable_server.actor import Actor
from ratable_server.store.load.selections import Selection
from ratable_server.store.transport import read_table, reading_ahead

# The day in the books' time zone was settled when the record was learned, and what was rejected never came in. The time
# of day is only asked for where a price plan looks at the order of use; whether it came in a turn, as an upload of its own, only
# where one looks at uploads.
_CURRENT = """
SELECT event_id, stream, CASE WHEN (
        SELECT count(*) FROM usage_group
        WHERE tenant_id = record.tenant_id AND (rated_individually OR aggregation = 'last')
    ) > 0 THEN used_at END, used_on, quantity, amount, nullif(currency, ''), NULL, NULL, dimensions::text,
    number, "row", open_on, CASE WHEN (
        SELECT count(*) FROM usage_group WHERE tenant_id = record.tenant_id AND rating_group = 'upload'
    ) > 0 THEN EXISTS (
        SELECT FROM usage_import AS import WHERE import.tenant_id = record.tenant_id AND import.id = record.usage_import_id
            AND import.is_turn
    ) END
FROM usage_record AS record
WHERE tenant_id = %s AND month_on >= %s AND month_on < %s AND {streams}
    AND NOT EXISTS (
        SELECT FROM usage_void AS void
        WHERE void.tenant_id = record.tenant_id AND void.record_id = record.id
    )
"""


_EVERY_STREAM = "true"


def load_usage(actor: Actor, selection: Selection) -> pa.Table:
    """The records of the selected streams in the selected months, less those that were voided or revised."""
    condition, streams = selection.of_streams()
    parameters = [actor.tenant_id, selection.first_on, selection.before_on, streams]
    return read_table(_CURRENT.format(streams=condition), parameters, tables.USAGE)


class UsageAhead:
    """The records of all open months, on their way while terms are read: those of most selections."""

    def __init__(self, reading: Future[pa.Table], *, first_on: date, before_on: date) -> None:
        self._reading = reading
        self._first_on = first_on
        self._before_on = before_on

    def holds(self, selection: Selection) -> bool:
        """Are the records of the selection among them?"""
        return selection.is_rest and self._first_on <= selection.first_on and selection.before_on == self._before_on

    def of(self, selection: Selection) -> pa.Table:
        """The records of a selection that these hold."""
        found = self._reading.result()
        if self._first_on < selection.first_on:
            found = found.filter(pc.greater_equal(found["used_on"], pa.scalar(selection.first_on, pa.date32())))
        if selection.streams:
            others = pa.array(selection.streams, pa.string())
            found = found.filter(pc.invert(pc.is_in(found["item_id"], value_set=others)))
        return found


@contextmanager
def usage_ahead(actor: Actor, *, first_on: date, before_on: date) -> Iterator[UsageAhead]:
    """Begin to read, in a snapshot of the books."""
    query = _CURRENT.format(streams=_EVERY_STREAM)
    with reading_ahead(query, [actor.tenant_id, first_on, before_on], tables.USAGE) as reading:
        yield UsageAhead(reading, first_on=first_on, before_on=before_on)
