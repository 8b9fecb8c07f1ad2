"""Whose usage a prepaid commit covers, month by month: its own, what others could not cover, what usage lines draw on it.

What a month was told for a commit = its gross, less what it covers of other usage, and what other commits cover for it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ratable.money import to_major
from ratable.periods import month_of
from ratable.terms_tables import addressed_stream
from ratable_server.actor import Actor
from ratable_server.queries.computed import computed
from ratable_server.queries.prepaid_commits import PrepaidCommit
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of

_NEVER = date(1, 1, 1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """A month of a commit, in list value: what other commits cover of its usage, and what it covers of other usage.

    `streams` are those that it covers, with what it learned about earlier months. `cascade_of` are the ids of the commits
    whose usage it is, where it has none but theirs.
    """

    cascaded: Decimal
    of_others: Decimal
    streams: frozenset[str]
    cascade_of: tuple[int, ...]


NO_SHARE = Share(cascaded=Decimal(0), of_others=Decimal(0), streams=frozenset(), cascade_of=())


def shares(*, actor: Actor, commit: PrepaidCommit, on: date) -> Mapping[date, Share]:
    """The shares of a commit by the month that books them, of all months that have any."""
    own, cascaded, of_others = addressed_stream(commit.code), defaultdict[date, int](int), defaultdict[date, int](int)
    streams = defaultdict[date, set[str]](set)
    for row in computed(actor, contracts=[commit.contract], on=on).draws.to_pylist():
        is_mine, month_on = row["commit_id"] == commit.code, month_of(row["booked_on"])
        is_regular = row["adjusted_on"] == _NEVER and month_of(row["service_on"]) == month_on
        if is_mine:
            streams[month_on].add(row["item_id"])
        if is_regular and is_mine and row["item_id"] != own:
            of_others[month_on] += row["net_minor" if _is_earned(commit, row["kind"]) else "gross_minor"]
        if is_regular and not is_mine and row["item_id"] == own:
            cascaded[month_on] += row["gross_minor"]
    ids = _ids(actor, commit) if any(own not in found for found in streams.values()) else {}
    return {
        month_on: Share(
            cascaded=to_major(cascaded[month_on], commit.currency),
            of_others=to_major(of_others[month_on], commit.currency),
            streams=frozenset(streams[month_on]),
            cascade_of=_cascade_of(streams[month_on], ids),
        )
        for month_on in {*streams, *cascaded}
    }


def _is_earned(commit: PrepaidCommit, kind: str) -> bool:
    """What is drawn of units has no list value but what it earns."""
    return commit.units is not None and kind == "drawdown"


def _ids(actor: Actor, commit: PrepaidCommit) -> dict[str, int]:
    """The other commits of the contract, by the streams of usage that is told of them."""
    with books_of(actor):
        rows = rows_of(actor, models.PrepaidCommit).filter(contract_id=commit.contract_id).exclude(id=commit.id)
        return {addressed_stream(code): id for code, id in rows.values_list("code", "id")}


def _cascade_of(streams: set[str], ids: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sorted(ids[stream] for stream in streams)) if streams and streams <= ids.keys() else ()
