"""Journal entries: what is posted is never changed; an entry is taken back by another one in an open month.

Owns reversals. They are facts of the journal alone: what was computed (usage, pools, revenue by obligation) is corrected
by voids, late usage, adjustments and credit memos.
"""

from __future__ import annotations

from datetime import date, datetime

from ratable.facts.documents import entry_id
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.booking import numbered
from ratable_server.operations.matters import fact_columns, matter_of
from ratable_server.operations.soundness import refuse_unfit_text
from ratable_server.operations.told import Filed, told
from ratable_server.operations.writing import changes_by
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.journal import posted_entry
from ratable_server.store.models import JournalReversal
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@retried
def reverse_entry(*, actor: Actor, entry: str, reason: str, on: date, at: datetime) -> Filed:
    """Take a posted entry back, on a day of an open month; give the id under which the reversal will be posted.

    The close of that month posts it: every line with its sides swapped, and where the position of the source has moved
    on, against what it has come to. The entry stays readable, and a reversal can be reversed in its turn.

    Refuses:
        entry_must_be_known, entry_must_not_be_reversed, reversal_must_have_a_reason, role_must_allow_it
    """
    if not reason.strip():
        raise Refused("reversal_must_have_a_reason", field="reason")
    refuse_unfit_text("reason", reason)
    with changes_by(actor):
        posted = posted_entry(actor, entry)
        if posted is None:
            raise Refused("entry_must_be_known", field="entry", detail=entry)
        matter = matter_of(actor, posted.contract_id, on=on)
        if rows_of(actor, JournalReversal).filter(entry_code=entry).exists():
            raise Refused("entry_must_not_be_reversed", field="entry", detail=entry)
        booking = numbered(actor, matter.booking)
        JournalReversal(
            **fact_columns(actor, booking.number, at=at),
            contract_id=matter.row_id,
            entry_id=posted.id,
            entry_code=entry,
            reason=reason,
            on=booking.on,
            booked_on=booking.booked_on,
        ).save(force_insert=True)
        code = entry_id(matter.of.id, "reversal", booking.number)
        filed = Filed(code=code, number=booking.number, booked_on=booking.booked_on, on=booking.on)
        after = {"reversed_by": code, "reason": reason, **told(filed)}
        record_change(actor, Change("reverse_entry", "journal_entry", entry, after=after), at=at)
    return filed
