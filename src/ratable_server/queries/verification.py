"""Are the books as they were written? The chain of the audit, recomputed.

Owns the list of checks that `ratable verify` makes, each answered with one record. The identities of the books and
the hashes of closed periods join `CHECKS` with the operations that write them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ratable_server.actor import Actor
from ratable_server.store import sealing
from ratable_server.store.scope import books_of

_AT_ONCE = 5_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The answer of one check: does it hold, over how many rows, and which row is the first that does not fit."""

    check: str
    is_sound: bool
    rows: int
    detail: str
    first_bad_row: str = ""


def verification(actor: Actor) -> list[Verified]:
    """Every check, in order; a check that fails does not keep the others from being made."""
    with books_of(actor):
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
    for entry in sealing.unsealed_entries(actor):
        if walk.is_behind(entry):
            return _broken(walk.position, "the entry has no seal, and stands before one that has", entry.id)
    return Verified(check="audit_chain", is_sound=True, rows=walk.position, detail=walk.told())


def unsealed_tail(actor: Actor) -> Verified:
    """How much of the audit the chain does not cover yet: never a fault, but told."""
    count = len(sealing.unsealed_entries(actor))
    detail = f"{count} entries are not sealed yet" if count else "every entry is sealed"
    return Verified(check="audit_unsealed_tail", is_sound=True, rows=count, detail=detail)


CHECKS: tuple[Callable[[Actor], Verified], ...] = (audit_chain, unsealed_tail)


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


def _broken(rows: int, detail: str, entry_id: int) -> Verified:
    bad = f"audit_entry {entry_id}"
    return Verified(check="audit_chain", is_sound=False, rows=rows, detail=detail, first_bad_row=bad)
