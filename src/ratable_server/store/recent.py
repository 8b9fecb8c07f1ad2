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
    """Values by their keys, for all threads of a process; each is forgotten half a second after it was looked up."""

    def __init__(self) -> None:
        self._found: dict[Key, tuple[Value, int]] = {}

    def get(self, key: Key, look_up: Callable[[], Value | None]) -> Value | None:
        """The value of a key; what is not there is looked up each time."""
        value, until = self._found.get(key, (None, 0))
        if value is not None and monotonic_ns() < until:
            return value
        until = monotonic_ns() + LIFE_NS
        value = look_up()
        if value is not None:
            self._keep(key, value, until)
        return value

    def forget(self) -> None:
        """Look everything up anew."""
        self._found.clear()

    def __len__(self) -> int:
        return len(self._found)

    def _keep(self, key: Key, value: Value, until: int) -> None:
        if len(self._found) >= _MOST:
            self._found.clear()
        self._found[key] = (value, until)
