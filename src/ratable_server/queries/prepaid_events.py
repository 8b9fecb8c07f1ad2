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

from ratable.terms_tables import addressed_stream
from ratable_server.actor import Actor
from ratable_server.queries.listing import FIRST_PAGE, Asked, Found
from ratable_server.store import models
from ratable_server.store.public_ids import consumption_id
from ratable_server.store.scope import books_of, rows_of

_MONTH_ON = 3
_STANDING = """
    FROM usage_record AS record WHERE record.tenant_id = %(tenant)s AND record.stream = %(stream)s
    AND (%(length)s = 0 OR left(record.event_id, %(length)s) <> %(less)s)
    AND NOT EXISTS (
        SELECT FROM usage_void AS void WHERE void.tenant_id = record.tenant_id AND void.record_id = record.id
    )
"""
_COUNT = f"SELECT count(*) {_STANDING}"
_PAGE = f"""
    SELECT page.id, event_id, used_on, month_on, amount, dimensions, import.recorded_at
    FROM (SELECT record.* {_STANDING} ORDER BY record.id LIMIT %(limit)s OFFSET %(offset)s) AS page
    JOIN usage_import AS import ON import.tenant_id = page.tenant_id AND import.id = page.usage_import_id
    ORDER BY page.id
"""  # noqa: S608 - made of this module's constants


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidEvent:
    """A record of usage of a prepaid commit; `data` is what else it came with."""

    id: int
    event_id: str
    used_on: date
    month_on: date
    amount: Decimal | None
    data: Mapping[str, Any]
    recorded_at: datetime
    consumption_id: int


def prepaid_events(
    *, actor: Actor, contract_id: int, commit_id: int, asked: Asked = FIRST_PAGE, less: str = ""
) -> Found[PrepaidEvent] | None:
    """Events that stand, in the order in which the books learned them, without those whose ids begin with `less`.

    None: the contract has no such prepaid commit.
    """
    with books_of(actor):
        owned = rows_of(actor, models.PrepaidCommit).filter(id=commit_id, contract_id=contract_id)
        code = owned.values_list("code", flat=True).first()
        if code is None:
            return None
        wanted = {"tenant": actor.tenant_id, "stream": addressed_stream(code), "less": less, "length": len(less)}
        page = _asked(_PAGE, {**wanted, "limit": asked.limit, "offset": asked.offset})
        is_all = asked.offset == 0 and len(page) < asked.limit
        count = len(page) if is_all else _asked(_COUNT, wanted)[0][0]
    ids = {month_on: consumption_id(code, month_on) for month_on in {row[_MONTH_ON] for row in page}}
    return Found(count=count, rows=tuple(_event(row, ids) for row in page))


def _asked(statement: str, wanted: Mapping[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, wanted)
        return list(cursor.fetchall())


def _event(row: tuple[Any, ...], ids: Mapping[date, int]) -> PrepaidEvent:
    id, event_id, used_on, month_on, amount, data, recorded_at = row
    return PrepaidEvent(
        id=id,
        event_id=event_id,
        used_on=used_on,
        month_on=month_on,
        amount=amount,
        data=json.loads(data) if data else {},
        recorded_at=recorded_at,
        consumption_id=ids[month_on],
    )
