"""The two transactions of an import: one that stages and judges, one that writes all of it or nothing.

Owns the locks: the months that the file books into (shared, so that none of them closes), then the tenant, so that
nobody adds usage under the same ids between the look and the write. Under them it looks once more at what the rows were
judged by: if an item or a contract has changed since, they are judged anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

import pyarrow as pa
from django.db import IntegrityError, connection, transaction

from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.operations.usage.imports import Begun, record_failure
from ratable_server.operations.usage.once import Attempt
from ratable_server.operations.usage.receipts import Receipt, RejectedFile, receipt_of
from ratable_server.operations.usage.uploads import OnChange
from ratable_server.store.audit import Change, record_change
from ratable_server.store.load.periods import first_open_month
from ratable_server.store.load.terms import load_entity, load_policy
from ratable_server.store.locks import share_month
from ratable_server.store.models import UsageImport
from ratable_server.store.numbers import next_fact_number
from ratable_server.store.partitions import prepare_months
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.staging import settling
from ratable_server.store.staging.hashing import NO_HASH, BlockDigests
from ratable_server.store.staging.known_items import known_items
from ratable_server.store.staging.reading import Reading, judged, prepare, raw_texts
from ratable_server.store.staging.settling import Counts, Judging, Posting
from ratable_server.store.staging.tables import Staged, create_tables, drop_tables, stage_raw, stage_records
from ratable_server.store.staging.texts import Texts

_SORT_MEMORY = "64MB"
LOCK_SECONDS = 120  # one large import may wait for another


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How the rows are to be taken; `prefix` begins the id of a row without one.

    With `takes_late` the policy says what becomes of usage of a closed month; without, it is rejected.
    """

    item: str | None
    prefix: str
    on_change: OnChange
    takes_late: bool = True


def take(begun: Begun, wish: Wish, texts: Texts, *, attempt: Attempt[Receipt] | None = None) -> Receipt:
    """Stage the rows, make the months that they need, and settle them; an `attempt` is told before that is committed.

    Refuses:
        file_must_be_readable, file_must_be_clean
    """
    receipt = None
    try:
        while receipt is None:  # once more, where terms have changed in between
            with books_of(begun.actor):
                _take_time()
                staged, judgement = _stage(begun.actor, wish, texts)
            prepare_months(staged.months)
            with books_of(begun.actor):
                _take_time()
                receipt = _Settlement(begun, wish, texts).settle(staged, judgement)
                if attempt is not None and receipt is not None:
                    attempt.will_commit(receipt, import_id=begun.import_id)
    finally:
        _clear()
    if receipt.status == "failed":
        raise RejectedFile(receipt)
    return receipt


def _take_time() -> None:
    """A large file may take longer than a statement of the books otherwise may."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
        cursor.execute(f"SET LOCAL work_mem = '{_SORT_MEMORY}'")


def _clear() -> None:
    """Without a connection there are no tables any more."""
    if connection.connection is not None and not connection.connection.closed:
        drop_tables()


class _Judgement(NamedTuple):
    """What rows were judged by: the streams that they name, and what the books knew of these."""

    streams: list[str]
    known: pa.Table

    def stands(self, actor: Actor) -> bool:
        """Do the books still know the same?"""
        return bool(known_items(actor, self.streams).sort_by("code").equals(self.known.sort_by("code")))


def _stage(actor: Actor, wish: Wish, texts: Texts) -> tuple[Staged, _Judgement]:
    reading = Reading(zone=load_entity(actor).timezone, item=wish.item, prefix=wish.prefix)
    streams = prepare(texts, reading)
    known = known_items(actor, streams)
    create_tables()
    return stage_records(judged(texts, reading, known)), _Judgement(streams, known)


class _Settlement:
    """The second transaction of an import."""

    def __init__(self, begun: Begun, wish: Wish, texts: Texts) -> None:
        self.begun = begun
        self.actor = begun.actor
        self.wish = wish
        self.texts = texts
        self.resolved: list[tuple[int, int]] = []  # rejections, by import and row

    def settle(self, staged: Staged, judgement: _Judgement) -> Receipt | None:
        """Judge against the books as they are under the locks, and write; None if the rows must be judged anew."""
        open_on = hold_books(self.actor, staged.months, at=self.begun.at)
        self.begun = self.begun.settled()  # nobody else adds usage by now: what came before has an earlier moment
        if not judgement.stands(self.actor):
            return None
        rejects_late = not self.wish.takes_late or load_policy(self.actor).late_usage == "reject"
        is_late = rejects_late and min(staged.months, default=open_on) < open_on
        row = self._all_of_it(open_on, staged.digests) if staged.is_clean and not is_late else None
        if row is None:
            restates = self.wish.on_change == "restate" and not rejects_late
            row = self._what_is_sound(open_on, rejects_late=is_late, restates=restates)
        tell_audit(self.begun, row, self.resolved)
        return receipt_of(self.actor, row)

    def _all_of_it(self, open_on: date, digests: BlockDigests) -> UsageImport | None:
        """Take every row, as nearly every file can be; None if an id is not new, and then nothing was written."""
        row = self._row("completed", settling.count_all())
        try:
            with transaction.atomic():
                self._post(row, open_on, revises=False)
        except IntegrityError as error:
            if settling.is_taken_id(error):
                return None
            raise
        self._save(row, digests.chained(row.previous_sha256))
        return row

    def _what_is_sound(self, open_on: date, *, rejects_late: bool, restates: bool) -> UsageImport:
        """Judge row by row, and take what is new and sound, or nothing."""
        revises = self.wish.on_change != "reject"
        first_on = first_open_month(self.actor) or date.min  # while nothing is closed, every month may be revised
        judging = Judging(open_on=first_on, rejects_late=rejects_late, revises=revises, restates=restates)
        counts = settling.settle(self.actor, judging)
        is_taken = counts.rows_rejected == 0 or self.begun.is_partial
        row = self._row("completed", counts) if is_taken else self._row("failed", refused(counts))
        self._post(row, open_on, revises=revises)
        self._save(row)
        if counts.rows_rejected:
            stage_raw(raw_texts(self.texts, settling.rejected_rows()))
            settling.keep_rejections(self._posting(row, open_on), are_blocking=is_taken)
        return row

    def _row(self, status: str, counts: Counts) -> UsageImport:
        return row_of(self.begun, status, counts)

    def _post(self, row: UsageImport, open_on: date, *, revises: bool) -> None:
        if not row.rows_accepted:
            return
        row.number = next_fact_number(self.actor)
        row.previous_sha256 = last_hash(self.actor)
        self.resolved = settling.post(self._posting(row, open_on), revises=revises)

    def _posting(self, row: UsageImport, open_on: date) -> Posting:
        return Posting(actor=self.actor, import_id=row.id, number=row.number or 0, open_on=open_on, at=self.begun.at)

    def _save(self, row: UsageImport, accepted_sha256: str | None = None) -> None:
        if row.rows_accepted:
            row.accepted_sha256 = accepted_sha256 or settling.hash_of_staged(row.previous_sha256)
        if not self.begun.is_kept:
            row.save(force_insert=True)
            return
        row.recorded_at = self.begun.at
        told = ("status", "recorded_at", "number", "previous_sha256", "accepted_sha256", *Counts._fields)
        rows_of(self.actor, UsageImport).filter(id=row.id).update(**{name: getattr(row, name) for name in told})


def tell_audit(begun: Begun, row: UsageImport, resolved: list[tuple[int, int]]) -> None:
    """Tell the audit what became of an import, and which rejections it resolved, by import and row."""
    after = {name: getattr(row, name) for name in ("file_name", "sha256", *Counts._fields, "accepted_sha256")}
    if row.status == "failed":
        record_failure(begun.actor, row.code, after, at=begun.at)
        return
    if resolved:
        after["resolved"] = _named(begun.actor, resolved)
    record_change(begun.actor, Change("ingest_usage", "usage_import", row.code, after=after), at=begun.at)


def _named(actor: Actor, resolved: list[tuple[int, int]]) -> dict[str, str]:
    """Rows of imports by the codes of these: `2, 5-9`."""
    rows: dict[int, list[int]] = {}
    for import_id, row in sorted(resolved):
        rows.setdefault(import_id, []).append(row)
    codes = dict(rows_of(actor, UsageImport).filter(id__in=rows).values_list("id", "code"))
    return {codes[import_id]: _ranges(found) for import_id, found in rows.items()}


def _ranges(rows: list[int]) -> str:
    """Numbers that ascend, with those that follow one another as one range."""
    ranges: list[tuple[int, int]] = []
    for row in rows:
        if ranges and row == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], row)
        else:
            ranges.append((row, row))
    return ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def row_of(begun: Begun, status: str, counts: Counts) -> UsageImport:
    """The row of an import as it ends."""
    row = begun.row()
    row.status = status
    for name, value in counts._asdict().items():
        setattr(row, name, value)
    return row


def refused(counts: Counts) -> Counts:
    """Of a file that is not taken every row that is no duplicate is rejected, the good ones with the bad."""
    return counts._replace(
        rows_accepted=0,
        rows_rejected=counts.rows_rejected + counts.rows_accepted,
        quantity_accepted=Decimal(0),
        quantity_rejected=counts.quantity_rejected + counts.quantity_accepted,
    )


def hold_books(actor: Actor, months: list[date], *, at: datetime) -> date:
    """Keep the months in which usage of these months is booked from closing, and other writers of usage away.

    Gives the first open month. While nothing is closed every month is open. A month that was closed while this waited
    for it is late. Nothing is added under an id between this and the end of the transaction.
    """
    while True:
        open_on = first_open_month(actor) or min([*months, month_of(at.date())])
        booked = sorted({max(month_on, open_on) for month_on in months})
        if "closed" not in [share_month(actor, month_on) for month_on in booked]:
            settling.hold_tenant(actor)
            return open_on


def last_hash(actor: Actor) -> str:
    """The hash of the last import that added something."""
    numbered = rows_of(actor, UsageImport).filter(status="completed").exclude(number=None)
    return numbered.order_by("-number").values_list("accepted_sha256", flat=True).first() or NO_HASH
