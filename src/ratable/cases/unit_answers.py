"""What a case may ask of pools of units: what they gave, what they did not cover, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from ratable.backends import Sheet, Stored
from ratable.periods import day_after, month_end
from ratable.pipeline import Inputs, Outcome
from ratable.pools_of_units import from_millionths
from ratable.reports.rollovers import forfeits_by_month

Row = dict[str, Any]


def unit_stages(sheet: Sheet, outcome: Outcome, inputs: Inputs) -> dict[str, Stored]:
    """The tables of a run that tell of units; none where no pool is of units."""
    if outcome.in_units is None:
        return {}
    pools = {"unit_commits": inputs.unit_commits, "unit_grants": inputs.unit_grants}
    lost = unit_forfeits(sheet, outcome, inputs)
    return {**pools, "unit_draws": outcome.in_units.drawn.draws, **({} if lost is None else {"unit_forfeits": lost})}


def unit_forfeits(sheet: Sheet, outcome: Outcome, inputs: Inputs) -> Stored | None:
    """Units that lapsed at the caps of rollovers, by the knowledge of each month; None where no pool is of units."""
    if outcome.in_units is None:
        return None
    return forfeits_by_month(
        sheet,
        inputs.unit_rollovers,
        commits=inputs.unit_commits,
        grants=inputs.unit_grants,
        draws=outcome.in_units.drawn.draws,
        months=inputs.months,
        into="unit_forfeits_by_month",
    )


def told_units(tables: Mapping[str, pa.Table], currencies: Mapping[str, str]) -> Iterator[Row]:
    """What pools of units gave, and what of the units asked for they did not cover."""
    for row in _rows(tables, "unit_draws"):
        yield {
            "prepaid_commit": row["commit_id"] or None,
            "contract": row["contract_id"],
            "item": row["item_id"],
            "period": row["booked_on"],
            "service_period": row["service_on"],
            "currency": currencies[row["contract_id"]],
            "drawn": from_millionths(row["net_minor"] if row["kind"] == "drawdown" else 0),
            "uncovered": from_millionths(row["gross_minor"] if row["kind"] in {"overage", "usage"} else 0),
        }


def told_unit_balances(
    tables: Mapping[str, pa.Table], currencies: Mapping[str, str], *, pools: Iterable[Row], at: date
) -> Iterator[Row]:
    """What each pool has left at the end of a day, by what the months that have ended by then have booked."""
    for commit in pools:
        left = 0 if commit["ends_before"] <= day_after(at) else _left(tables, commit, at)
        yield {
            "prepaid_commit": commit["commit_id"],
            "at": at,
            "currency": currencies[commit["contract_id"]],
            "remaining": from_millionths(left),
        }


def _left(tables: Mapping[str, pa.Table], commit: Row, at: date) -> int:
    grants, draws, forfeits = (
        [row for row in _rows(tables, name) if row["commit_id"] == commit["commit_id"]]
        for name in ("unit_grants", "unit_draws", "unit_forfeits")
    )
    added = sum(row["amount_minor"] for row in grants if row["month_on"] <= at)
    booked = [row for row in draws if row["kind"] == "drawdown" and month_end(row["booked_on"]) <= at]
    drawn = sum(row["net_minor"] for row in booked)
    lost = [row for row in forfeits if row["rolls_on"] <= day_after(at)]
    known_on = max((row["known_on"] for row in lost if month_end(row["known_on"]) <= at), default=None)
    lapsed = sum(row["amount_minor"] for row in lost if row["known_on"] == known_on)
    return int(commit["granted_minor"] + added - drawn - lapsed)


def _rows(tables: Mapping[str, pa.Table], name: str) -> list[Row]:
    return tables[name].to_pylist() if name in tables else []
