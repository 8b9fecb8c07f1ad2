"""When prepaid commits changed last as they are told, and which of them did so in a time.

A row knows when its terms were told last. What was filed of it, what bills it and what draws on it are rows of their own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from django.db.models import QuerySet

from ratable_server.actor import Actor
from ratable_server.queries.listing import Asked, asked_rows
from ratable_server.store.load.changed_commits import load_commit_changes
from ratable_server.store.models import PrepaidCommit


def asked_commits(actor: Actor, rows: QuerySet[PrepaidCommit], asked: Asked) -> QuerySet[PrepaidCommit]:
    """The rows that are asked for, of all pages; `rows` has deleted ones too."""
    wanted = asked_rows(rows, replace(asked, modified_from=None, modified_through=None))
    if asked.modified_from is None and asked.modified_through is None:
        return wanted
    changes = last_changes(actor, list(wanted))
    return wanted.filter(id__in=[id for id, at in changes.items() if _is_in_time(at, asked)])


def last_changes(actor: Actor, rows: Sequence[PrepaidCommit]) -> dict[int, datetime]:
    """When each of these commits changed last."""
    changes = load_commit_changes(actor, {row.contract_id for row in rows})
    return {
        row.id: max(
            row.modified_at,
            *(changes.get((row.contract_id, of), row.modified_at) for of in (row.id, None)),
        )
        for row in rows
    }


def _is_in_time(at: datetime, asked: Asked) -> bool:
    from_at, through_at = asked.modified_from or at, asked.modified_through or at
    return from_at <= at <= through_at
