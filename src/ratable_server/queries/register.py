"""The register as it was told: entities, accounts, departments, tags and the like."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ratable_server.actor import Actor
from ratable_server.queries.listing import FIRST_PAGE, Asked, Found, asked_rows, page_of
from ratable_server.store.models import RegisterEntry
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing of a kind."""

    id: int
    kind: str
    code: str
    further: dict[str, Any]
    created_at: datetime
    modified_at: datetime
    deleted_at: datetime | None


def register(*, actor: Actor, kind: str, asked: Asked = FIRST_PAGE) -> Found[Entry]:
    """The things of a kind, in the order in which they came."""
    with books_of(actor):
        rows = asked_rows(rows_of(actor, RegisterEntry, with_deleted=True).filter(kind=kind), asked)
        return page_of(rows, asked, lambda page: [_entry(row) for row in page])


def _entry(row: RegisterEntry) -> Entry:
    return Entry(
        id=row.id,
        kind=row.kind,
        code=row.code,
        further=row.further,
        created_at=row.created_at,
        modified_at=row.modified_at,
        deleted_at=row.deleted_at,
    )
