"""How far a run has read the audit, and what was written behind that.

Owns the question whether a run knew of an entry. Within a database cluster the transactions answer it, also for one that was
still running when the run read. Where a dump is restored their numbers begin anew, but the ids of entries go on: what another
cluster wrote is known up to the last entry that the run could see.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.store.models import Run

# Entries of `tenant` that a run did not know, told its `Horizon`; both halves are looked up by an index.
UNKNOWN = """
SELECT subject_kind, subject_code, after FROM audit_entry
WHERE tenant_id = %(tenant)s AND cluster = %(cluster)s
    AND transaction_id >= pg_snapshot_xmin(%(snapshot)s::pg_snapshot)::text::bigint
    AND NOT pg_visible_in_snapshot(transaction_id::text::xid8, %(snapshot)s::pg_snapshot)
UNION ALL
SELECT subject_kind, subject_code, after FROM audit_entry
WHERE tenant_id = %(tenant)s AND cluster <> %(cluster)s AND id > %(audit_through)s
"""

_NOTHING = "1:1:"  # a snapshot that sees no transaction
_HERE = """
SELECT pg_current_snapshot()::text, (pg_control_system()).system_identifier::text,
    COALESCE((SELECT max(id) FROM audit_entry WHERE tenant_id = %s), 0)
"""


class Horizon(NamedTuple):
    """A moment of the audit: what a transaction in a cluster saw, and the last entry that was there."""

    snapshot: str
    cluster: str
    audit_through: int

    def told(self, actor: Actor) -> dict[str, Any]:
        """What `UNKNOWN` is told."""
        return {"tenant": actor.tenant_id, **self._asdict()}


def present_horizon(actor: Actor) -> Horizon:
    """That of this transaction; call it inside `books_of`, as one snapshot."""
    with connection.cursor() as cursor:
        cursor.execute(_HERE, [actor.tenant_id])
        return Horizon(*cursor.fetchone())


def horizon_of(run: Run) -> Horizon:
    """That of a run. One that never said what it read knew nothing: all there is counts as unknown to it."""
    return Horizon(run.snapshot or _NOTHING, run.cluster, run.audit_through)
