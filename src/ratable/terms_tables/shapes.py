"""What the tables of terms are made of: amendments as they are known, rows, and the names of streams.

Owns the list of tables. Translates nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import NamedTuple

import ibis

from ratable import tables
from ratable.periods import day_after, months_between, next_month
from ratable.terms import BundleLine, Contract

Row = dict[str, object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendments:
    """What changed after signing, as far as it is known."""

    terminated_on: dict[str, date] = field(default_factory=dict)
    released_on: dict[str, date] = field(default_factory=dict)  # the day on which the books learn it, if later
    allocations: dict[str, tuple[BundleLine, ...]] = field(default_factory=dict)
    grants: tuple[tuple[str, date, Decimal], ...] = ()  # commit, month, amount: top-ups, and credits below zero
    estimates: tuple[tuple[str, date, Decimal], ...] = ()  # commit, month, expected breakage percentage
    addressed: frozenset[str] = frozenset()  # commits with prepaid usage of their own
    unaddressed: frozenset[str] = frozenset()  # contracts with prepaid usage in rank order


class TermsTables(NamedTuple):
    """Rows for the tables of what was agreed."""

    contracts: list[Row]
    items: list[Row]
    tiers: list[Row]
    rating_options: list[Row]
    tier_limits: list[Row]
    commits: list[Row]
    eligible: list[Row]
    circular: list[Row]
    grants: list[Row]
    estimates: list[Row]
    rollovers: list[Row]
    unit_pools: list[Row]
    unit_rates: list[Row]
    unit_commits: list[Row]
    unit_eligible: list[Row]
    unit_grants: list[Row]
    unit_rollovers: list[Row]
    shares: list[Row]
    schedules: list[Row]
    sources: list[Row]

    @classmethod
    def schemas(cls) -> dict[str, ibis.Schema]:
        """The schema of each table, by field name."""
        return {name: getattr(tables, name.upper()) for name in cls._fields}


def addressed_stream(commit_id: str) -> str:
    """The id of the stream of prepaid usage addressed to a commit."""
    return f"!prepaid_commit/{commit_id}"


def unaddressed_stream(contract_id: str) -> str:
    """The id of the stream of prepaid usage of a contract that names no commit."""
    return f"!unaddressed/{contract_id}"


def month_rows(first_on: date, before_on: date, open_on: date) -> list[Row]:
    """The months from `first_on` up to, not including, `before_on`."""
    return [
        {
            "month_on": month_on,
            "ends_before": next_month(month_on),
            "days": (next_month(month_on) - month_on).days,
            "open_on": open_on,
            "is_open": month_on >= open_on,
        }
        for month_on in months_between(first_on, before_on)
    ]


def counts_from(contract: Contract) -> date:
    """The first day of a contract that is computed: after its cut-over, if it has one."""
    return day_after(contract.opening.as_of) if contract.opening else contract.starts_on
