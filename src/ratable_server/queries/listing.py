"""Lists by pages: what is asked of each list, and what each gives.

Owns paging, the filters that all lists have, and their order: by id, so that whoever reads page after page misses nothing
that was there when he began.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.db.models import Model, QuerySet

Row = TypeVar("Row", bound=Model)
Record = TypeVar("Record")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A page: how many rows from which on, changed in which time (both ends included); deleted ones, or those there.

    `ids` and `codes` ask for single rows; None: any. With `after_id` the page begins behind that row, whatever is added
    or removed meanwhile.
    """

    limit: int = 100
    offset: int = 0
    after_id: int | None = None
    modified_from: datetime | None = None
    modified_through: datetime | None = None
    is_deleted: bool = False
    ids: Sequence[int] | None = None
    codes: Sequence[str] | None = None


FIRST_PAGE = Asked()
EVERYTHING = Asked(limit=10**9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found(Generic[Record]):
    """A page of a list; `count` is how many there are on all pages."""

    count: int
    rows: tuple[Record, ...]

    @property
    def first(self) -> Record | None:
        """The first row of the page; None: nothing was found."""
        return self.rows[0] if self.rows else None


def asked_rows(rows: QuerySet[Row], asked: Asked) -> QuerySet[Row]:
    """The rows that are asked for, of all pages; `rows` has deleted ones too."""
    limits: dict[str, Any] = {
        "modified_at__gte": asked.modified_from,
        "modified_at__lte": asked.modified_through,
        "id__gt": asked.after_id,
        "id__in": asked.ids,
        "code__in": asked.codes,
    }
    wanted = {name: value for name, value in limits.items() if value is not None}
    return rows.filter(deleted_at__isnull=not asked.is_deleted, **wanted)


def page_of(rows: QuerySet[Row], asked: Asked, records: Callable[[list[Row]], Sequence[Record]]) -> Found[Record]:
    """A page of rows as records, in the order of their ids; `records` makes them all at once, in their order."""
    page = list(rows.order_by("id")[asked.offset : asked.offset + asked.limit])
    is_all = asked.offset == 0 and len(page) < asked.limit
    return Found(count=len(page) if is_all else rows.count(), rows=tuple(records(page)))


def page_of_made(made: Sequence[Made], asked: Asked) -> Found[Made]:
    """A page of what was computed, in its own order."""
    return Found(count=len(made), rows=tuple(made[asked.offset : asked.offset + asked.limit]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What every thing has that somebody told: the id of its row, what is kept beside its terms, and when."""

    id: int
    further: dict[str, Any]
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None


def told_of(row: Any) -> dict[str, Any]:
    """The fields of `Told` of a row."""
    names = ("id", "further", "created_at", "modified_at", "deleted_at")
    return {name: getattr(row, name) for name in names}


def fields_of(row: Any, *names: str) -> dict[str, Any]:
    """Columns of a row under their own names, empty text as None: nothing was agreed."""
    return {name: None if getattr(row, name) == "" else getattr(row, name) for name in names}


def code_of(linked: Any) -> str | None:
    """The code of what a row points to; None: it points to nothing."""
    return None if linked is None else str(linked.code)
