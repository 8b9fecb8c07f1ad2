"""Events of a prepaid commit: usage that was told one by one, with the month's consumption that each is a part of.

Read page after page by programs that keep a copy: one transaction and three statements for a page, and no more columns
than it tells.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from ratable.terms_tables import addressed_stream
from ratable_server.actor import Actor
from ratable_server.queries.listing import Asked, Found
from ratable_server.store import models
from ratable_server.store.public_ids import consumption_id
from ratable_server.store.scope import books_of, rows_of

_STANDING = """
    FROM usage_record AS record WHERE record.tenant_id = %(tenant)s AND record.stream = %(stream)s
    AND (%(length)s = 0 OR left(record.event_id, %(length)s) <> %(less)s)
    AND NOT EXISTS (
        SELECT FROM usage_void AS void WHERE void.tenant_id = record.tenant_id AND void.record_id = record.id
    )
"""
_MONTH_OF_REPORTED = """date_trunc('month', coalesce(told.used_on, told."on", told.service_on))::date"""
_REPORTED = """
    FROM reported_adjustment AS told WHERE told.tenant_id = %(tenant)s AND told.commit_id = %(commit)s
"""
_COUNT = "SELECT count(*) {standing}"
_PAGE = """
    SELECT page.id, event_id, used_on, month_on, amount, dimensions, import.recorded_at, NULL, NULL, NULL
    FROM (SELECT record.* {standing} ORDER BY record.id LIMIT %(limit)s OFFSET %(offset)s) AS page
    JOIN usage_import AS import ON import.tenant_id = page.tenant_id AND import.id = page.usage_import_id
    ORDER BY page.id
"""
# The same where there are adjustments among them: these are of the month that books them, once they are processed.
_COUNT_OF_BOTH = "SELECT (SELECT count(*) {standing}) + (SELECT count(*) {reported})"
_PAGE_OF_BOTH = """
    SELECT page.id, event_id, page.used_on, month_on, amount, dimensions, import.recorded_at, page.service_on, page."on",
        adjustment.booked_on
    FROM (
        SELECT * FROM (
            (SELECT id, tenant_id, event_id, used_on, month_on, amount, dimensions, usage_import_id, NULL::date AS service_on,
                NULL::date AS "on", NULL::bigint AS adjustment_id {standing} ORDER BY id LIMIT %(limit)s + %(offset)s)
            UNION ALL
            (SELECT id, tenant_id, event_id, used_on, {month},
                amount, dimensions, usage_import_id, service_on, "on", adjustment_id {reported}
                ORDER BY id LIMIT %(limit)s + %(offset)s)
        ) AS each ORDER BY id LIMIT %(limit)s OFFSET %(offset)s
    ) AS page
    JOIN usage_import AS import ON import.tenant_id = page.tenant_id AND import.id = page.usage_import_id
    LEFT JOIN adjustment ON adjustment.tenant_id = page.tenant_id AND adjustment.id = page.adjustment_id
    ORDER BY page.id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidEvent:
    """A record of usage of a prepaid commit, or an adjustment of a month; `data` is what else it came with.

    An adjustment names the month that it corrects (`service_on`) and may have a day; until it is processed it is part of
    no month's consumption.
    """

    id: int
    event_id: str
    used_on: date | None
    month_on: date
    amount: Decimal | None
    data: Mapping[str, Any]
    recorded_at: datetime
    consumption_id: int | None
    service_on: date | None = None
    adjusted_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsAsked(Asked):
    """Events of a month, with these data, or adjustments alone or none of them; without those whose ids begin with `less`."""

    month_on: date | None = None
    data: Mapping[str, str] = field(default_factory=dict)
    is_adjustment: bool | None = None
    less: str = ""


EVERY_EVENT = EventsAsked()


def prepaid_events(
    *, actor: Actor, contract_id: int, commit_id: int, asked: EventsAsked = EVERY_EVENT
) -> Found[PrepaidEvent] | None:
    """Events that stand, in the order in which the books learned them.

    None: the contract has no such prepaid commit.
    """
    with books_of(actor):
        adjusted = Exists(rows_of(actor, models.ReportedAdjustment).filter(commit_id=OuterRef("id")))
        owned = rows_of(actor, models.PrepaidCommit).filter(id=commit_id, contract_id=contract_id)
        found = owned.values_list("code", adjusted).first()
        if found is None:
            return None
        code, is_adjusted = found
        counting, paging = _statements(asked, is_adjusted=is_adjusted)
        wanted = {
            "tenant": actor.tenant_id,
            "stream": addressed_stream(code),
            "commit": commit_id,
            "less": asked.less,
            "length": len(asked.less),
            "month": asked.month_on,
            "data": json.dumps(dict(asked.data)),
        }
        page = _asked(paging, {**wanted, "limit": asked.limit, "offset": asked.offset})
        is_all = asked.offset == 0 and len(page) < asked.limit
        count = len(page) if is_all else _asked(counting, wanted)[0][0]
    ids = {month_on: consumption_id(code, month_on) for month_on in {_booked_on(row) for row in page} if month_on}
    return Found(count=count, rows=tuple(_event(row, ids) for row in page))


def _statements(asked: EventsAsked, *, is_adjusted: bool) -> tuple[str, str]:
    """How events are counted and read: in the plain way where there are no adjustments among them."""
    limits = {
        "{month} = %(month)s": asked.month_on is not None,
        "{table}.dimensions @> %(data)s::jsonb": bool(asked.data),
    }
    wanted = "".join(f" AND {limit}" for limit, is_wanted in limits.items() if is_wanted)
    standing = _STANDING + wanted.format(month="record.month_on", table="record")
    reported = _REPORTED + wanted.format(month=_MONTH_OF_REPORTED, table="told")
    if asked.is_adjustment:
        standing += " AND false"
    is_plain = asked.is_adjustment is False or not (is_adjusted or asked.is_adjustment)
    statements = (_COUNT, _PAGE) if is_plain else (_COUNT_OF_BOTH, _PAGE_OF_BOTH)
    counting, paging = (
        each.format(standing=standing, reported=reported, month=_MONTH_OF_REPORTED) for each in statements
    )
    return counting, paging


def _asked(statement: str, wanted: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, wanted)
        return list(cursor.fetchall())


def _booked_on(row: tuple[Any, ...]) -> date | None:
    """The month of whose consumption it is a part."""
    month_on, service_on, booked_on = row[3], row[7], row[9]
    found: date | None = month_on if service_on is None else booked_on
    return found


def _event(row: tuple[Any, ...], ids: Mapping[date, int]) -> PrepaidEvent:
    id, event_id, used_on, month_on, amount, data, recorded_at, service_on, adjusted_on, _ = row
    booked_on = _booked_on(row)
    return PrepaidEvent(
        id=id,
        event_id=event_id,
        used_on=used_on,
        month_on=month_on,
        amount=amount,
        data=json.loads(data) if data else {},
        recorded_at=recorded_at,
        consumption_id=None if booked_on is None else ids[booked_on],
        service_on=service_on,
        adjusted_on=adjusted_on,
    )
