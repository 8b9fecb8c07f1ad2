"""How many requests somebody may send in a minute, so that one program does not keep others waiting.

Owns the count, which each process keeps for itself: by tenant and by who asks, or by address where that is not known
yet, from one full minute to the next.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from threading import Lock

from django.conf import settings
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from typing_extensions import override

from ratable_server.actor import Actor
from ratable_server.clock import now_at

_MINUTE = 60
_ATTRIBUTE = "ratable_limit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How many requests a minute has, how many are left of this one, and in how many seconds the next begins."""

    most: int
    left: int
    reset_seconds: int


def limit_of(request: Request) -> Limit | None:
    """What was counted of a request; None: nothing was."""
    limit: Limit | None = getattr(request, _ATTRIBUTE, None)
    return limit


class MinuteThrottle(BaseThrottle):
    """Refuses what is more than `REQUESTS_PER_MINUTE` of who asks; 0: nothing is too much."""

    @override
    def allow_request(self, request: Request, view: object) -> bool:
        actor, most = request.user, int(settings.REQUESTS_PER_MINUTE)
        if not most or not isinstance(actor, Actor):
            return True
        return _is_within(request, ("requests", actor.tenant_id, actor.name), most)

    @override
    def wait(self) -> int:
        """Seconds to the next minute."""
        return _MINUTE - int(now_at().timestamp()) % _MINUTE


class AddressThrottle(MinuteThrottle):
    """Refuses what is more than `TOKEN_REQUESTS_PER_MINUTE` of an address, where nobody has said yet who asks."""

    @override
    def allow_request(self, request: Request, view: object) -> bool:
        most = int(settings.TOKEN_REQUESTS_PER_MINUTE)
        return not most or _is_within(request, ("addresses", request.META.get("REMOTE_ADDR", "")), most)


class _Minute:
    """How many requests there were of each in one minute; the next minute begins with none."""

    def __init__(self) -> None:
        self._lock, self._minute, self._sent = Lock(), 0, dict[Hashable, int]()

    def count(self, counted: Hashable) -> tuple[int, int]:
        """Count one more; how many there are now, and how many seconds the minute still has."""
        with self._lock:
            # Asked in here, so that nobody comes late with a minute that is over.
            minute, second = divmod(int(now_at().timestamp()), _MINUTE)
            if minute != self._minute:
                self._minute, self._sent = minute, {}
            sent = self._sent[counted] = self._sent.get(counted, 0) + 1
            return sent, _MINUTE - second


_this_minute = _Minute()


def _is_within(request: Request, counted: Hashable, most: int) -> bool:
    """Count a request; is it one of those that may be sent in this minute?"""
    sent, reset_seconds = _this_minute.count(counted)
    limit = Limit(most=most, left=max(0, most - sent), reset_seconds=reset_seconds)
    setattr(request, _ATTRIBUTE, limit)
    return sent <= most
