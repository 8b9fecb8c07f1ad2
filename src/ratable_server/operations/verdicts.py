"""Usage that was taken when it came, judged again by a run: what cannot go on now, what counts again.

Owns the difference to what is posted of that: a run tells only what has changed.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from ratable.backends import Sheet
from ratable.tables import REJECTED_USAGE
from ratable.usage import Metered, rejected_usage
from ratable_server.store.load.selections import Selection

NOTHING_REJECTED = REJECTED_USAGE.to_pyarrow().empty_table()
_RECORD = ["usage_id", "batch", "row"]


def changed_verdicts(sheet: Sheet, metered: Metered, standing: pa.Table, *, selection: Selection) -> pa.Table:
    """What is rejected now and was not, or by another rule; and, without a code, what was and is not any more.

    `standing` is what is posted of rejected usage, of these contracts and others.
    """
    now, then = _rejected(sheet, metered), _of_selection(standing, selection)
    if not then.num_rows:
        return now
    new = now.join(then, [*_RECORD, "code"], join_type="left anti")
    gone = then.join(now, _RECORD, join_type="left anti")
    nothing = pa.array([""] * gone.num_rows, pa.string())
    for name in ("code", "value"):
        gone = gone.set_column(gone.column_names.index(name), name, nothing)
    return pa.concat_tables([rows.select(now.column_names).cast(now.schema) for rows in (new, gone)])


def _rejected(sheet: Sheet, metered: Metered) -> pa.Table:
    """Usage that cannot go on; nearly always none."""
    if metered.is_clean:
        return NOTHING_REJECTED
    return sheet.fetch(sheet.run(rejected_usage, metered.examined)).cast(NOTHING_REJECTED.schema)


def _of_selection(standing: pa.Table, selection: Selection) -> pa.Table:
    """What is posted of the usage that was computed now."""
    inside = pc.and_(
        pc.greater_equal(standing["month_on"], pa.scalar(selection.first_on, pa.date32())),
        pc.less(standing["month_on"], pa.scalar(selection.before_on, pa.date32())),
    )
    named = pc.is_in(standing["item_id"], value_set=pa.array(selection.streams, pa.string()))
    return standing.filter(pc.and_(inside, pc.invert(named) if selection.is_rest else named))
