"""What the caps of rollovers took, as reports read it: by the knowledge of each month."""

from __future__ import annotations

from collections.abc import Mapping

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from ratable import tables
from ratable.backends import Sheet, Stored
from ratable.drawdown.regular import effective_grants
from ratable.drawdown.rollover import forfeits, month_knowledge
from ratable.drawdown.units import both, worth_of_forfeits

_READ: Mapping[str, ibis.Schema] = {
    "rollovers": tables.ROLLOVERS,
    "commits": tables.COMMITS,
    "grants": tables.GRANTS,
    "draws": tables.DRAWS,
    "months": tables.MONTHS,
    "contracts": tables.CONTRACTS,
}
_OF_UNITS = {name: f"unit_{name}" for name in ("rollovers", "commits", "grants", "draws")}


def forfeits_by_month(
    sheet: Sheet,
    rollovers: Stored,
    *,
    commits: Stored,
    grants: Stored,
    draws: Stored,
    months: Stored,
    into: str = "forfeits_by_every_month",
) -> Stored:
    """Rows of `tables.FORFEITS` for every month; without rollovers nothing is run.

    `grants` are top-ups and credits as far as they could count.
    """
    if sheet.is_empty(rollovers):
        return sheet.bind("no_forfeits_by_month", tables.FORFEITS.to_pyarrow().empty_table(), tables.FORFEITS)
    asked_at = sheet.run(month_knowledge, months)
    return sheet.run(forfeits, commits, grants, draws, rollovers, asked_at, into=into)


def with_worth_of_units(sheet: Sheet, of_money: Stored, of_units: Stored, unit_pools: Stored) -> Stored:
    """Forfeits of pools of money and, at their price, those of pools of units."""
    worth = sheet.run(worth_of_forfeits, of_units, unit_pools, into="worth_of_lapsed_units")
    return sheet.run(both, of_money, worth, into="forfeits_in_money")


def forfeits_of_books(sheet: Sheet, found: Mapping[str, pa.Table]) -> pa.Table:
    """The same from tables as books keep them: grants as they were filed, lives as they were signed.

    `found` has `rollovers`, `commits`, `grants`, `draws`, `months` and `contracts`, and of pools of units `unit_pools`,
    `unit_rollovers`, `unit_commits`, `unit_grants` and `unit_draws`, in millionths of a unit. Nothing rolls over once the
    books have ended it.
    """
    if not found["rollovers"].num_rows:  # pools of units have rows there too
        return tables.FORFEITS.to_pyarrow().empty_table()
    stored = {name: sheet.bind(f"forfeits_of_{name}", found[name], schema) for name, schema in _READ.items()}
    grants = stored["grants"]
    if found["grants"].num_rows:
        known = (grants, stored["commits"], stored["draws"])
        grants = sheet.run(effective_grants, *known, into="forfeits_of_grants_counted")
    of_money = _lapsed(sheet, {**stored, "grants": grants})
    if not found["unit_rollovers"].num_rows:
        return sheet.fetch(of_money)
    units = {name: sheet.bind(f"forfeits_of_{key}", found[key], _READ[name]) for name, key in _OF_UNITS.items()}
    of_units = _lapsed(sheet, {**stored, **units}, of="unit_")
    pools = sheet.bind("forfeits_of_unit_pools", found["unit_pools"], tables.UNIT_POOLS)
    return sheet.fetch(with_worth_of_units(sheet, of_money, of_units, pools))


def _lapsed(sheet: Sheet, stored: Mapping[str, Stored], *, of: str = "") -> Stored:
    known = {name: stored[name] for name in ("commits", "grants", "draws", "months")}
    owned = (stored["rollovers"], stored["commits"], stored["contracts"])
    lives = sheet.run(living, *owned, into=f"living_{of}rollovers")
    return forfeits_by_month(sheet, lives, **known, into=f"{of}forfeits_by_every_month")


def living(rollovers: ir.Table, commits: ir.Table, contracts: ir.Table) -> ir.Table:
    """The lives that began before the books had ended their contract."""
    owners = commits.select("commit_id", "contract_id").inner_join(
        contracts.select("contract_id", gone_on="released_on"), "contract_id"
    )
    rows = rollovers.inner_join(owners.select("commit_id", "gone_on"), "commit_id")
    return rows.filter(rows.rolls_on <= rows.gone_on).select(list(rollovers.columns))
