"""The way of a call's records into the books: one transaction, without the tables that a file needs on its way.

read      days, numbers and streams, hashes and the columns as they are sent, before anything is held
hold      the months that it may book into, then the tenant, in that order as everybody
judge     by what the books know under these locks, so that nothing has to be looked at twice
write     all of it, or what is good, or only what was rejected; the receipt and the audit with it
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db import connection
from typing_extensions import override

from ratable.periods import month_of, next_month
from ratable_server.operations.usage.imports import Begun
from ratable_server.operations.usage.once import Attempt
from ratable_server.operations.usage.receipts import SHOWN_REJECTIONS, Became, Outcome, Rejection, Taken, receipt_with
from ratable_server.operations.usage.settling import LOCK_SECONDS, Wish, refused, row_of, tell_audit
from ratable_server.store.models import Period, UsageImport
from ratable_server.store.partitions import prepare_months
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.staging.direct.judging import hash_contents, judge
from ratable_server.store.staging.direct.looking import Frame, Seen, Wanted, frame_of, let_go, look
from ratable_server.store.staging.direct.meeting import Standing, count, hash_of, meet
from ratable_server.store.staging.direct.reading import Record, read_records
from ratable_server.store.staging.direct.writing import Sent, add_records, add_rejections, told_records
from ratable_server.store.staging.ndjson_rows import Cells
from ratable_server.store.staging.reading import Reading
from ratable_server.store.staging.settling import Posting

MOST_RECORDS = 20_000  # from here on a file's way is the faster one

_frames: dict[int, Frame] = {}  # of tenants, as they were seen last


def take_directly(
    begun: Begun, wish: Wish, rows: Sequence[Cells], *, attempt: Attempt[Taken], are_of_many: bool = False
) -> Taken:
    """Take records into the books, all of them, or the good ones where the import is partial.

    `are_of_many`: each is of somebody else, who hears himself what became of it; so nothing that was rejected keeps the
    others out, or a month from closing.

    Refuses:
        file_must_be_readable
    """
    made: set[date] = set()
    is_part = connection.in_atomic_block
    while True:  # once more, where a month is booked into for the first time, or was closed meanwhile
        with _transaction(begun):
            found = _Taking(begun, wish, are_of_many=are_of_many, is_part=is_part).take(rows, made)
            if isinstance(found, Taken):
                attempt.will_commit(found, import_id=begun.import_id)
        if isinstance(found, Taken):
            return found
        if is_part:
            let_go()
        made |= found


def _transaction(begun: Begun) -> AbstractContextManager[object]:
    """One of its own, or that of the caller, in the same books: what it does it does whole, or raises."""
    return nullcontext() if connection.in_atomic_block else books_of(begun.actor)


@dataclass(slots=True)
class _Taking:
    """One transaction."""

    begun: Begun
    wish: Wish
    are_of_many: bool
    is_part: bool

    def take(self, rows: Sequence[Cells], made: Collection[date]) -> Taken | set[date]:
        """What became of the records; or the months that need a row of their own first, and then nothing is written.

        Where the time zone is another one or a month was closed since they were seen last, it is read anew: nothing is
        needed for that, and usage may be late now.
        """
        tenant_id = self.begun.actor.tenant_id
        frame = _frames.get(tenant_id) or frame_of(self.begun.actor)
        records = read_records(rows, Reading(zone=frame.zone, item=self.wish.item, prefix=self.wish.prefix))
        hash_contents(records)
        sent = told_records(records)  # before others wait for this; nearly always all of them are taken
        self._make(made)
        first_on = next_month(frame.closed_on) if frame.closed_on else None
        seen = self._look(records, first_on)
        _frames[tenant_id] = seen.frame
        if seen.frame != frame:
            return set()
        judge(records, seen.known)
        months = _months(record for record in records if not record.code)
        open_on = first_on or min([*months, month_of(self.begun.at.date())])
        if missing := {max(month_on, open_on) for month_on in months} - set(seen.statuses):
            return missing
        meet(records, self._standing(seen, first_on or date.min, used_on=min(months, default=open_on)))
        return self._write(records, sent, seen, open_on=open_on)

    def _make(self, months: Collection[date]) -> None:
        actor = self.begun.actor
        rows = [Period(tenant_id=actor.tenant_id, month_on=month_on) for month_on in sorted(months)]
        rows_of(actor, Period).bulk_create(rows, ignore_conflicts=True)

    def _look(self, records: Sequence[Record], first_on: date | None) -> Seen:
        used = sorted(_months(records))
        wanted = Wanted(
            booked=sorted({max(month_on, first_on or month_on) for month_on in used}),
            used=used,
            ids=[record.event_id for record in records],
            streams={record.stream for record in records},
            voids=self.wish.on_change != "reject",
            returns=self.is_part,
        )
        return look(self.begun.actor, wanted, lock_seconds=LOCK_SECONDS)

    def _standing(self, seen: Seen, open_on: date, *, used_on: date) -> Standing:
        """What the books say; while nothing is closed every month is open."""
        is_late, on_change = used_on < open_on, self.wish.on_change
        rejects_late = not self.wish.takes_late or seen.late_usage == "reject"
        return Standing(
            open_on=open_on,
            rejects_late=is_late and rejects_late,
            revises=on_change != "reject",
            restates=on_change == "restate" and not rejects_late,
            taken=seen.taken,
        )

    def _write(self, records: Sequence[Record], sent: Sent | None, seen: Seen, *, open_on: date) -> Taken:
        counts, rejected = count(records), [record for record in records if record.code]
        is_taken = self.begun.is_partial or self.are_of_many or not rejected
        row = row_of(self.begun, "completed", counts) if is_taken else row_of(self.begun, "failed", refused(counts))
        accepted = [record for record in records if record.is_accepted] if row.rows_accepted else []
        posting = self._posting(row, accepted, seen, open_on=open_on)
        is_as_sent = len(accepted) == len(records) and all(record.revises is None for record in accepted)
        resolved = add_records(posting, row, sent if is_as_sent else told_records(accepted))
        if rejected:
            add_rejections(posting, rejected, are_blocking=is_taken and not self.are_of_many)
        tell_audit(self.begun, row, resolved)
        shown = [_rejection(record) for record in rejected[:SHOWN_REJECTIONS]]
        receipt = receipt_with(self.begun.actor, row, shown, count=len(rejected))
        return Taken(receipt=receipt, outcomes=_Outcomes(records, open_on, is_taken=is_taken))

    def _posting(self, row: UsageImport, accepted: Sequence[Record], seen: Seen, *, open_on: date) -> Posting:
        """Complete the receipt by what is written only where records are taken."""
        if accepted:
            prepare_months(_months(accepted) & set(seen.without_partition))
            row.number = seen.fact_number + 1
            row.previous_sha256 = seen.last_sha256
            row.accepted_sha256 = hash_of(accepted, row.previous_sha256)
        return Posting(self.begun.actor, row.id, row.number or 0, open_on, self.begun.at)


class _Outcomes(Sequence[Outcome]):
    """What became of each record, told once somebody asks: by then nobody waits for this any more."""

    def __init__(self, records: Sequence[Record], open_on: date, *, is_taken: bool) -> None:
        self._records, self._open_on, self._is_taken = records, open_on, is_taken

    @cached_property
    def _told(self) -> list[Outcome]:
        return [_outcome(record, self._open_on, is_taken=self._is_taken) for record in self._records]

    @override
    def __getitem__(self, place: Any) -> Any:
        return self._told[place]

    @override
    def __len__(self) -> int:
        return len(self._records)


def _months(records: Iterable[Record]) -> set[date]:
    """The months in which they were used, of those that have a day."""
    days = {record.day for record in records}
    return {day.replace(day=1) for day in days if day is not None}


def _rejection(record: Record) -> Rejection:
    return Rejection(
        row=record.row, event_id=record.event_id, stream=record.stream, code=record.code, value=record.value
    )


def _outcome(record: Record, open_on: date, *, is_taken: bool) -> Outcome:
    if record.code:
        return Outcome(record.row, record.event_id, "rejected", record.code, record.value)
    month_on = record.month_on
    status: Became = "duplicate" if record.is_duplicate else "accepted" if is_taken else "withheld"
    return Outcome(record.row, record.event_id, status, "", "", month_on, max(month_on, open_on))
