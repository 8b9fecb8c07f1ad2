"""The evidence of an explanation: rows of the stage tables of a contract, and how to find them.

Owns which tables an explanation reads. Rows are those of one moment of knowledge; usage is what counts,
without duplicates, rejections and voids.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal
from typing import Any

import ibis
import pyarrow as pa

from ratable import tables
from ratable.pools_of_units import from_millionths

Row = Mapping[str, Any]
NEVER = date(1, 1, 1)

COUNTED_USAGE = ibis.schema(
    {
        "usage_id": "string",
        "item_id": "string",
        "used_on": "date",  # in the time zone of the entity
        "quantity": "decimal(38, 12)",
        "amount": "decimal(38, 12)",  # wins over a quantity
    }
)

EVIDENCE: Mapping[str, ibis.Schema] = {
    "contracts": tables.CONTRACTS,
    "items": tables.ITEMS,
    "tiers": tables.TIERS,
    "rating_options": tables.RATING_OPTIONS,
    "tier_limits": tables.TIER_LIMITS,
    "shares": tables.SHARES,
    "commits": tables.COMMITS,
    "grants": tables.GRANTS,
    "forfeits": tables.FORFEITS,
    "schedules": tables.SCHEDULES,
    "usage": COUNTED_USAGE,
    "rated": tables.RATED_LINES,
    "draws": tables.DRAWS,
    "unit_pools": tables.UNIT_POOLS,
    "unit_draws": tables.DRAWS,  # in millionths of a unit
    "allocated": tables.ALLOCATED,
    "revenue": tables.REVENUE,
    "journal": tables.JOURNAL,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Rows by table, in no particular order; columns as in `EVIDENCE`.

    Months of other items may be left out of `usage`: what is told of a month then ends at its quantity.
    """

    contracts: tuple[Row, ...]
    items: tuple[Row, ...]
    tiers: tuple[Row, ...]
    rating_options: tuple[Row, ...]
    tier_limits: tuple[Row, ...]
    shares: tuple[Row, ...]
    commits: tuple[Row, ...]
    grants: tuple[Row, ...]
    forfeits: tuple[Row, ...]
    schedules: tuple[Row, ...]
    usage: tuple[Row, ...]
    rated: tuple[Row, ...]
    draws: tuple[Row, ...]
    unit_pools: tuple[Row, ...]
    unit_draws: tuple[Row, ...]
    allocated: tuple[Row, ...]
    revenue: tuple[Row, ...]
    journal: tuple[Row, ...]

    @classmethod
    def of(cls, found: Mapping[str, pa.Table]) -> Evidence:
        """The rows of Arrow tables."""
        return cls(**{field.name: tuple(found[field.name].to_pylist()) for field in fields(cls)})

    def unit_pool(self, commit_id: str) -> Row | None:
        """A pool of units; None: the commit holds money, or there is none."""
        return next(iter(chosen(self.unit_pools, commit_id=commit_id)), None)

    def units(self, kinds: Sequence[str] = ("drawdown",), **keys: object) -> Decimal:
        """The units of some draws."""
        rows = chosen(self.unit_draws, **keys)
        return from_millionths(sum(row["gross_minor"] for row in rows if row["kind"] in kinds))

    def lapsed_at_caps(self, commit_id: str, known_on: date, *, through_on: date) -> int:
        """What caps of rollovers took before lives that begin by a day, by what the months through `known_on` booked."""
        rows = chosen(self.forfeits, commit_id=commit_id, known_on=known_on)
        return sum(row["amount_minor"] for row in rows if row["rolls_on"] <= through_on)

    def currency(self, contract_id: str) -> str:
        """The currency of a contract."""
        return str(one(self.contracts, contract_id=contract_id)["currency"])

    def item(self, item_id: str) -> Row:
        """The usage item or stream."""
        return one(self.items, item_id=item_id)

    def options(self, item_id: str) -> Row | None:
        """The rating options of an item; none where the quantity of the month is all that counts."""
        return next(iter(chosen(self.rating_options, item_id=item_id)), None)

    def commit(self, commit_id: str) -> Row:
        """The terms of a prepaid commit."""
        return one(self.commits, commit_id=commit_id)


def chosen(rows: Iterable[Row], **keys: object) -> list[Row]:
    """The rows that have these values."""
    return [row for row in rows if all(row[name] == value for name, value in keys.items())]


def one(rows: Iterable[Row], **keys: object) -> Row:
    """The only row that has these values.

    Raises:
        LookupError: there is none, or there are several.
    """
    found = chosen(rows, **keys)
    if len(found) != 1:
        raise LookupError(f"{len(found)} rows have {keys}, not one")
    return found[0]
