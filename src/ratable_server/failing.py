"""Work that fails in round after round, and begins anew after seconds.

It is told when it begins to fail, when the reason changes, and once an hour while it stays: a log that says the same every
five seconds says nothing else any more.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from datetime import datetime, timedelta
from typing import TypeVar

from ratable.errors import RatableError

About = TypeVar("About", bound=Hashable)

AGAIN_AFTER = timedelta(hours=1)


class WorkWaitsError(RatableError):
    """A round had to leave some of its work, and has told the log which and why: the next round is due at once."""


class Failing:
    """What is failing, with its reason and the moment at which that was told last."""

    def __init__(self) -> None:
        self._told: dict[Hashable, dict[Hashable, tuple[str, datetime]]] = {}

    def news(self, of: Hashable, reasons: Mapping[About, str], *, at: datetime) -> list[About]:
        """What is to be told of a round of `of`, by what fails and why; what is not among that fails no more."""
        before = self._told.pop(of, {})
        new = [about for about, reason in reasons.items() if _is_news(before.get(about), reason, at=at)]
        now: dict[Hashable, tuple[str, datetime]] = {about: before[about] for about in reasons if about not in new}
        now |= {about: (reasons[about], at) for about in new}
        if now:
            self._told[of] = now
        return new


def reason_of(error: BaseException) -> str:
    """What went wrong, in a line that stays the same as long as that does."""
    return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"


def _is_news(told: tuple[str, datetime] | None, reason: str, *, at: datetime) -> bool:
    return told is None or told[0] != reason or at - told[1] >= AGAIN_AFTER
