"""The two transactions of an import: one that stages and judges, one that writes all of it or nothing.

Owns the locks: the months that the file books into (shared, so that none of them closes), then the tenant, so that
nobody adds usage under the same ids between the look and the write.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db import connection

from ratable.periods import month_of
from ratable_server.actor import Actor
from ratable_server.operations.usage.imports import Begun, record_failure
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
from ratable_server.store.staging.columns import Layout
from ratable_server.store.staging.reading import Reading, read_texts
from ratable_server.store.staging.settling import Counts, Posting
from ratable_server.store.staging.tables import drop_tables

_SORT_MEMORY = "64MB"
_LOCK_SECONDS = 120  # one large import may wait for another


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """How the rows are to be taken; `prefix` begins the id of a row without one."""

    item: str | None
    prefix: str
    on_change: OnChange


def take(begun: Begun, wish: Wish, copy: Callable[[], Layout]) -> Receipt:
    """Stage what `copy` brings, make the months it needs, and settle it.

    Refuses:
        file_must_be_readable, file_must_be_clean
    """
    try:
        with books_of(begun.actor):
            _take_time()
            layout = copy()
            months = _judge(begun.actor, wish, layout)
        prepare_months(months)
        with books_of(begun.actor):
            _take_time()
            receipt = _Settlement(begun, wish, layout).settle(months)
    finally:
        _clear()
    if receipt.status == "failed":
        raise RejectedFile(receipt)
    return receipt


def _take_time() -> None:
    """A large file may take longer than a statement of the books otherwise may."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '{_LOCK_SECONDS}s'")
        cursor.execute(f"SET LOCAL work_mem = '{_SORT_MEMORY}'")


def _clear() -> None:
    """Without a connection there are no tables any more."""
    if connection.connection is not None and not connection.connection.closed:
        drop_tables()


def _judge(actor: Actor, wish: Wish, layout: Layout) -> list[date]:
    zone = load_entity(actor).timezone
    months = read_texts(
        Reading(tenant_id=actor.tenant_id, zone=zone, layout=layout, item=wish.item, prefix=wish.prefix)
    )
    settling.find_repeats()
    return months


class _Settlement:
    """The second transaction of an import."""

    def __init__(self, begun: Begun, wish: Wish, layout: Layout) -> None:
        self.begun = begun
        self.actor = begun.actor
        self.wish = wish
        self.layout = layout

    def settle(self, months: list[date]) -> Receipt:
        """Judge against the books as they are under the locks, and write."""
        open_on = hold_books(self.actor, months, at=self.begun.at)
        counts = settling.settle(
            self.actor,
            open_on=open_on,
            rejects_late=load_policy(self.actor).late_usage == "reject",
            revises=self.wish.on_change == "revise",
        )
        is_taken = counts.rows_rejected == 0 or self.begun.is_partial
        row = self.begun.row()
        row.status = "completed" if is_taken else "failed"
        self._count(row, counts if is_taken else _refused(counts))
        if is_taken:
            self._post(row, open_on)
        self._save(row)
        posting = self._posting(row, open_on)
        if counts.rows_rejected:
            settling.keep_rejections(posting, self.layout, are_blocking=is_taken)
        self._tell(row)
        return receipt_of(self.actor, row)

    def _post(self, row: UsageImport, open_on: date) -> None:
        if not row.rows_accepted:
            return
        row.number = next_fact_number(self.actor)
        row.previous_sha256 = _last_hash(self.actor)
        row.accepted_sha256 = settling.hash_of_staged(row.previous_sha256)
        settling.post(self._posting(row, open_on), revises=self.wish.on_change == "revise")

    def _posting(self, row: UsageImport, open_on: date) -> Posting:
        return Posting(actor=self.actor, import_id=row.id, number=row.number or 0, open_on=open_on, at=self.begun.at)

    def _count(self, row: UsageImport, counts: Counts) -> None:
        for name, value in counts._asdict().items():
            setattr(row, name, value)

    def _save(self, row: UsageImport) -> None:
        if not self.begun.is_kept:
            row.save(force_insert=True)
            return
        told = ("status", "number", "previous_sha256", "accepted_sha256", *Counts._fields)
        rows_of(self.actor, UsageImport).filter(id=row.id).update(**{name: getattr(row, name) for name in told})

    def _tell(self, row: UsageImport) -> None:
        after = {name: getattr(row, name) for name in ("file_name", "sha256", *Counts._fields, "accepted_sha256")}
        if row.status == "failed":
            record_failure(self.actor, row.code, after, at=self.begun.at)
            return
        record_change(self.actor, Change("ingest_usage", "usage_import", row.code, after=after), at=self.begun.at)


def _refused(counts: Counts) -> Counts:
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


def _last_hash(actor: Actor) -> str:
    """The hash of the last import that added something."""
    numbered = rows_of(actor, UsageImport).filter(status="completed").exclude(number=None)
    return numbered.order_by("-number").values_list("accepted_sha256", flat=True).first() or settling.NO_HASH
