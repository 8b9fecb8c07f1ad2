"""What a connection has seen of lists, remembered for as long as nobody has written: programs ask page after page, and again.

That is how long a list is, where the last page ended, so that the next one begins there and does not read again all that
come before it, and the texts of the last pages, told once more to who asks for the same page.

A page looks at its own rows, a count at all of them. PostgreSQL tells which transactions a statement sees (its snapshot,
`pg_current_snapshot`): two statements that see the same ones see the same rows, so that a count or a page of the one is that
of the other, to the last row. Once anybody who has written ends, snapshots are others.

A count is given where two in a row saw the same: elsewhere somebody writes all the time, and a page without its count would
be asked for in vain. So each connection counts a list twice, and once more after somebody has written; pages are kept of
lists whose count is given. Owned by each connection apart: another server, after a restore or a failover, may call other
transactions the same. Nothing is remembered inside a transaction, as what it has written itself is in no snapshot, nor of a
standby, whose snapshots do not tell which transactions still run.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg

from ratable_server.store.trips import Value, first_texts, live_connection, prepared

ListAsked = tuple[Value, ...]  # what a list is asked for: each other one has other parts

SNAPSHOT = "CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_snapshot() END"
_SHOWN = prepared(f"SELECT {SNAPSHOT}")
_MOST = 100  # lists of a connection
_MOST_LETTERS = 2**21  # of all pages of a connection: some sixty of a hundred events
_EACH = 1_000  # letters that a page counts for beside its text: to be kept is not free for a small one
_LONGEST = 1_000  # letters of what a list is asked for
_counted: WeakKeyDictionary[psycopg.Connection[Any], dict[ListAsked, _Known]] = WeakKeyDictionary()


class Counted(NamedTuple):
    """How many rows a list has for all who see what a snapshot shows; None: what was seen has no name."""

    snapshot: str | None
    rows: int


class Place(NamedTuple):
    """A place in a list that is in the order of ids: behind the row with this one, and behind so many in all."""

    rows: int
    id: int


START = Place(0, 0)


class Page(NamedTuple):
    """A page as it was told, and where it ended."""

    text: str
    ends: Place


class _Known(NamedTuple):
    """What was counted of a list, twice with the same snapshot or not, a place in it and pages of it as that shows them."""

    counted: Counted
    is_quiet: bool
    place: Place
    pages: dict[Hashable, Page]


def shown_now() -> str | None:
    """The snapshot that a statement of this connection has now."""
    found = first_texts(_SHOWN, [])
    return None if found is None else found[0]


def counted_before(asked: ListAsked) -> Counted | None:
    """What was counted of a list on this connection, the last two times.

    None: it was not, or not with the same snapshot, or a transaction is open.
    """
    known = _lists().get(asked)
    return known.counted if known is not None and known.is_quiet else None


def place_before(asked: ListAsked, offset: int) -> Place:
    """The place that is known of a list with what was counted of it, if it is not behind the offset; else its start."""
    known = _lists().get(asked)
    return known.place if known is not None and known.place.rows <= offset else START


def page_before(asked: ListAsked, page: Hashable) -> Page | None:
    """A page of a list that was told with what was counted of it; None: it was not, or is not kept any more."""
    known = _lists().get(asked)
    return known.pages.get(page) if known is not None and known.is_quiet else None


def remember_page(asked: ListAsked, page: Hashable, told: Page) -> None:
    """Keep where a page ended that saw what was counted, and its text; all others go where there is no more room."""
    lists = _lists()
    known = lists.get(asked)
    if known is None:
        return
    lists[asked] = known._replace(place=told.ends)
    if page not in known.pages and _weight(told) <= _MOST_LETTERS:
        _make_room(lists, _weight(told))
        known.pages[page] = told


def _weight(page: Page) -> int:
    return len(page.text) + _EACH


def _make_room(lists: Mapping[ListAsked, _Known], letters: int) -> None:
    held = sum(_weight(page) for known in lists.values() for page in known.pages.values())
    if held + letters > _MOST_LETTERS:
        for known in lists.values():
            known.pages.clear()


def remember_count(asked: ListAsked, counted: Counted, *, place: Place) -> None:
    """Keep what was counted of a list on this connection, and a place in it.

    Not while a transaction is open, without a snapshot, or of a list that takes many words to ask for.
    """
    if counted.snapshot is None or sum(len(each) for each in asked if isinstance(each, str)) > _LONGEST:
        return
    lists = _lists()
    before = lists.get(asked)
    if before is None and len(lists) >= _MOST:
        lists.clear()
    is_quiet = before is not None and counted == before.counted
    lists[asked] = _Known(counted, is_quiet, place, {})


def _lists() -> dict[ListAsked, _Known]:
    """What this connection knows; what is put into it inside a transaction is known to nobody."""
    database = live_connection()
    if database.in_atomic_block or database.connection is None:
        return {}
    return _counted.setdefault(database.connection, {})
