"""Sealing the audit: the chain is made longer by what is committed."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.store import sealing
from ratable_server.store.models import AuditSeal
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of, rows_of

_AT_ONCE = 5_000


def seal_audit(actor: Actor, *, at: datetime) -> int:
    """Seal every entry that may be sealed; give how many there were. Idempotent; two sealers take turns.

    Nobody waits for it: what a running transaction may still precede is left for later.
    """
    sealed = 0
    while added := _seal_some(actor, at=at):
        sealed += added
    return sealed


@retried
def _seal_some(actor: Actor, *, at: datetime) -> int:
    with books_of(actor):
        _take_turn(actor)
        last, previous_hash = sealing.head(actor)
        seals = []
        for position, entry in enumerate(sealing.settled_entries(actor, _AT_ONCE), start=last + 1):
            link = sealing.hash_of(entry, position, previous_hash)
            seals.append(
                AuditSeal(
                    tenant_id=actor.tenant_id,
                    audit_entry_id=entry.id,
                    position=position,
                    previous_hash=previous_hash,
                    hash=link,
                    sealed_at=at,
                )
            )
            previous_hash = link
        rows_of(actor, AuditSeal).bulk_create(seals)
        return len(seals)


def _take_turn(actor: Actor) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('audit_seal'), %s)", [actor.tenant_id % 2**31])
