"""The same events as JSON that the database has written: what programs that keep a copy read page after page.

One statement gives the prepaid commit, the page and its count. Owns how each figure is written, so that it is the same
as what `prepaid_events` gives, told by a dialect. Events among which there are adjustments are not told here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ratable.terms_tables import addressed_stream
from ratable_server.actor import Actor
from ratable_server.queries.prepaid_events import EventsAsked
from ratable_server.store.prepared import first_row
from ratable_server.store.scope import books_of

_DAY = "coalesce(to_json({column})::text, 'null')"
_COLUMNS = {
    "id": "page.id",
    "prepaid_commit_id": "%(commit)s::bigint",
    "consumption_id": (
        "('x' || substr(md5(owned.code || chr(31) || (month_on - date '1970-01-01')), 1, 13))::bit(52)::bigint"
    ),
    "own_id": (
        "CASE WHEN dimensions ? %(own_id)s::text THEN (dimensions -> %(own_id)s::text)::text"
        " WHEN starts_with(event_id, %(named)s::text) THEN to_json(substr(event_id, length(%(named)s::text) + 1))::text"
        " WHEN starts_with(event_id, %(nameless)s::text) THEN 'null' ELSE to_json(event_id)::text END"
    ),
    "used_on": _DAY.format(column="used_on"),
    "month_on": _DAY.format(column="month_on"),
    "amount": "coalesce(amount::text, 'null')",
    "count": (
        "CASE WHEN dimensions ->> %(count)s::text ~ '^-?[0-9]{1,18}$' THEN (dimensions ->> %(count)s::text)::bigint::text ELSE '0' END"
    ),
    "data": "coalesce((dimensions - %(own_id)s::text - %(count)s::text)::text, '{}')",
    "recorded_at": (
        """to_json(replace(to_char(import.recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'),"""
        " '.000000', '') || '+00:00')::text"
    ),
    "none": "'null'",
    "no": "'false'",
}
_STATEMENT = """
WITH owned AS MATERIALIZED (
    SELECT code, EXISTS (
        SELECT FROM reported_adjustment AS told WHERE told.tenant_id = %(tenant)s AND told.commit_id = prepaid_commit.id
    ) AS is_adjusted
    FROM prepaid_commit
    WHERE tenant_id = %(tenant)s AND id = %(commit)s AND contract_id = %(contract)s AND deleted_at IS NULL
), page AS MATERIALIZED (SELECT record.* {standing} ORDER BY record.id LIMIT %(limit)s OFFSET %(offset)s)
SELECT is_adjusted,
    CASE WHEN %(offset)s = 0 AND (SELECT count(*) FROM page) < %(limit)s THEN (SELECT count(*) FROM page)
        ELSE (SELECT count(*) {standing}) END,
    (
        SELECT string_agg({row}, ',' ORDER BY page.id) FROM page
        JOIN usage_import AS import ON import.tenant_id = page.tenant_id AND import.id = page.usage_import_id
    )
FROM owned
"""
# The stream of the prepaid commit; that it is one of prepaid usage is said for the index, which has no others.
_STANDING = """
    FROM usage_record AS record WHERE record.tenant_id = %(tenant)s
    AND record.stream = (SELECT %(stream)s::text || code FROM owned) AND record.stream LIKE '!%%'
    AND (%(length)s = 0 OR left(record.event_id, %(length)s) <> %(less)s::text)
    AND NOT EXISTS (
        SELECT FROM usage_void AS void WHERE void.tenant_id = record.tenant_id AND void.record_id = record.id
    )
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWords:
    """How a dialect tells an event: its words, in their order, each for one of our columns.

    The columns are those of `PrepaidEvent`; `own_id` and `count` are also what data has such fields as, `none` and `no` are
    for what only adjustments have. Ids that begin with `named` are told without it, those that begin with `nameless` not.
    """

    words: Mapping[str, str]
    own_id: str
    count: str
    named: str
    nameless: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventsText:
    """A page: the events of `text` with commas between them, and how many there are on all pages."""

    count: int
    text: str


def prepaid_events_text(
    *, actor: Actor, contract_id: int, commit_id: int, asked: EventsAsked, words: EventWords
) -> EventsText | None:
    """Events that stand, in the order in which the books learned them.

    None: the contract has no such prepaid commit, or there are adjustments among its events.
    """
    wanted: dict[str, Any] = {
        "tenant": actor.tenant_id,
        "contract": contract_id,
        "commit": commit_id,
        "stream": addressed_stream(""),
        "less": asked.less,
        "length": len(asked.less),
        "month": asked.month_on,
        "data": json.dumps(dict(asked.data)),
        "limit": asked.limit,
        "offset": asked.offset,
        "own_id": words.own_id,
        "count": words.count,
        "named": words.named,
        "nameless": words.nameless,
    }
    with books_of(actor):
        found = first_row(_statement(asked, words), wanted)
    if found is None or found[0]:
        return None
    return EventsText(count=int(found[1]), text=found[2] or "")


def _statement(asked: EventsAsked, words: EventWords) -> str:
    standing = _STANDING
    if asked.month_on is not None:
        standing += " AND record.month_on = %(month)s::date"
    if asked.data:
        standing += " AND record.dimensions @> %(data)s::jsonb"
    if asked.is_adjustment:
        standing += " AND false"
    told = [f"""'{"," if place else "{"}"{word}":', {_COLUMNS[column]}""" for place, (word, column) in
            enumerate(words.words.items())]  # fmt: skip
    return _STATEMENT.format(standing=standing, row=f"concat({', '.join(told)}, '}}')")
