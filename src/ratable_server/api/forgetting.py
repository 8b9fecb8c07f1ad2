"""What is kept for a while only, in the background: keys of requests, and where long answers go on, once they no longer count.

Nothing waits for it: a key that no longer counts is as good as new, whether it was forgotten yet or not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ratable_server.actor import Actor
from ratable_server.clock import now_at
from ratable_server.operations.idempotency import forget_expired_keys, tenants_with_expired_keys

_MOST_TURNS = 20  # of one tenant in a round, so that the others have theirs; the rest is for the next round


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """How many keys one round has removed."""

    forgotten: int = 0


def forget_what_expired(*, is_over: Callable[[], bool] = lambda: False) -> Forgotten:
    """Remove the keys that no longer count, of all tenants, some of each; give how many."""
    at = now_at()
    count = 0
    for tenant_id in tenants_with_expired_keys(at=at):
        actor = Actor(tenant_id=tenant_id, name="keys", role="viewer", request_id="keys")
        for _ in range(_MOST_TURNS):
            gone = 0 if is_over() else forget_expired_keys(actor=actor, at=at)
            if not gone:
                break
            count += gone
    return Forgotten(forgotten=count)
