"""What the log leaves out: a line for every request that waits for a thread."""

from __future__ import annotations

import logging

from typing_extensions import override

_MS_BETWEEN = 10_000


class WaitingRequests(logging.Filter):
    """Of the web server's warnings about its queue at most one in ten seconds, with the deepest queue since the last one.

    The web server warns while it holds the lock of its queue: one thread at a time comes here.
    """

    _told_at_ms = -_MS_BETWEEN
    _deepest = 0

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Does this one go into the log? Then it says how many wait, and how many have waited at most."""
        (depth,) = record.args if isinstance(record.args, tuple) and len(record.args) == 1 else (None,)
        if not isinstance(depth, int):
            return True
        self._deepest = max(self._deepest, depth)
        at_ms = int(record.created * 1_000)
        if 0 <= at_ms - self._told_at_ms < _MS_BETWEEN:  # below zero: the clock was set back
            return False
        record.msg = (
            "Requests wait for a thread: %d now, %d at most since this was last said; `--threads` has more of them"
        )
        record.args = (depth, self._deepest)
        self._told_at_ms, self._deepest = at_ms, 0
        return True


_waiting = WaitingRequests()


def waiting_requests() -> WaitingRequests:
    """The one of this process: settings can be read again and again, and each time filters are added to those there."""
    return _waiting
