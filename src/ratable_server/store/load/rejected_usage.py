"""Usage that was taken when it came and that a run could not take: what stands of it, and what was set aside.

Owns which of several runs is believed: each tells only what changed, so the last one that says something of a record.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from django.db import connection

from ratable import tables
from ratable_server.actor import Actor
from ratable_server.store.load.counted import Counted
from ratable_server.store.models import Run
from ratable_server.store.scope import rows_of
from ratable_server.store.transport import read_table

_COLUMNS = ", ".join(f'"{name}"' for name in tables.REJECTED_USAGE.names)
_STANDING = """
SELECT DISTINCT ON (usage_id, batch, "row") told.* FROM ({told}) AS told
JOIN unnest(ARRAY[{runs}]::bigint[], ARRAY[{months}]::date[]) AS counted (id, closes_on) ON counted.id = told.run_id
ORDER BY usage_id, batch, "row", counted.closes_on DESC
"""
# Of a draft: less what was set aside under the same rule, and less what was taken back or replaced since.
_OPEN = """
FROM draft_rejected_usage AS rejected JOIN run ON run.tenant_id = rejected.tenant_id AND run.id = rejected.run_id
WHERE rejected.tenant_id = %(tenant)s AND rejected.run_id = %(run)s AND rejected.code <> ''
    AND NOT EXISTS (
        SELECT FROM usage_set_aside AS aside WHERE aside.tenant_id = rejected.tenant_id
            AND aside.usage_id = rejected.usage_id AND aside.batch = rejected.batch AND aside."row" = rejected."row"
            AND aside.code = rejected.code
    )
    AND NOT EXISTS (
        SELECT FROM usage_void AS void WHERE void.tenant_id = rejected.tenant_id
            AND void.month_on = rejected.month_on AND void.event_id = rejected.usage_id
            AND void.number > run.facts_through
    )
"""
_SUMS = f"""
SELECT rejected.code, rejected.item_id, rejected.month_on, count(*),
    sum(rejected.quantity) FILTER (WHERE rejected.amount IS NULL), sum(rejected.amount)
{_OPEN} GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
_BY_IMPORT = f"""
SELECT import.id, count(*) FROM (SELECT rejected.batch {_OPEN}) AS rejected
JOIN usage_import AS import ON import.tenant_id = %(tenant)s AND import.number = rejected.batch GROUP BY 1
"""  # noqa: S608 - the code's own
_OF_IMPORTS = """
FROM ({rejected}) AS rejected
JOIN usage_import AS import ON import.tenant_id = %(tenant)s AND import.number = rejected.batch
"""
_COUNT = f"SELECT count(*) {_OF_IMPORTS} WHERE {{condition}}"
_ROWS = f"""
SELECT import.code, rejected.batch, rejected."row", rejected.run_id, rejected.usage_id, rejected.item_id, rejected.code,
    rejected.value, rejected.used_on, trim_scale(rejected.quantity), trim_scale(rejected.amount),
    aside.resolved_at, aside.resolved_by, aside.reason
{_OF_IMPORTS}
LEFT JOIN usage_set_aside AS aside ON aside.tenant_id = %(tenant)s AND aside.usage_id = rejected.usage_id
    AND aside.batch = rejected.batch AND aside."row" = rejected."row" AND aside.code = rejected.code
WHERE {{condition}} ORDER BY rejected.batch, rejected."row", rejected.usage_id LIMIT %(limit)s OFFSET %(offset)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Which of many records, in their order: at most `limit` (None: all) behind the first `offset`; of a `row` alone."""

    limit: int | None = None
    offset: int = 0
    row: int | None = None


ALL = Part()


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedSum:
    """What a draft rejects of an item and month by one rule: records, their quantity, and amounts of those that have one."""

    code: str
    item_id: str
    month_on: date
    records: int
    quantity: Decimal | None
    amount: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RejectedRecord:
    """A record that a run rejects; `import_code` and `row` say where it came from, `batch` is the number of the import."""

    import_code: str
    batch: int
    row: int
    run_id: int
    usage_id: str
    item_id: str
    code: str
    value: str
    used_on: date
    quantity: Decimal | None
    amount: Decimal | None
    resolved_at: datetime | None
    resolved_by: str | None
    reason: str | None


def standing_rejections(actor: Actor, counted: Counted) -> str:
    """SQL: what the runs that count have rejected and not taken back, with `run_id`."""
    columns = f"run_id, {_COLUMNS}"
    told = f"SELECT {columns} FROM rejected_usage WHERE tenant_id = {actor.tenant_id}"  # noqa: S608 - names and numbers are the code's own
    runs = [*counted.runs]
    if counted.draft is not None:
        told += f" UNION ALL {told.replace('FROM rejected_usage', 'FROM draft_rejected_usage')} AND run_id = {counted.draft}"
        runs.append(counted.draft)
    months = [f"'{month_on}'" for month_on in counted.months]
    found = _STANDING.format(told=told, runs=", ".join(map(str, runs)), months=", ".join(months))
    return f"SELECT * FROM ({found}) AS standing WHERE code <> ''"  # noqa: S608


def load_standing_rejections(actor: Actor, counted: Counted) -> pa.Table:
    """The same as rows of `tables.REJECTED_USAGE`."""
    query = f"SELECT {_COLUMNS} FROM ({standing_rejections(actor, counted)}) AS rejected"  # noqa: S608
    return read_table(query, [], tables.REJECTED_USAGE)


def current_draft(actor: Actor) -> Run | None:
    """The draft that was computed last."""
    drafts = rows_of(actor, Run).select_related("period").filter(status="draft").exclude(finished_at=None)
    return drafts.order_by("-id").first()


def open_sums(actor: Actor, run_id: int) -> list[RejectedSum]:
    """What a draft rejects and nobody has settled, in the order of rules, items and months."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, {"tenant": actor.tenant_id, "run": run_id})
        names = list(RejectedSum.__dataclass_fields__)
        return [RejectedSum(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]


def open_counts(actor: Actor) -> dict[int, int]:
    """How many records of each import, by its row, the draft that was computed last rejects and nobody has settled."""
    draft = current_draft(actor)
    if draft is None:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(_BY_IMPORT, {"tenant": actor.tenant_id, "run": draft.id})
        return dict(cursor.fetchall())


def open_records(
    actor: Actor, *, import_code: str | None = None, row: int | None = None, part: Part = ALL
) -> list[RejectedRecord]:
    """The same record by record, of the draft that was computed last; of one row of an import, or all."""
    draft = current_draft(actor)
    if draft is None:
        return []
    condition = "true" if import_code is None else 'import.code = %(import)s AND rejected."row" = %(row)s'
    told = {"tenant": actor.tenant_id, "run": draft.id, "import": import_code, "row": row}
    return _records(f"SELECT rejected.* {_OPEN}", told, condition=condition, part=part)


def rejected_records(
    actor: Actor, counted: Counted, *, import_id: int | None = None, usage_id: str = "", part: Part = ALL
) -> list[RejectedRecord]:
    """What is rejected, settled or not, of an import or of one id of usage."""
    condition = "import.id = %(import)s" if import_id is not None else "rejected.usage_id = %(usage)s"
    told: dict[str, Any] = {"tenant": actor.tenant_id, "import": import_id, "usage": usage_id, "row": part.row}
    return _records(standing_rejections(actor, counted), told, condition=_of_row(condition, part.row), part=part)


def rejected_count(actor: Actor, counted: Counted, *, import_id: int, row: int | None = None) -> int:
    """How many records of an import are rejected, settled or not; of one of its rows, or all."""
    told = {"tenant": actor.tenant_id, "import": import_id, "row": row}
    condition = _of_row("import.id = %(import)s", row)
    with connection.cursor() as cursor:
        cursor.execute(_COUNT.format(rejected=standing_rejections(actor, counted), condition=condition), told)
        return int(cursor.fetchone()[0])


def _of_row(condition: str, row: int | None) -> str:
    return condition if row is None else f'{condition} AND rejected."row" = %(row)s'


def _records(rejected: str, told: dict[str, Any], *, condition: str, part: Part) -> list[RejectedRecord]:
    with connection.cursor() as cursor:
        asked = {**told, "limit": part.limit, "offset": part.offset}
        cursor.execute(_ROWS.format(rejected=rejected, condition=condition), asked)
        names = list(RejectedRecord.__dataclass_fields__)
        return [RejectedRecord(**dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
