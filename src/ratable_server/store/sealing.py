"""The chain over the audit: what a seal covers, and which entries may be sealed.

Owns the text of an entry that is hashed, and the order of entries. An entry is sealed when no transaction that is
still running could write one that belongs before it, so nobody waits for the sealer, nor it for them: what a long
import holds back stays unsealed until it ends.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from django.db import connection

from ratable_server.actor import Actor

ORIGIN = "0" * 64  # before the first

_COLUMNS = """entry.id, entry.recorded_at, entry.actor, entry.request_id, entry.action, entry.subject_kind,
    entry.subject_code, entry.before::text, entry.after::text, entry.transaction_id, entry.cluster,
    entry.state_of, entry.state"""

_IS_ELSEWHERE = "(entry.cluster <> (pg_control_system()).system_identifier::text)"  # written before a restore
_IS_SETTLED = f"(entry.transaction_id < pg_snapshot_xmin(pg_current_snapshot())::text::bigint OR {_IS_ELSEWHERE})"
_HAS_NO_SEAL = """NOT EXISTS (SELECT FROM audit_seal AS seal
    WHERE seal.tenant_id = entry.tenant_id AND seal.audit_entry_id = entry.id)"""


class Audited(NamedTuple):
    """An audit entry as it is hashed."""

    id: int
    recorded_at: datetime
    actor: str
    request_id: str
    action: str
    subject_kind: str
    subject_code: str
    before: str | None
    after: str | None
    transaction_id: int
    cluster: str
    state_of: str
    state: str

    def place(self) -> tuple[int, int]:
        """Its order among the entries of its cluster."""
        return self.transaction_id, self.id


class Sealed(NamedTuple):
    """A link of the chain with its entry, which somebody may have removed."""

    position: int
    previous_hash: str
    hash: str
    audit_entry_id: int
    entry: Audited | None


def hash_of(entry: Audited, position: int, previous_hash: str) -> str:
    """The hash of a link: of every field of the entry, its place and the hash before, each with its length.

    An entry without a state is hashed as it was before there were any.
    """
    told = entry._replace(recorded_at=entry.recorded_at.astimezone(UTC))[: None if entry.state_of else -2]
    texts = [previous_hash, str(position), *("-" if value is None else f"+{value}" for value in told)]
    framed = "".join(f"{len(text)}:{text}" for text in texts)
    return hashlib.sha256(framed.encode()).hexdigest()


def settled_entries(actor: Actor, limit: int) -> list[Audited]:
    """Entries without a seal that may get one, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT {_COLUMNS} FROM audit_entry AS entry
            WHERE entry.tenant_id = %s AND {_IS_SETTLED} AND {_HAS_NO_SEAL}
            ORDER BY {_IS_ELSEWHERE} DESC, entry.transaction_id, entry.id LIMIT %s""",  # noqa: S608 - our constants
            [actor.tenant_id, limit],
        )
        return [Audited(*row) for row in cursor.fetchall()]


def chain(actor: Actor, after: int, limit: int) -> Iterator[Sealed]:
    """The links behind a position, in their order."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT seal.position, seal.previous_hash, seal.hash, seal.audit_entry_id, {_COLUMNS}
            FROM audit_seal AS seal
            LEFT JOIN audit_entry AS entry ON entry.tenant_id = seal.tenant_id AND entry.id = seal.audit_entry_id
            WHERE seal.tenant_id = %s AND seal.position > %s ORDER BY seal.position LIMIT %s""",  # noqa: S608 - our constants
            [actor.tenant_id, after, limit],
        )
        for row in cursor.fetchall():
            yield Sealed(row[0], row[1], row[2], row[3], None if row[4] is None else Audited(*row[4:]))


def head(actor: Actor) -> tuple[int, str]:
    """Position and hash of the last link."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT position, hash FROM audit_seal WHERE tenant_id = %s ORDER BY position DESC LIMIT 1",
            [actor.tenant_id],
        )
        row = cursor.fetchone()
    return (int(row[0]), str(row[1])) if row else (0, ORIGIN)


def unsealed_count(actor: Actor) -> int:
    """How many entries have no seal yet."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT count(*) FROM audit_entry AS entry WHERE entry.tenant_id = %s AND {_HAS_NO_SEAL}",  # noqa: S608 - our constants
            [actor.tenant_id],
        )
        return int(cursor.fetchone()[0])


def unsealed_before(actor: Actor, cluster: str, place: tuple[int, int]) -> int | None:
    """The first entry of a cluster that has no seal and stands before a place there; None: there is none."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT entry.id FROM audit_entry AS entry
            WHERE entry.tenant_id = %s AND entry.cluster = %s AND (entry.transaction_id, entry.id) < (%s, %s)
                AND {_HAS_NO_SEAL} ORDER BY entry.transaction_id, entry.id LIMIT 1""",  # noqa: S608 - our constants
            [actor.tenant_id, cluster, *place],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else None
