"""How many requests somebody may send in a minute, so that one program does not keep others waiting.

Owns the count, which each process keeps for itself: by tenant and by who asks, from one full minute to the next.
"""

from __future__ import annotations

from django.conf import settings
from django.core.cache import cache
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from typing_extensions import override

from ratable_server.actor import Actor
from ratable_server.clock import now_at

_MINUTE = 60


class MinuteThrottle(BaseThrottle):
    """Refuses what is more than `REQUESTS_PER_MINUTE`; 0: nothing is too much."""

    @override
    def allow_request(self, request: Request, view: object) -> bool:
        actor, most = request.user, int(settings.REQUESTS_PER_MINUTE)
        if not most or not isinstance(actor, Actor):
            return True
        minute = int(now_at().timestamp()) // _MINUTE
        key = f"requests:{actor.tenant_id}:{hash(actor.name)}:{minute}"
        cache.add(key, 0, timeout=2 * _MINUTE)
        return cache.incr(key) <= most

    @override
    def wait(self) -> int:
        """Seconds to the next minute."""
        return _MINUTE - int(now_at().timestamp()) % _MINUTE
