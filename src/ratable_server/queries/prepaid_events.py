"""Events of a prepaid commit: usage that was told one by one, with the month's consumption that each is a part of.

Read page after page by programs that keep a copy: one transaction and three statements for a page, and no more columns
than it tells.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Exists, OuterRef

from ratable.terms_tables import addressed_stream
from ratable_server.actor import Actor
from ratable_server.queries.listing import FIRST_PAGE, Asked, Found
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
_REPORTED = """
    FROM reported_adjustment AS told WHERE told.tenant_id = %(tenant)s AND told.commit_id = %(commit)s
"""
_COUNT = f"SELECT count(*) {_STANDING}"
_PAGE = f"""
    SELECT page.id, event_id, used_on, month_on, amount, dimensions, import.recorded_at, NULL, NULL, NULL
    FROM (SELECT record.* {_STANDING} ORDER BY record.id LIMIT %(limit)s OFFSET %(offset)s) AS page
    JOIN usage_import AS import ON import.tenant_id = page.tenant_id AND import.id = page.usage_import_id
    ORDER BY page.id
"""  # noqa: S608 - made of this module's constants
# The same where there are adjustments among them: these are of the month that books them, once they are processed.
_COUNT_OF_BOTH = f"SELECT (SELECT count(*) {_STANDING}) + (SELECT count(*) {_REPORTED})"
_PAGE_OF_BOTH = f"""
    SELECT page.id, event_id, page.used_on, month_on, amount, dimensions, import.recorded_at, page.service_on, page."on",
        adjustment.booked_on
    FROM (
        SELECT * FROM (
            (SELECT id, tenant_id, event_id, used_on, month_on, amount, dimensions, usage_import_id, NULL::date AS service_on,
                NULL::date AS "on", NULL::bigint AS adjustment_id {_STANDING} ORDER BY id LIMIT %(limit)s + %(offset)s)
            UNION ALL
            (SELECT id, tenant_id, event_id, used_on, date_trunc('month', coalesce(used_on, "on", service_on))::date,
                amount, dimensions, usage_import_id, service_on, "on", adjustment_id {_REPORTED}
                ORDER BY id LIMIT %(limit)s + %(offset)s)
        ) AS each ORDER BY id LIMIT %(limit)s OFFSET %(offset)s
    ) AS page
    JOIN usage_import AS import ON import.tenant_id = page.tenant_id AND import.id = page.usage_import_id
    LEFT JOIN adjustment ON adjustment.tenant_id = page.tenant_id AND adjustment.id = page.adjustment_id
    ORDER BY page.id
"""  # noqa: S608 - made of this module's constants


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


def prepaid_events(
    *, actor: Actor, contract_id: int, commit_id: int, asked: Asked = FIRST_PAGE, less: str = ""
) -> Found[PrepaidEvent] | None:
    """Events that stand, in the order in which the books learned them, without those whose ids begin with `less`.

    None: the contract has no such prepaid commit.
    """
    with books_of(actor):
        adjusted = Exists(rows_of(actor, models.ReportedAdjustment).filter(commit_id=OuterRef("id")))
        owned = rows_of(actor, models.PrepaidCommit).filter(id=commit_id, contract_id=contract_id)
        found = owned.values_list("code", adjusted).first()
        if found is None:
            return None
        code, is_adjusted = found
        counting, paging = (_COUNT_OF_BOTH, _PAGE_OF_BOTH) if is_adjusted else (_COUNT, _PAGE)
        wanted = {"tenant": actor.tenant_id, "stream": addressed_stream(code), "less": less, "length": len(less)}
        wanted["commit"] = commit_id
        page = _asked(paging, {**wanted, "limit": asked.limit, "offset": asked.offset})
        is_all = asked.offset == 0 and len(page) < asked.limit
        count = len(page) if is_all else _asked(counting, wanted)[0][0]
    ids = {month_on: consumption_id(code, month_on) for month_on in {_booked_on(row) for row in page} if month_on}
    return Found(count=count, rows=tuple(_event(row, ids) for row in page))


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
