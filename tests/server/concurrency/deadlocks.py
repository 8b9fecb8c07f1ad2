"""The deadlocks that PostgreSQL met, out of its log: written when they happen, and with who waited for whom.

`pg_stat_database` counts them too, but each connection tells its count when it has time to.
"""

from __future__ import annotations

import re

from ratable_server.store import places

_DEADLOCK = re.compile(r"deadlock detected\n(?:.* DETAIL: .*\n)?(?:\t.*\n)*")


class Deadlocks:
    """Those since this was made."""

    def __init__(self) -> None:
        self.log = places.cluster() / "log"
        self.before = self.log.stat().st_size

    def told(self) -> list[str]:
        """Each as the server told it."""
        with self.log.open("rb") as log:
            log.seek(self.before)
            return _DEADLOCK.findall(log.read().decode(errors="replace"))
