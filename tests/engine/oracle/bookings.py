"""What recognition writes down: bookings, movements of pools, and the state of a service month."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from tests.engine.oracle.diary import Correction, Source
from tests.engine.oracle.drawdown import Split, Stream

REVENUE, BREAKAGE, TERMINATION = 2, 3, 4  # order within a day, after openings and documents

LineKey = tuple[str | None, str | None, str | None]  # product, item, prepaid commit
PostKey = tuple[Source, str | None, str]  # stream, prepaid commit, type
Figures = dict[str, int]


@dataclass(frozen=True)
class Turn:
    """What is being booked: a service month in a month of booking, perhaps because of an adjustment."""

    service: date
    booked: date
    correction: Correction | None = None


@dataclass(frozen=True, kw_only=True)
class Booking:
    """Signed revenue lines of one source, type, service month and month booked."""

    source: Source
    type: str
    service: date
    booked: date
    on: date
    klass: int
    lines: Mapping[LineKey, int]
    is_adjustment: bool = False
    to_refund: bool = False  # what lapses becomes refund liability, no revenue
    is_given_back: bool = (
        False  # it came back to a pool that a termination had ended, and lapses as far as it was billed
    )


@dataclass(frozen=True)
class PoolMove:
    on: date
    commit: str
    amount: int


def no_figures() -> dict[str, Figures]:
    return defaultdict(lambda: defaultdict(int))


@dataclass
class Month:
    """What is known and booked of one service month.

    `figures` are those of consumption with adjustments, `regular` those without.
    """

    streams: tuple[Stream, ...] = ()
    direct: dict[PostKey, int] = field(default_factory=dict)  # pay-as-you-go
    corrections: list[Correction] = field(default_factory=list)
    opening: dict[str, int] = field(default_factory=dict)
    amounts: dict[PostKey, int] = field(default_factory=dict)
    lines: dict[tuple[PostKey, str | None], int] = field(default_factory=dict)
    figures: dict[str, Figures] = field(default_factory=no_figures)
    regular: dict[str, Figures] = field(default_factory=no_figures)
    true_up: int = 0
    split: Split = field(default_factory=Split)

    def net_of(self, commit: str) -> int:
        return sum(amount for (_, c, type_), amount in self.amounts.items() if c == commit and type_ == "drawdown")
