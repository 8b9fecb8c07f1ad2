"""How many requests of one tenant are worked on at once, so that one tenant's programs do not take every thread.

Owns the count, which each process keeps for itself. A request counts from when it is known who asks until it is answered.
"""

from __future__ import annotations

from collections import Counter
from threading import Lock

from django.conf import settings
from rest_framework.exceptions import Throttled

_KIND = "Default"  # the published API has another limit for large tenants; here there is one
_RETRY_AFTER_SECONDS = 1


class _UnderWay:
    """Requests of each tenant that have begun and not ended."""

    def __init__(self) -> None:
        self._lock, self._count = Lock(), Counter[int]()

    def begin(self, tenant_id: int) -> int:
        """Count one more; how many there are now."""
        with self._lock:
            self._count[tenant_id] += 1
            return self._count[tenant_id]

    def end(self, tenant_id: int) -> None:
        """Count one less; who has none is forgotten."""
        with self._lock:
            self._count[tenant_id] -= 1
            if not self._count[tenant_id]:
                del self._count[tenant_id]


_under_way = _UnderWay()


class Place:
    """The place of one request among those of its tenant; it is given back once, whatever becomes of the request."""

    def __init__(self) -> None:
        self._tenant_id: int | None = None
        self._most = self._left = 0

    def take(self, tenant_id: int) -> None:
        """Count the request.

        Raises:
            Throttled: so many are worked on that this one has to wait.
        """
        self._most = int(settings.CONCURRENT_REQUESTS)
        if not self._most:
            return
        self._tenant_id, count = tenant_id, _under_way.begin(tenant_id)
        self._left = max(0, self._most - count)
        if count > self._most:
            raise Throttled(wait=_RETRY_AFTER_SECONDS)

    def leave(self) -> None:
        """The request has its answer."""
        if self._tenant_id is not None:
            _under_way.end(self._tenant_id)
            self._tenant_id = None

    def headers(self) -> dict[str, str]:
        """What is told of the limit; nothing where nobody was counted."""
        if self._tenant_id is None:
            return {}
        told = {"Type": _KIND, "Limit": str(self._most), "Remaining": str(self._left)}
        return {f"Concurrency-Limit-{name}": value for name, value in told.items()}
