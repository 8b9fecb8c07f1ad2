"""The same events as JSON that the database has written: what programs that keep a copy read page after page.

One statement gives the prepaid commit, the page and its count; of many events it gives the count's beginning alone, and a
second one the rest. Owns how each figure is written, so that it is the same
as what `prepaid_events` gives, told by a dialect. Events among which there are adjustments are not told here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from ratable.terms_tables import addressed_stream
from ratable_server.actor import Actor
from ratable_server.queries.prepaid_events import EventsAsked
from ratable_server.store.scope import first_texts_of
from ratable_server.store.trips import Prepared, Value, prepared

_FEW = 2_000  # events that are read at once, page and count; where there are more, each is read by itself
_VALUES = {  # of each statement, as `%(name)s`, with their types
    "tenant": "bigint",
    "contract": "bigint",
    "commit": "bigint",
    "stream": "text",
    "less": "text",
    "month": "date",
    "data": "jsonb",
    "limit": "bigint",
    "offset": "bigint",
    "own_id": "text",
    "count": "text",
    "named": "text",
    "nameless": "text",
}
_VALUE = re.compile(r"%\((\w+)\)s")

_DAY = "coalesce(to_json({column})::text, 'null')"
_COLUMNS = {
    "id": "page.id",
    "prepaid_commit_id": "%(commit)s",
    "consumption_id": (
        "('x' || substr(md5(owned.code || chr(31) || (month_on - date '1970-01-01')), 1, 13))::bit(52)::bigint"
    ),
    "own_id": (
        "CASE WHEN dimensions ? %(own_id)s THEN (dimensions -> %(own_id)s)::text"
        " WHEN starts_with(event_id, %(named)s) THEN to_json(substr(event_id, length(%(named)s) + 1))::text"
        " WHEN starts_with(event_id, %(nameless)s) THEN 'null' ELSE to_json(event_id)::text END"
    ),
    "used_on": _DAY.format(column="used_on"),
    "month_on": _DAY.format(column="month_on"),
    "amount": "coalesce(amount::text, 'null')",
    "count": (
        "CASE WHEN dimensions ->> %(count)s ~ '^-?[0-9]{1,18}$' THEN (dimensions ->> %(count)s)::bigint::text ELSE '0' END"
    ),
    "data": "coalesce((dimensions - %(own_id)s - %(count)s)::text, '{}')",
    "recorded_at": "imports.recorded_at",
}
_CONSTANTS = {"none": "null", "no": "false"}  # what only adjustments have
_STATEMENT = """
WITH owned AS MATERIALIZED (
    SELECT code, EXISTS (
        SELECT FROM reported_adjustment AS told WHERE told.tenant_id = %(tenant)s AND told.commit_id = prepaid_commit.id
    ) AS is_adjusted
    FROM prepaid_commit
    WHERE tenant_id = %(tenant)s AND id = %(commit)s AND contract_id = %(contract)s AND deleted_at IS NULL
), {page}, imports AS MATERIALIZED (
    SELECT id, to_json(replace(to_char(
        recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || '+00:00')::text AS recorded_at
    FROM usage_import WHERE tenant_id = %(tenant)s AND id = ANY (ARRAY(SELECT DISTINCT usage_import_id FROM page))
)
SELECT is_adjusted, {count}, (
    SELECT string_agg({row}, ',' ORDER BY page.id) FROM page FULL JOIN imports ON imports.id = page.usage_import_id
)
FROM owned
"""  # a full join is one by hashes: the planner, which takes a page for one row, would compare each with each
_READ = "record.id, event_id, used_on, month_on, amount, dimensions, usage_import_id"
_FEW_AND_PAGE = """
few AS MATERIALIZED (SELECT {read} {standing} LIMIT {few} + 1), seen AS MATERIALIZED (SELECT count(*) FROM few),
page AS MATERIALIZED (
    SELECT * FROM few WHERE (SELECT count FROM seen) <= {few} ORDER BY id LIMIT %(limit)s OFFSET %(offset)s
)"""
_COUNT_OF_FEW = "(SELECT count FROM seen)"
_PAGE = "page AS MATERIALIZED (SELECT {read} {standing} ORDER BY record.id LIMIT %(limit)s OFFSET %(offset)s)"
_COUNT = "(SELECT count(*) {standing})"
# The stream of the prepaid commit; that it is one of prepaid usage is said for the index, which has no others.
_STANDING = """
    FROM usage_record AS record WHERE record.tenant_id = %(tenant)s
    AND record.stream = (SELECT %(stream)s || code FROM owned) AND record.stream LIKE '!%'
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
    wanted: dict[str, Value] = {
        "tenant": actor.tenant_id,
        "contract": contract_id,
        "commit": commit_id,
        "stream": addressed_stream(""),
        "less": asked.less,
        "month": None if asked.month_on is None else asked.month_on.isoformat(),
        "data": json.dumps(dict(asked.data)),
        "limit": asked.limit,
        "offset": asked.offset,
        "own_id": words.own_id,
        "count": words.count,
        "named": words.named,
        "nameless": words.nameless,
    }
    values, told, limits = [wanted[name] for name in _VALUES], tuple(words.words.items()), _limits(asked)
    found = first_texts_of(actor, _statement(told, limits, is_few=True), values)
    if found is not None and int(found[1] or 0) > _FEW:
        found = first_texts_of(actor, _statement(told, limits, is_few=False), values)
    if found is None or found[0] == "t":
        return None
    return EventsText(count=int(found[1] or 0), text=found[2] or "")


def _limits(asked: EventsAsked) -> str:
    """Conditions for what was asked; their values are those of the statement."""
    limits = {
        " AND NOT starts_with(record.event_id, %(less)s)": bool(asked.less),
        " AND record.month_on = %(month)s": asked.month_on is not None,
        " AND record.dimensions @> %(data)s": bool(asked.data),
        " AND false": bool(asked.is_adjustment),
    }
    return "".join(limit for limit, is_wanted in limits.items() if is_wanted)


@cache
def _statement(words: tuple[tuple[str, str], ...], limits: str, *, is_few: bool) -> Prepared:
    page, count = (_FEW_AND_PAGE, _COUNT_OF_FEW) if is_few else (_PAGE, _COUNT)
    standing = f"{_STANDING}{limits}"
    text = _STATEMENT.format(
        page=page.format(read=_READ, standing=standing, few=_FEW),
        count=count.format(standing=standing),
        row=_row(words),
    )
    places = {name: f"${place}" for place, name in enumerate(_VALUES, start=1)}
    return prepared(_VALUE.sub(lambda value: places[value[1]], text), *_VALUES.values())


def _row(words: tuple[tuple[str, str], ...]) -> str:
    """An event as JSON: what is the same for each of them is one text as far as it goes."""
    parts, text = list[str](), "{"
    for place, (word, column) in enumerate(words):
        text += f"""{"," if place else ""}"{word}":{_CONSTANTS.get(column, "")}"""
        if column in _COLUMNS:
            parts += [f"'{text}'", _COLUMNS[column]]
            text = ""
    parts.append(f"'{text}}}'")
    return f"concat({', '.join(parts)})"
