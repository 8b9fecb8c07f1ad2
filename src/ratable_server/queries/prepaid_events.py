"""Events of a prepaid commit: usage that was told one by one, with the month's consumption that each is a part of.

Read page after page by programs that keep a copy: one transaction and three statements for a page, and no more columns
than it tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from ratable_server.actor import Actor
from ratable_server.queries.listing import FIRST_PAGE, Asked, Found
from ratable_server.queries.usage import UsageAsked, asked_records
from ratable_server.store import models
from ratable_server.store.public_ids import consumption_id
from ratable_server.store.scope import books_of, rows_of

_COLUMNS = ("id", "event_id", "used_on", "month_on", "amount", "dimensions", "usage_import__recorded_at")
_MONTH_ON = _COLUMNS.index("month_on")


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
    """Events in the order in which the books learned them, without those whose ids begin with `less`.

    None: the contract has no such prepaid commit.
    """
    with books_of(actor):
        owned = rows_of(actor, models.PrepaidCommit).filter(id=commit_id, contract_id=contract_id)
        code = owned.values_list("code", flat=True).first()
        if code is None:
            return None
        rows = asked_records(actor, UsageAsked(prepaid_commits=[code], is_deleted=asked.is_deleted, less=less))
        page = list(rows.order_by("id").values_list(*_COLUMNS)[asked.offset : asked.offset + asked.limit])
        is_all = asked.offset == 0 and len(page) < asked.limit
        count = len(page) if is_all else rows.count()
    ids = {month_on: consumption_id(code, month_on) for month_on in {row[_MONTH_ON] for row in page}}
    return Found(count=count, rows=tuple(_event(row, ids) for row in page))


def _event(row: tuple[Any, ...], ids: Mapping[date, int]) -> PrepaidEvent:
    id, event_id, used_on, month_on, amount, data, recorded_at = row
    return PrepaidEvent(
        id=id,
        event_id=event_id,
        used_on=used_on,
        month_on=month_on,
        amount=amount,
        data=data or {},
        recorded_at=recorded_at,
        consumption_id=ids[month_on],
    )
