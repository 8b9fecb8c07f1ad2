"""Entries written by hand as they stand: the last revision of each."""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from ratable_server.actor import Actor
from ratable_server.store.models import WrittenEntry
from ratable_server.store.scope import rows_of

_LAST = """
SELECT DISTINCT ON (code) id FROM written_entry WHERE tenant_id = %s ORDER BY code, revision DESC
"""


def last_revisions(actor: Actor) -> QuerySet[WrittenEntry]:
    """The last revision of each entry, also of those that were removed."""
    return rows_of(actor, WrittenEntry).filter(id__in=RawSQL(_LAST, [actor.tenant_id])).order_by("number")  # noqa: S611


def current_entry(actor: Actor, code: str) -> WrittenEntry | None:
    """What counts under a code; None: nothing, or it was removed."""
    last = rows_of(actor, WrittenEntry).filter(code=code).order_by("-revision").first()
    return None if last is None or last.is_removed else last


def posting_of(actor: Actor, codes: Sequence[str], *, but: str) -> str | None:
    """A posting of one of these computed entries, other than `but`; None: there is none."""
    if not codes:
        return None
    found = last_revisions(actor).filter(is_removed=False, posts__has_any_keys=list(codes)).exclude(code=but)
    return found.values_list("code", flat=True).first()
