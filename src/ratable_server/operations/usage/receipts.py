"""The refusal of a file as a whole, which has a receipt as well."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal, NamedTuple

from ratable_server.errors import Refused
from ratable_server.store.load.receipts import SHOWN_REJECTIONS, Receipt, Rejection, receipt_of, receipt_with

__all__ = [
    "SHOWN_REJECTIONS",
    "Outcome",
    "Receipt",
    "RejectedFile",
    "RejectedRecord",
    "Rejection",
    "Taken",
    "receipt_of",
    "receipt_with",
]


Became = Literal["accepted", "duplicate", "rejected", "withheld"]


class Outcome(NamedTuple):
    """What became of one record; a sound one is withheld where another one keeps the whole call out.

    `service_on` is the month that it belongs to, `booked_on` the one that it counts in: later, where it is late usage.
    A rejected one has the code of the rule and the offending value.
    """

    row: int
    event_id: str
    status: Became
    code: str = ""
    value: str = ""
    service_on: date | None = None
    booked_on: date | None = None

    @property
    def is_late(self) -> bool:
        """Does it count in another month than its own?"""
        return self.service_on != self.booked_on


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """The receipt of records, and what became of each, in their order."""

    receipt: Receipt
    outcomes: Sequence[Outcome]


class RejectedRecord(Refused):
    """A record that was not taken, of somebody whose record came with those of others."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcomes: Sequence[Outcome] = (outcome,)
        super().__init__("file_must_be_clean", field="file", detail=f"{outcome.code} {outcome.value!r}")


class RejectedFile(Refused):
    """A file that was not taken because of some of its rows; the receipt says which.

    Of records that came as a call it has every outcome, too.
    """

    def __init__(self, receipt: Receipt, outcomes: Sequence[Outcome] = ()) -> None:
        self.receipt = receipt
        self.outcomes = outcomes
        first = receipt.rejections[0]
        super().__init__(
            "file_must_be_clean",
            field="file",
            detail=f"{receipt.import_code}: {receipt.rejection_count} of {receipt.rows_received} rows break a rule;"
            f" the first is row {first.row}: {first.code} {first.value!r}",
        )
