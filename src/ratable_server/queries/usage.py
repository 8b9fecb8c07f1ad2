"""Records of usage as they stand: those that count, or those that were taken back, with all that came with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Count, Exists, Min, OuterRef, QuerySet, Sum

from ratable.terms_tables import addressed_stream, unaddressed_stream
from ratable_server.actor import Actor
from ratable_server.queries.listing import Asked, Found, page_of
from ratable_server.store.models import UsageRecord as Row
from ratable_server.store.models import UsageVoid
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageRecord:
    """One record: of a usage item, or prepaid usage of a commit or of a contract; `data` is what else it came with."""

    id: int
    event_id: str
    usage_item: str | None
    prepaid_commit: str | None
    contract: str | None
    used_on: date
    used_at: datetime | None
    month_on: date
    quantity: Decimal | None
    amount: Decimal | None
    data: dict[str, Any]
    import_code: str
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageAsked(Asked):
    """Usage of these items, commits, or of these contracts without either (codes); of a month; with these data.

    `codes` are ids of events, `is_deleted` asks for what was taken back; without those whose ids begin with `less`.
    Modified is when it was learned.
    """

    usage_items: Sequence[str] = ()
    prepaid_commits: Sequence[str] = ()
    contracts: Sequence[str] = ()
    month_on: date | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    less: str = ""

    @property
    def streams(self) -> list[str]:
        """Where that usage stands."""
        commits = map(addressed_stream, self.prepaid_commits)
        return [*self.usage_items, *commits, *map(unaddressed_stream, self.contracts)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedMonth:
    """What a month has on an item, a commit or a contract: how many records, how many that tell each figure, their sums.

    `event_id` is the id of its record, where it has just one.
    """

    usage_item: str | None
    prepaid_commit: str | None
    contract: str | None
    month_on: date
    records: int
    quantities: int
    amounts: int
    quantity: Decimal
    amount: Decimal
    event_id: str | None


def usage_records(*, actor: Actor, asked: UsageAsked) -> Found[UsageRecord]:
    """Records in the order in which the books learned them."""
    with books_of(actor):
        rows = _rows(actor, asked)
        return page_of(rows.select_related("usage_import"), asked, lambda page: [_record(row) for row in page])


def used_months(*, actor: Actor, asked: UsageAsked) -> list[UsedMonth]:
    """Sums by month, of the records that are asked for."""
    with books_of(actor):
        groups = _rows(actor, asked).order_by("stream", "month_on").values("stream", "month_on")
        counted = groups.annotate(
            records=Count("id"), quantities=Count("quantity"), amounts=Count("amount"), event=Min("event_id")
        )
        summed = counted.annotate(quantity_sum=Sum("quantity"), amount_sum=Sum("amount"))
        return [
            UsedMonth(
                **_place(row["stream"]),
                month_on=row["month_on"],
                records=row["records"],
                quantities=row["quantities"],
                amounts=row["amounts"],
                quantity=row["quantity_sum"] or Decimal(0),
                amount=row["amount_sum"] or Decimal(0),
                event_id=row["event"] if row["records"] == 1 else None,
            )
            for row in summed
        ]


def distinct_data(*, actor: Actor, asked: UsageAsked, name: str) -> list[str]:
    """The values that a field of the data has, as text, in their order; without those that have none."""
    with books_of(actor), connection.cursor() as cursor:
        cursor.execute(
            "SELECT DISTINCT dimensions ->> %s AS told FROM usage_record AS record WHERE tenant_id = %s"
            " AND stream = ANY(%s) AND dimensions ->> %s IS NOT NULL AND NOT EXISTS (SELECT FROM usage_void AS void"
            " WHERE void.tenant_id = record.tenant_id AND void.record_id = record.id) ORDER BY told",
            [name, actor.tenant_id, asked.streams, name],
        )
        return [value for (value,) in cursor.fetchall()]


def _rows(actor: Actor, asked: UsageAsked) -> QuerySet[Row]:
    """A revised record is neither there nor deleted: another one is in its place."""
    voids = rows_of(actor, UsageVoid).filter(record_id=OuterRef("id"))
    limits: dict[str, Any] = {
        "stream__in": asked.streams,
        "stream__startswith": None if asked.usage_items else "!",  # what the index of prepaid usage has
        "month_on": asked.month_on,
        "id__in": asked.ids,
        "event_id__in": asked.codes,
        "usage_import__recorded_at__gte": asked.modified_from,
        "usage_import__recorded_at__lte": asked.modified_through,
        "dimensions__contains": dict(asked.data) or None,
    }
    wanted = {name: value for name, value in limits.items() if value is not None}
    stands = Exists(voids.filter(is_revision=False)) if asked.is_deleted else ~Exists(voids)
    rows = rows_of(actor, Row).filter(stands, **wanted)
    return rows.exclude(event_id__startswith=asked.less) if asked.less else rows


def _record(row: Row) -> UsageRecord:
    return UsageRecord(
        id=row.id,
        event_id=row.event_id,
        **_place(row.stream),
        used_on=row.used_on,
        used_at=row.used_at,
        month_on=row.month_on,
        quantity=row.quantity,
        amount=row.amount,
        data=row.dimensions or {},
        import_code=row.usage_import.code,
        recorded_at=row.usage_import.recorded_at,
    )


def _place(stream: str) -> dict[str, str | None]:
    commit, contract = addressed_stream(""), unaddressed_stream("")
    told: dict[str, str | None] = {"usage_item": None, "prepaid_commit": None, "contract": None}
    for name, prefix in (("prepaid_commit", commit), ("contract", contract)):
        if stream.startswith(prefix):
            return {**told, name: stream.removeprefix(prefix)}
    return {**told, "usage_item": stream}
