"""What the prepaid commits of a contract hold in one measure, as a history from which all else follows.

Owns what was given, what was taken of which month of use, and what lapsed at the caps of rollovers. It knows neither
prices nor entries: the measure is minor units for money, millionths for units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date

Caps = list[tuple[date, int]]  # the first day of a life, and how much lives on into it


class Purse:
    """Balances by commit; what has ended has none."""

    def __init__(self, base: Mapping[str, int], caps: Mapping[str, Caps]) -> None:
        self.base = dict(base)
        self.caps = dict(caps)
        self.granted = dict(base)
        self.remaining = dict(base)
        self.given: dict[str, dict[date, int]] = {commit: defaultdict(int) for commit in base}
        self.taken: dict[str, dict[date, int]] = {commit: defaultdict(int) for commit in base}
        self.lost: dict[str, dict[date, int]] = {commit: {} for commit in base}
        self.taken_at_release: dict[str, int] = {}
        self.expired: set[str] = set()

    @property
    def ended(self) -> set[str]:
        return self.expired | set(self.taken_at_release)

    def drawn(self, commit: str) -> int:
        return sum(self.taken[commit].values())

    def give(self, commit: str, amount: int, month: date) -> int:
        """What is given counts, what is taken away as far as it is there; answers how much that is."""
        counts = amount if commit in self.ended else max(amount, -self.remaining[commit])
        self.granted[commit] += counts
        self.given[commit][month] += counts
        if commit not in self.ended:
            self.remaining[commit] += counts
        return counts

    def take(self, commit: str, amount: int, service: date) -> None:
        self.taken[commit][service] += amount
        if commit not in self.ended:
            self.remaining[commit] -= amount

    def may_draw(self, commit: str, service: date, *, stands: int, ideal: int, before: int) -> int:
        """Late usage draws what is left today; what was drawn may only stay or come back."""
        more = min(max(0, ideal - before), max(0, self.left_for(commit, service)))
        return min(ideal, stands + more)

    def left_for(self, commit: str, service: date) -> int:
        """What usage of a month may still draw: what lapsed with that life or after it is there for it, too."""
        if commit in self.taken_at_release:
            return self.taken_at_release[commit] - self.drawn(commit)
        lost_before = sum(lost for first, lost in self.lost[commit].items() if first <= service)
        return self.granted[commit] - self.drawn(commit) - lost_before

    def lose(self, commit: str, through: date) -> dict[date, int]:
        """What each life that begins by a day leaves behind, by all that was given and taken of the days before."""
        lost: dict[date, int] = {}
        for first, cap in self.caps[commit]:
            if first <= through:
                given = sum(amount for month, amount in self.given[commit].items() if month < first)
                taken = sum(amount for month, amount in self.taken[commit].items() if month < first)
                had = self.base[commit] + given - taken - sum(lost.values())
                lost[first] = max(0, had - cap)
        return lost

    def settle(self, commit: str, lost: dict[date, int]) -> int:
        """Write down what lapsed; answers by how much that is more than before."""
        more = sum(lost.values()) - sum(self.lost[commit].values())
        self.lost[commit] = lost
        if commit not in self.ended:
            self.remaining[commit] -= more
        return more

    def expire(self, commit: str) -> int:
        rest, self.remaining[commit] = self.remaining[commit], 0
        self.expired.add(commit)
        return rest

    def release(self) -> None:
        """A termination ends what has not expired."""
        for commit in self.base:
            if commit not in self.expired:
                self.taken_at_release.setdefault(commit, self.drawn(commit))
            self.remaining[commit] = 0
