"""Are the books as they were written? The chain of the audit, the hashes of closed months and receipts, the identities.

Owns the list of checks that `ratable verify` makes, each answered with one record.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.queries.completeness import broken_identities
from ratable_server.queries.identities import CLOSED_STAY, LAWS, Broken, Law, broken_rows, changed_in
from ratable_server.store import sealing
from ratable_server.store.models import PeriodClose
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.transport import lift_time_limit

_AT_ONCE = 5_000
_SHOWN = 3  # of what breaks a law


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The answer of one check: does it hold, over how many rows, and which row is the first that does not fit."""

    check: str
    is_sound: bool
    rows: int
    detail: str
    first_bad_row: str = ""


def verification(actor: Actor) -> list[Verified]:
    """Every check, in order, at one moment; a check that fails does not keep the others from being made."""
    with books_of(actor, as_snapshot=True):
        lift_time_limit()
        return [check(actor) for check in CHECKS]


def audit_chain(actor: Actor) -> Verified:
    """Recompute every link: an entry that was changed, removed, or put in behind the seal is named."""
    walk = _Walk()
    while links := list(sealing.chain(actor, walk.position, _AT_ONCE)):
        for link in links:
            complaint = walk.refuses(link)
            if complaint:
                return _broken(walk.position, complaint, link.audit_entry_id)
            walk.take(link)
    for cluster, place in walk.last.items():
        entry_id = sealing.unsealed_before(actor, cluster, place)
        if entry_id is not None:
            return _broken(walk.position, "the entry has no seal, and stands before one that has", entry_id)
    return Verified(check="audit_chain", is_sound=True, rows=walk.position, detail=walk.told())


def unsealed_tail(actor: Actor) -> Verified:
    """How much of the audit the chain does not cover yet: never a fault, but told."""
    count = sealing.unsealed_count(actor)
    detail = f"{count} entries are not sealed yet" if count else "every entry is sealed"
    return Verified(check="audit_unsealed_tail", is_sound=True, rows=count, detail=detail)


def closed_periods(actor: Actor) -> Verified:
    """Hash the journal of every close again, and sum it up again."""
    rows = rows_of(actor, PeriodClose).count()
    return _verified("closed_periods", CLOSED_STAY, rows=rows, broken=list(changed_in(actor)), table="period_close")


def identities(actor: Actor) -> Verified:
    """Both sides of every identity of completeness, over everything that is posted."""
    law = "what went in came out: received, rated, recognized, balanced"
    rows, broken = broken_identities(actor)
    return _verified("completeness", law, rows=rows, broken=broken, table="identity")


def law(actor: Actor, *, of: Law) -> Verified:
    """A law over the rows of a table."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {of.table} WHERE tenant_id = %s", [actor.tenant_id])  # noqa: S608 - the code's own
        (rows,) = cursor.fetchone()
    broken = broken_rows(actor, of, limit=_SHOWN + 1)
    return _verified(of.check, of.law, rows=int(rows), broken=broken, table=of.table)


CHECKS: tuple[Callable[[Actor], Verified], ...] = (
    audit_chain,
    unsealed_tail,
    closed_periods,
    identities,
    *(partial(law, of=one) for one in LAWS),
)


@dataclass(slots=True)
class _Walk:
    """A walk along the chain: where it is, and the last entry of each cluster that it met."""

    position: int = 0
    hash: str = sealing.ORIGIN
    last: dict[str, tuple[int, int]] = field(default_factory=dict)

    def refuses(self, link: sealing.Sealed) -> str:
        position = self.position + 1
        if link.position != position:
            return f"the seal at {position} is missing"
        if link.previous_hash != self.hash:
            return f"the seal at {position} does not follow the one before"
        if link.entry is None:
            return f"the entry sealed at {position} is gone"
        if sealing.hash_of(link.entry, position, self.hash) != link.hash:
            return f"the entry sealed at {position} was changed"
        if self.is_behind(link.entry):
            return f"the entry sealed at {position} stands before one that was sealed earlier"
        return ""

    def take(self, link: sealing.Sealed) -> None:
        self.position, self.hash = link.position, link.hash
        if link.entry is not None:
            self.last[link.entry.cluster] = link.entry.place()

    def is_behind(self, entry: sealing.Audited) -> bool:
        """Sealing goes by transactions, so an honest entry never comes to stand before a sealed one."""
        return entry.place() < self.last.get(entry.cluster, (0, 0))

    def told(self) -> str:
        if not self.position:
            return "nothing is sealed yet"
        restored = f"; written in {len(self.last)} clusters, so it was restored" if len(self.last) > 1 else ""
        return f"unbroken to {self.position}, {self.hash}{restored}"


def _verified(check: str, law: str, *, rows: int, broken: list[Broken], table: str) -> Verified:
    """The answer about a law; of what breaks it the first is named and a few more are told."""
    if not broken:
        return Verified(check=check, is_sound=True, rows=rows, detail=law)
    shown = [f"{one.key}: {one.detail}" for one in broken[:_SHOWN]]
    more = " and more" if len(broken) > _SHOWN else ""
    bad = f"{table} {broken[0].key}"
    return Verified(check=check, is_sound=False, rows=rows, detail="; ".join(shown) + more, first_bad_row=bad)


def _broken(rows: int, detail: str, entry_id: int) -> Verified:
    bad = f"audit_entry {entry_id}"
    return Verified(check="audit_chain", is_sound=False, rows=rows, detail=detail, first_bad_row=bad)
