"""What a billing system says of usage, what of it is to change, and what became of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from ratable_server.errors import Refused
from ratable_server.operations.kept import NOTHING, Further
from ratable_server.store.load.billed_items import Named

Became = Literal["created", "revised", "restored", "unchanged", "deleted"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Usage of a customer: on an item, on those of a contract, or, with neither, on all of the customer's by that unit.

    Things are named by code or by row. A time without a zone is one of the zone of the books.
    """

    customer: Named
    unit_of_measure: str
    quantity: Decimal
    started_at: datetime
    contract: Named | None = None
    item: Named | None = None
    ended_at: datetime | None = None
    description: str = ""
    unique_key: str = ""
    further: Further = field(default_factory=lambda: NOTHING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Revision:
    """Reported usage by its row, with the fields that are told anew.

    `fields` are those of a report but for customer, contract and item, which stay; of its further fields only those that
    are told change, and one that is told as None goes.
    """

    id: int
    fields: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportedFile:
    """The file that brings reports: the row that its receipt will have, its name, its hash.

    Its reports revise what is there under their keys.
    """

    import_id: int | None
    name: str
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportOutcome:
    """What became of one of many: the row of the usage, and how; or the rule that it breaks, and nothing was done."""

    id: int | None = None
    became: Became | None = None
    refused: Refused | None = None


class RefusedReports(Refused):
    """Many that were to be taken as a whole, and were not; `outcomes` say of each what it breaks."""

    def __init__(self, outcomes: Sequence[ReportOutcome]) -> None:
        self.outcomes = tuple(outcomes)
        refused = [(place, each.refused) for place, each in enumerate(outcomes, start=1) if each.refused]
        place, first = refused[0]
        detail = f"{len(refused)} of {len(outcomes)} break a rule; the first is number {place}: {first}"
        super().__init__(first.code, field=first.field, detail=detail)
