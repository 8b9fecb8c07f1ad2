"""What was found a moment ago: who holds a token is asked by every request, and nearly always the same.

Owns for how long such an answer counts, and so how soon other processes refuse what was taken back: within a second, as
case I2 of the tests asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from time import monotonic_ns
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")

LIFE_NS = 500_000_000
_MOST = 10_000


class Recent(Generic[Key, Value]):
    """Values by their keys, for all threads of a process; each counts for half a second from when it was looked up."""

    def __init__(self) -> None:
        self._found: dict[Key, tuple[Value, int]] = {}

    def get(self, key: Key, look_up: Callable[[], Value | None]) -> Value | None:
        """The value of a key; what is not there is looked up each time."""
        known = self._found
        value, until = known.get(key, (None, 0))
        if value is not None and monotonic_ns() < until:
            return value
        until = monotonic_ns() + LIFE_NS
        value = look_up()
        if value is not None:
            if len(known) >= _MOST:
                known.clear()
            known[key] = (value, until)
        return value

    def forget(self) -> None:
        """Look everything up anew; what is being looked up at this moment is not kept either."""
        self._found = {}

    def __len__(self) -> int:
        return len(self._found)
