"""The way of a call's records into the books: one transaction, without the tables that a file needs on its way.

read      days, numbers and streams, before anything is held
hold      the months that it may book into, then the tenant, in that order as everybody
judge     by what the books know under these locks, so that nothing has to be looked at twice
write     all of it, or what is good, or only what was rejected; the receipt and the audit with it
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from django.db import connection

from ratable.periods import month_of, next_month
from ratable_server.operations.usage.imports import Begun
from ratable_server.operations.usage.receipts import SHOWN_REJECTIONS, Outcome, Rejection, Taken, receipt_with
from ratable_server.operations.usage.settling import LOCK_SECONDS, Wish, last_hash, refused, row_of, tell_audit
from ratable_server.store.load.terms import load_policy
from ratable_server.store.models import Period, UsageImport
from ratable_server.store.numbers import next_fact_number
from ratable_server.store.partitions import prepare_months
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.staging.direct.judging import judge
from ratable_server.store.staging.direct.meeting import Standing, count, hash_of, meet
from ratable_server.store.staging.direct.reading import Record, read_records
from ratable_server.store.staging.direct.writing import add_records, add_rejections, known_streams, taken_ids
from ratable_server.store.staging.ndjson_rows import Cells
from ratable_server.store.staging.reading import Reading
from ratable_server.store.staging.settling import Posting, hold_tenant

MOST_RECORDS = 20_000  # from here on a file's way is the faster one

_BOOKS = """
SELECT timezone, (SELECT max(month_on) FROM period WHERE tenant_id = tenant.id AND status = 'closed'),
    set_config('lock_timeout', %s, true)
FROM tenant WHERE id = %s
"""
_SHARE = """
SELECT month_on, status FROM period WHERE tenant_id = %s AND month_on = ANY(%s::date[]) ORDER BY month_on FOR SHARE
"""


class _Held(NamedTuple):
    """The month after the last closed one, if any is, and the months that are kept from closing."""

    first_open_on: date | None
    months: Collection[date]


def take_directly(begun: Begun, wish: Wish, rows: Sequence[Cells], *, are_of_many: bool = False) -> Taken:
    """Take records into the books, all of them, or the good ones where the import is partial.

    `are_of_many`: each is of somebody else, who hears himself what became of it; so nothing that was rejected keeps a
    month from closing.

    Refuses:
        file_must_be_readable
    """
    made: set[date] = set()
    while True:  # once more, where a month is booked into for the first time
        with books_of(begun.actor):
            found = _Taking(begun, wish, are_of_many=are_of_many).take(rows, made)
        if isinstance(found, Taken):
            return found
        made |= found


@dataclass(slots=True)
class _Taking:
    """One transaction."""

    begun: Begun
    wish: Wish
    are_of_many: bool

    def take(self, rows: Sequence[Cells], made: Collection[date]) -> Taken | set[date]:
        """What became of the records; or the months that need a row of their own first, and then nothing is written."""
        actor = self.begun.actor
        zone, _ = self._books()
        records = read_records(rows, Reading(zone=zone, item=self.wish.item, prefix=self.wish.prefix))
        held = self._hold({record.month_on for record in records if record.day is not None}, made)
        judge(records, known_streams(actor, {record.stream for record in records}))
        months = {record.month_on for record in records if not record.code}
        open_on = held.first_open_on or min([*months, month_of(self.begun.at.date())])
        if missing := {max(month_on, open_on) for month_on in months} - set(held.months):
            return missing
        meet(records, self._standing(records, open_on, first_on=min(months, default=open_on)))
        return self._write(records, open_on)

    def _books(self) -> tuple[str, date | None]:
        """The time zone, and the last month that is closed."""
        with connection.cursor() as cursor:
            cursor.execute(_BOOKS, [f"{LOCK_SECONDS}s", self.begun.actor.tenant_id])
            zone, closed_on, _ = cursor.fetchone()
        return str(zone), closed_on

    def _hold(self, used: Collection[date], made: Collection[date]) -> _Held:
        """Keep the months in which usage of these months is booked from closing, then other writers of usage away.

        A month that was closed while this waited for it is late. `made` get a row, if they have none.
        """
        actor = self.begun.actor
        rows = [Period(tenant_id=actor.tenant_id, month_on=month_on) for month_on in sorted(made)]
        rows_of(actor, Period).bulk_create(rows, ignore_conflicts=True)
        while True:
            _, closed_on = self._books()
            first_on = next_month(closed_on) if closed_on else None
            statuses = self._share(sorted({max(month_on, first_on or month_on) for month_on in used}))
            if "closed" not in statuses.values():
                hold_tenant(actor)
                return _Held(first_on, statuses)

    def _share(self, months: Sequence[date]) -> dict[date, str]:
        with connection.cursor() as cursor:
            cursor.execute(_SHARE, [self.begun.actor.tenant_id, list(months)])
            return dict(cursor.fetchall())

    def _standing(self, records: Sequence[Record], open_on: date, *, first_on: date) -> Standing:
        is_late, on_change = first_on < open_on, self.wish.on_change
        rejects_late = (is_late or on_change == "restate") and self._rejects_late()
        return Standing(
            open_on=open_on,
            rejects_late=is_late and rejects_late,
            revises=on_change != "reject",
            restates=on_change == "restate" and not rejects_late,
            taken=taken_ids(self.begun.actor, records, revises=on_change != "reject"),
        )

    def _rejects_late(self) -> bool:
        return not self.wish.takes_late or load_policy(self.begun.actor).late_usage == "reject"

    def _write(self, records: Sequence[Record], open_on: date) -> Taken:
        counts, rejected = count(records), [record for record in records if record.code]
        is_taken = self.begun.is_partial or not rejected
        row = row_of(self.begun, "completed", counts) if is_taken else row_of(self.begun, "failed", refused(counts))
        resolved = self._post(row, [record for record in records if record.is_accepted], open_on)
        row.save(force_insert=True)
        if rejected:
            are_blocking = is_taken and not self.are_of_many
            add_rejections(self._posting(row, open_on), rejected, are_blocking=are_blocking)
        tell_audit(self.begun, row, resolved)
        told = [_rejection(record) for record in rejected[:SHOWN_REJECTIONS]]
        receipt = receipt_with(self.begun.actor, row, told, count=len(rejected))
        return Taken(receipt=receipt, outcomes=[_outcome(record, open_on, is_taken=is_taken) for record in records])

    def _post(self, row: UsageImport, accepted: Sequence[Record], open_on: date) -> list[tuple[int, int]]:
        """Write the records that are taken, if any is; give the rejections that this resolves."""
        if not row.rows_accepted:
            return []
        actor = self.begun.actor
        prepare_months({record.month_on for record in accepted})
        row.number = next_fact_number(actor)
        row.previous_sha256 = last_hash(actor)
        row.accepted_sha256 = hash_of(accepted, row.previous_sha256)
        return add_records(self._posting(row, open_on), accepted)

    def _posting(self, row: UsageImport, open_on: date) -> Posting:
        return Posting(self.begun.actor, row.id, row.number or 0, open_on, self.begun.at)


def _rejection(record: Record) -> Rejection:
    return Rejection(
        row=record.row, event_id=record.event_id, stream=record.stream, code=record.code, value=record.value
    )


def _outcome(record: Record, open_on: date, *, is_taken: bool) -> Outcome:
    if record.code:
        return Outcome(
            row=record.row, event_id=record.event_id, status="rejected", code=record.code, value=record.value
        )
    month_on = record.month_on
    return Outcome(
        row=record.row,
        event_id=record.event_id,
        status="duplicate" if record.is_duplicate else "accepted" if is_taken else "withheld",
        service_on=month_on,
        booked_on=max(month_on, open_on),
    )
