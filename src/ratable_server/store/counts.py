"""How long lists are, remembered for as long as nobody has written: a program that reads page after page asks each time.

With it, where the last page ended: the next one begins there, and does not read again all that come before it.

A page looks at its own rows, a count at all of them. PostgreSQL tells which transactions a statement sees (its snapshot,
`pg_current_snapshot`): two statements that see the same ones see the same rows, so that a count of the one is that of the
other, to the last row. Once anybody begins to write, snapshots are others.

A count is given where two in a row saw the same: elsewhere somebody writes all the time, and a page without its count would
be asked for in vain. So each connection counts a list twice, and once more after somebody has written. Owned by each
connection apart: another server, after a restore or a failover, may call other transactions the same. Nothing is remembered
inside a transaction, as what it has written itself is in no snapshot, nor of a standby, whose snapshots do not tell which
transactions still run.
"""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import psycopg

from ratable_server.store.trips import live_connection

SNAPSHOT = "CASE WHEN pg_is_in_recovery() THEN NULL ELSE pg_current_snapshot() END"
_MOST = 100  # lists of a connection
_counted: WeakKeyDictionary[psycopg.Connection[Any], dict[Hashable, _Known]] = WeakKeyDictionary()


class Counted(NamedTuple):
    """How many rows a list has for all who see what a snapshot shows; None: what was seen has no name."""

    snapshot: str | None
    rows: int


class Place(NamedTuple):
    """A place in a list that is in the order of ids: behind the row with this one, and behind so many in all."""

    rows: int
    id: int


START = Place(0, 0)


class _Known(NamedTuple):
    """What was counted of a list, twice with the same snapshot or not, and a place in it as that shows it."""

    counted: Counted
    is_quiet: bool
    place: Place


def counted_before(asked: Hashable) -> Counted | None:
    """What was counted of a list on this connection, the last two times.

    None: it was not, or not with the same snapshot, or a transaction is open.
    """
    known = _lists().get(asked)
    return known.counted if known is not None and known.is_quiet else None


def place_before(asked: Hashable, offset: int) -> Place:
    """The place that is known of a list with what was counted of it, if it is not behind the offset; else its start."""
    known = _lists().get(asked)
    return known.place if known is not None and known.place.rows <= offset else START


def remember_place(asked: Hashable, place: Place) -> None:
    """Keep where a page ended that saw what was counted."""
    lists = _lists()
    known = lists.get(asked)
    if known is not None:
        lists[asked] = known._replace(place=place)


def remember_count(asked: Hashable, counted: Counted, *, place: Place) -> None:
    """Keep what was counted of a list on this connection, and a place in it, unless a transaction is open or there is no snapshot."""
    if counted.snapshot is None:
        return
    lists = _lists()
    before = lists.get(asked)
    if len(lists) >= _MOST:
        lists.clear()
    lists[asked] = _Known(counted, before is not None and counted == before.counted, place)


def _lists() -> dict[Hashable, _Known]:
    """What this connection knows; what is put into it inside a transaction is known to nobody."""
    database = live_connection()
    if database.in_atomic_block or database.connection is None:
        return {}
    return _counted.setdefault(database.connection, {})
