"""When what a month consumed of a prepaid commit was recorded: since when there is usage without a break, and its last change.

A revision, and events in place of a month that was told as a whole, are no break; what was taken back and recorded anew is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Max, Min

from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of

# Records of one import that ended together are one row: a file is a few rows, however long it is.
_STANDING = """
WITH lives AS (
    SELECT record.stream, record.month_on, greatest(record.month_on, record.open_on) AS booked_on, record.usage_import_id,
        void.recorded_at AS ended_at, sum((dimensions ->> %(name)s)::numeric) FILTER (
            WHERE void.id IS NULL AND record.stream = %(own)s AND dimensions ->> %(name)s ~ '^[0-9]{1,18}$'
        ) AS events
    FROM usage_record AS record LEFT JOIN usage_void AS void
        ON void.tenant_id = record.tenant_id AND void.record_id = record.id
    WHERE record.tenant_id = %(tenant)s AND record.stream = ANY(%(streams)s)
    GROUP BY record.stream, record.month_on, booked_on, record.usage_import_id, void.recorded_at
), timed AS (
    SELECT lives.*, usage_import.recorded_at AS began_at, max(coalesce(ended_at, 'infinity')) OVER (
            PARTITION BY stream, month_on, booked_on ORDER BY usage_import.recorded_at, usage_import.id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS stood_until
    FROM lives JOIN usage_import ON usage_import.tenant_id = %(tenant)s AND usage_import.id = lives.usage_import_id
)
SELECT stream, month_on, booked_on, coalesce(sum(events), 0), bool_or(ended_at IS NULL),
    max(began_at) FILTER (WHERE stood_until IS NULL OR stood_until < began_at), max(greatest(began_at, ended_at))
FROM timed GROUP BY stream, month_on, booked_on
"""


class UsedSince(NamedTuple):
    """Usage of a month in a stream, and the month that books it: how many events it tells of, and its moments.

    Of usage that was all taken back, `stands` is false.
    """

    stream: str
    month_on: date
    booked_on: date
    events: int
    stands: bool
    since: datetime
    changed_at: datetime


class Moments(NamedTuple):
    """When something was recorded first, and when it changed last."""

    created_at: datetime
    modified_at: datetime


def used_since(*, actor: Actor, own: str, others: Iterable[str], counted: str) -> list[UsedSince]:
    """Usage of streams by month; of `own` also how many events it tells of, in the field `counted` of what it came with."""
    wanted: dict[str, Any] = {
        "tenant": actor.tenant_id,
        "own": own,
        "streams": sorted({own, *others}),
        "name": counted,
    }
    with books_of(actor), connection.cursor() as cursor:
        cursor.execute(_STANDING, wanted)
        return [UsedSince(*row)._replace(events=int(row[3])) for row in cursor.fetchall()]


def adjusted_since(*, actor: Actor, commit_id: int) -> dict[date, Moments]:
    """When adjustments of a prepaid commit were booked, by the month that books them."""
    with books_of(actor):
        rows = rows_of(actor, models.Adjustment).filter(commit_id=commit_id).values("booked_on").order_by("booked_on")
        told = rows.annotate(first=Min("recorded_at"), last=Max("recorded_at"))
        return {row["booked_on"]: Moments(row["first"], row["last"]) for row in told}


def moments_of(used: Iterable[UsedSince], adjusted: Moments | None, *, default: Moments) -> Moments:
    """The moments of a month, of the usage that it has and of what it books; those of the commit where it has neither."""
    there = list(used)
    created = [each.since for each in there if each.stands]
    modified = [each.changed_at for each in there]
    if adjusted is not None:
        created.append(adjusted.created_at)
        modified.append(adjusted.modified_at)
    return Moments(min(created, default=default.created_at), max([default.modified_at, *modified]))
