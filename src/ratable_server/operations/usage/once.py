"""Work that may be in the books although nobody heard of it: the answer to a COMMIT is lost with the connection.

Owns the question whether it is. Who repeats an operation that would count twice asks it before he begins again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from ratable_server.actor import Actor
from ratable_server.store.models import ReportedUsage, UsageImport
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.staging.settling import hold_tenant

Done = TypeVar("Done")
_MOST_LOOKED_FOR = 100  # all of them are there, or none


@dataclass(slots=True)
class Attempt(Generic[Done]):
    """The last attempt at one piece of work; it lives outside the function that is repeated."""

    actor: Actor
    at: datetime
    _done: Done | None = None
    _is_there: Callable[[], bool] = lambda: False

    def will_commit(self, done: Done, *, import_id: int) -> None:
        """Remember what this attempt is about to commit, with the receipt of that id."""
        told = {"id": import_id, "recorded_at": self.at, "recorded_by": self.actor.name}
        self._done = done
        self._is_there = lambda: rows_of(self.actor, UsageImport).filter(**told).exists()

    def will_commit_reports(self, done: Done, *, ids: Collection[int]) -> None:
        """The same of reports that it changed; none: nothing is lost by doing it again."""
        told = {"id__in": sorted(ids)[:_MOST_LOOKED_FOR], "modified_at": self.at, "modified_by": self.actor.name}
        self._done = done if ids else None
        self._is_there = lambda: rows_of(self.actor, ReportedUsage).filter(**told).exists()

    def done(self) -> Done | None:
        """What the attempt before this one did, if it is in the books; one that still commits is waited for."""
        if self._done is None:
            return None
        with books_of(self.actor):
            hold_tenant(self.actor)
            return self._done if self._is_there() else None
