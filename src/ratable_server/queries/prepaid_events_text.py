"""The same events as JSON that the database has written: what programs that keep a copy read page after page.

One statement gives the prepaid commit, the page and the count of all pages; while nobody writes, later pages go without
counting and begin where the last one ended, and the same page is not read again (`store.seen_lists`). Owns how each figure
is written, so that it means the same as what `prepaid_events` gives, told by a dialect; `data` is spaced as PostgreSQL
writes it. Events among which there are adjustments are not told here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from ratable.terms_tables import addressed_stream
from ratable_server.actor import Actor
from ratable_server.queries.prepaid_events import EventsAsked
from ratable_server.store.scope import first_texts_of
from ratable_server.store.seen_lists import (
    SNAPSHOT,
    START,
    Counted,
    ListAsked,
    Page,
    Place,
    counted_before,
    page_before,
    place_before,
    remember_count,
    remember_page,
    shown_now,
)
from ratable_server.store.trips import Prepared, Value, prepared

Told = tuple[tuple[str, str], ...]  # words of a dialect, each with one of our columns

_TYPES = {  # of the values of statements, where they are `%(name)s`
    "tenant": "bigint",
    "contract": "bigint",
    "commit": "bigint",
    "less": "text",
    "month": "date",
    "data": "jsonb",
    "limit": "bigint",
    "offset": "bigint",
    "after": "bigint",
    "named": "text",
    "named_letters": "integer",
    "nameless": "text",
}
_VALUE = re.compile(r"%\((\w+)\)s")

_DAY = "coalesce(to_json({column})::text, 'null')"
_SHARED = {  # by events of the same month and import: told once for all of them
    "prepaid_commit_id": "%(commit)s::text",
    "consumption_id": (
        "('x' || substr(md5(owned.code || chr(31) || (month_on - date '1970-01-01')), 1, 13))::bit(52)::bigint::text"
    ),
    "month_on": _DAY.format(column="month_on"),
    "recorded_at": """to_json(replace(to_char(
        recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US'), '.000000', '') || '+00:00')::text""",
}
_OWN = {  # never null, as those above: one would take its event out of the page
    "id": "page.id::text",
    "own_id": (
        "CASE WHEN dimensions ? %(own_id)s THEN (dimensions -> %(own_id)s)::text"
        " WHEN event_id LIKE %(named)s THEN to_json(right(event_id, -%(named_letters)s))::text"
        " WHEN event_id LIKE %(nameless)s THEN 'null' ELSE to_json(event_id)::text END"
    ),
    "used_on": _DAY.format(column="used_on"),
    "amount": "coalesce(amount::text, 'null')",
    "count": (
        "CASE WHEN dimensions ->> %(count)s ~ '^-?[0-9]{1,18}$' THEN (dimensions ->> %(count)s)::bigint::text ELSE '0' END"
    ),
    "data": "coalesce((dimensions - %(own_id)s - %(count)s)::text, '{}')",
}
_CONSTANTS = {"none": "null", "no": "false"}  # what only adjustments have
_STATEMENT = """
WITH owned AS MATERIALIZED (
    SELECT code, EXISTS (
        SELECT FROM reported_adjustment AS told WHERE told.tenant_id = %(tenant)s AND told.commit_id = prepaid_commit.id
    ) AS is_adjusted
    FROM prepaid_commit
    WHERE tenant_id = %(tenant)s AND id = %(commit)s AND contract_id = %(contract)s AND deleted_at IS NULL
), page AS MATERIALIZED (
    SELECT record.id, event_id, used_on, month_on, amount, dimensions, usage_import_id {standing}{prepaid} AND record.id > %(after)s
    ORDER BY record.id LIMIT %(limit)s OFFSET %(offset)s
), shared AS MATERIALIZED (
    SELECT month_on, usage_import_id, {shared}
    FROM owned, (SELECT DISTINCT month_on, usage_import_id FROM page) AS found
    JOIN usage_import ON usage_import.tenant_id = %(tenant)s AND usage_import.id = found.usage_import_id
)
SELECT is_adjusted, told.text, {snapshot}, told.rows, told.last_id, {all}
FROM owned, (
    SELECT string_agg({own}, ',' ORDER BY page.id) AS text, count(page.id) AS rows, max(page.id) AS last_id
    FROM page FULL JOIN shared USING (month_on, usage_import_id)
) AS told
"""  # a full join is one by hashes: the planner, which takes a page for one row, would compare each with each
_STANDING = """
    FROM usage_record AS record WHERE record.tenant_id = %(tenant)s
    AND record.stream = (SELECT {stream} || code FROM owned)
    AND NOT EXISTS (
        SELECT FROM usage_void AS void WHERE void.tenant_id = record.tenant_id AND void.record_id = record.id
    )
"""
# Said for the index that has them in their order; where many are counted, the planner would take a stream for a few events.
_PREPAID = " AND record.stream LIKE '!%'"
_FEW = 10_000
# The planner does not know of which stream it is asked, and reads all usage to count the events of any: few are counted by
# their index, and the last page says itself how many there are.
_ALL = """
    CASE WHEN told.rows BETWEEN 1 AND %(limit)s - 1 THEN %(offset)s + told.rows ELSE (
        SELECT CASE WHEN few.rows < {few} THEN few.rows ELSE (SELECT count(*) {standing}) END
        FROM (SELECT count(*) AS rows FROM (SELECT {standing}{prepaid} LIMIT {few}) AS first) AS few
    ) END
"""
_LESS = " AND record.event_id NOT LIKE %(less)s"
_NO_PATTERN = str.maketrans({letter: f"\\{letter}" for letter in "\\%_"})


@dataclass(frozen=True, slots=True, kw_only=True)
class EventWords:
    """How a dialect tells an event: its words, in their order, each for one of our columns.

    The columns are those of `PrepaidEvent`; `own_id` and `count` are also what data has such fields as, `none` and `no` are
    for what only adjustments have. Ids that begin with `named` are told without it, those that begin with `nameless` not;
    neither is empty.
    """

    words: Told
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
    list_of: dict[str, Value] = {
        "tenant": actor.tenant_id,
        "contract": contract_id,
        "commit": commit_id,
        "less": _pattern(asked.less),
        "month": None if asked.month_on is None else asked.month_on.isoformat(),
        "data": json.dumps(dict(asked.data)) if asked.data else None,
    }
    wanted: dict[str, Value] = {
        **list_of,
        "limit": asked.limit,
        "named": _pattern(words.named),
        "named_letters": len(words.named),
        "nameless": _pattern(words.nameless),
    }
    ask = partial(_page, actor, words, asked=asked, wanted=wanted)
    list_asked, page_asked = (_limits(asked), *list_of.values()), (asked.limit, asked.offset, words)
    found = _as_counted(list_asked, page_asked, ask, offset=asked.offset)
    if found is not None:
        return found
    page = ask(after=START, is_counted=True)
    if page is None:
        return None
    remember_count(list_asked, Counted(page.snapshot, page.all), place=page.told.ends)
    return EventsText(count=page.all, text=page.told.text)


def _as_counted(
    list_asked: ListAsked, page_asked: Hashable, ask: Callable[..., _Asked | None], *, offset: int
) -> EventsText | None:
    """A page with the count that is known; None: there is none, or somebody has written since."""
    counted = counted_before(list_asked)
    if counted is None:
        return None
    told = page_before(list_asked, page_asked)
    if told is not None:
        shown = shown_now()
    else:
        page = ask(after=place_before(list_asked, offset), is_counted=False)
        told, shown = (page.told, page.snapshot) if page is not None else (None, None)
    if told is None or shown != counted.snapshot:
        return None
    remember_page(list_asked, page_asked, told)
    return EventsText(count=counted.rows, text=told.text)


class _Asked(NamedTuple):
    """A page, what the database showed to it, and how many events there are on all pages, if they were counted."""

    told: Page
    snapshot: str | None
    all: int


def _page(
    actor: Actor, words: EventWords, *, asked: EventsAsked, wanted: Mapping[str, Value], after: Place, is_counted: bool
) -> _Asked | None:
    """What a statement gives, asked for the events behind a place; None, as above."""
    statement, names = _statement(words.words, words.own_id, words.count, limits=_limits(asked), is_counted=is_counted)
    said = {**wanted, "after": after.id, "offset": asked.offset - after.rows}
    found = first_texts_of(actor, statement, [said[name] for name in names])
    if found is None or found[0] == "t":
        return None
    _, text, snapshot, rows, last_id, count = found
    ends = START if last_id is None else Place(asked.offset + int(rows or 0), int(last_id))
    return _Asked(Page(text or "", ends), snapshot, int(count or 0))


def _limits(asked: EventsAsked) -> str:
    """Conditions for what was asked; their values are those of the statement."""
    limits = {
        _LESS: bool(asked.less),
        " AND record.month_on = %(month)s": asked.month_on is not None,
        " AND record.dimensions @> %(data)s": bool(asked.data),
        " AND false": bool(asked.is_adjustment),
    }
    return "".join(limit for limit, is_wanted in limits.items() if is_wanted)


@cache
def _statement(
    words: Told, own_id: str, count: str, *, limits: str, is_counted: bool
) -> tuple[Prepared, tuple[str, ...]]:
    """A statement, and the names of its values in their order."""
    own, shared = _texts(words)
    standing = _STANDING.format(stream=_quoted(addressed_stream(""))) + limits
    text = _STATEMENT.format(
        standing=standing,
        prepaid=_PREPAID,
        snapshot=SNAPSHOT,
        all=_ALL.format(standing=standing, prepaid=_PREPAID, few=_FEW) if is_counted else "0",
        shared=", ".join(f"{value} AS text_{place}" for place, value in enumerate(shared)),
        own=" || ".join(own).replace("%(own_id)s", _quoted(own_id)).replace("%(count)s", _quoted(count)),
    )
    names = tuple(dict.fromkeys(_VALUE.findall(text)))
    places = {name: f"${place}" for place, name in enumerate(names, start=1)}
    return prepared(_VALUE.sub(lambda value: places[value[1]], text), *(_TYPES[name] for name in names)), names


def _texts(words: Told) -> tuple[list[str], list[str]]:
    """What an event as JSON is made of, and the texts among this that it shares with others: as much as can be of each."""
    own, shared = list[str](), list[str]()
    for is_shared, parts in groupby(_parts(words), key=itemgetter(0)):
        values = [value for _, value in parts]
        if is_shared:
            own.append(f"text_{len(shared)}")
            shared.append(" || ".join(values))
        else:
            own.extend(values)
    return own, shared


def _parts(words: Told) -> Iterator[tuple[bool, str]]:
    """The parts of an event, and is each shared? Words are, where they stand beside something that is."""
    text, was_shared = "{", False
    for place, (word, column) in enumerate(words):
        text += f"""{"," if place else ""}"{word}":{_CONSTANTS.get(column, "")}"""
        if column in _CONSTANTS:
            continue
        is_shared = column in _SHARED
        yield is_shared or was_shared, _quoted(text)
        yield is_shared, (_SHARED if is_shared else _OWN)[column]
        text, was_shared = "", is_shared
    yield was_shared, _quoted(f"{text}}}")


def _pattern(start: str) -> str:
    """What texts are like that begin so; asked in half the time of `starts_with`."""
    return f"{start.translate(_NO_PATTERN)}%"


def _quoted(text: str) -> str:
    """A text of ours in a statement."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'"
