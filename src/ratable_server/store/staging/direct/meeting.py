"""Records against each other, the open months and the ids that are taken: the rules of `staging.settling`, one by one.

Owns which of several records of one id is taken, what is a duplicate, a change or a revision.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal, localcontext
from typing import NamedTuple

from ratable.terms_rules import EXACT_DIGITS
from ratable_server.store.staging.direct.reading import Record
from ratable_server.store.staging.hashing import BLOCK_ROWS, block_digests, chain
from ratable_server.store.staging.settling import TOLD_REPEATS, Counts

_CHANGED, _UNKNOWN = "usage_must_not_change_under_its_id", "usage_must_name_a_known_item"
_OUTCOMES = ("accepted", "duplicate", "rejected")


class TakenId(NamedTuple):
    """What the books have under an id."""

    event_id: str
    content_hash: bytes
    record_id: int
    month_on: date
    is_void: bool


class Standing(NamedTuple):
    """What the books say under the locks: months from `open_on` on are open.

    With `revises` other content under a known id is a revision, with `restates` also where its month is closed.
    """

    open_on: date
    rejects_late: bool
    revises: bool
    restates: bool
    taken: Mapping[str, TakenId]


def meet(records: Sequence[Record], standing: Standing) -> None:
    """Decide about every record: taken, a duplicate, or rejected by the first rule that it breaks."""
    if standing.rejects_late:
        _reject_late(records, standing)
    of_id: dict[str, list[Record]] = {}
    for record in records:
        of_id.setdefault(record.event_id, []).append(record)
    for same in of_id.values():
        if len(same) > 1:
            _compare(same)
        if (taken := standing.taken.get(same[0].event_id)) is not None:
            for record in same:
                _meet_the_books(record, taken, standing)


def _reject_late(records: Iterable[Record], standing: Standing) -> None:
    """What is there already is not late: the same again adds nothing, also once its month is closed."""
    for record in records:
        if not record.code and record.month_on < standing.open_on:
            taken = standing.taken.get(record.event_id)
            if taken is None or taken.content_hash != record.content_hash:
                record.code, record.value = "period_must_be_open", str(record.day)


def _compare(same: Sequence[Record]) -> None:
    """Records of one id: all of them break a rule where they differ; else the first sound one is taken."""
    if len({record.content_hash for record in same}) > 1:
        told = told_of_repeats(same[0].event_id, [record.row for record in same])
        for record in same:
            if record.code != _UNKNOWN:
                record.code, record.value = _CHANGED, told
    sound = [record for record in same if not record.code]
    for record in sound[1:]:
        record.is_duplicate = True


def told_of_repeats(event_id: str, rows: Sequence[int]) -> str:
    """An id that several records have with different content, and the first of their rows, in their order."""
    more = " and others" if len(rows) > TOLD_REPEATS else ""
    return f"{event_id} in rows {', '.join(map(str, sorted(rows)[:TOLD_REPEATS]))}{more}"


def _meet_the_books(record: Record, taken: TakenId, standing: Standing) -> None:
    if taken.content_hash == record.content_hash:
        record.is_duplicate = not record.code
        return
    is_open = standing.restates or taken.month_on >= standing.open_on
    is_open = is_open and standing.revises and not taken.is_void
    if is_open:  # other content is no fault there: a record keeps the rule that it breaks by itself
        if not (record.code or record.is_duplicate):
            record.revises, record.revises_month_on = taken.record_id, taken.month_on
        return
    record.is_duplicate = False
    if record.code != _UNKNOWN:
        record.code, record.value = _CHANGED, record.event_id


def count(records: Iterable[Record]) -> Counts:
    """How many of the records are taken, duplicates and rejected, with their control totals."""
    rows, totals = dict.fromkeys(_OUTCOMES, 0), dict.fromkeys(_OUTCOMES, Decimal(0))
    with localcontext(prec=EXACT_DIGITS):
        for record in records:
            outcome = "rejected" if record.code else "duplicate" if record.is_duplicate else "accepted"
            rows[outcome] += 1
            totals[outcome] += record.total
        return Counts(
            rows_received=sum(rows.values()),
            rows_accepted=rows["accepted"],
            rows_duplicate=rows["duplicate"],
            rows_rejected=rows["rejected"],
            quantity_received=sum(totals.values(), Decimal(0)),
            quantity_accepted=totals["accepted"],
            quantity_duplicate=totals["duplicate"],
            quantity_rejected=totals["rejected"],
        )


def hash_of(records: Iterable[Record], previous: str) -> str:
    """The hash of the accepted records, chained to that of the import before."""
    blocks: dict[int, list[bytes]] = {}
    for record in records:
        if record.is_accepted:
            blocks.setdefault(record.row // BLOCK_ROWS, []).append(record.content_hash)
    return chain(previous, block_digests(blocks[block] for block in sorted(blocks)))
