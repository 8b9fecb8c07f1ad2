"""How many units an amount of revenue is of, and what one of them comes to.

Of usage that is what was rated of its month; of prepaid usage, what the list price of its commit makes of it; of
subscriptions and milestones, what was told of them. What is booked late is a difference, and of no units.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.queries.computed import DRAFT, Computed
from ratable_server.store import models
from ratable_server.store.scope import rows_of

_Month = tuple[int, str, date]  # run, usage item, month
_PLACES, _EVERY_DIGIT = Decimal(1).scaleb(-12), 80
_ONE = Decimal(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """A quantity and what one unit has of the amount, to twelve places; None: it is of no units that are known."""

    quantity: Decimal | None = None
    price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommitPrice:
    """The list price of a unit of a commit; a pool of units has none."""

    id: int
    rate: Decimal | None
    is_of_units: bool
    further: Mapping[str, Any]


UNKNOWN = Units()


def rated_quantities(actor: Actor, page: Sequence[Mapping[str, Any]], found: Computed) -> dict[_Month, Decimal]:
    """What was rated of the months of usage on a page, as far as they are in units."""
    used = [row for row in page if _is_whole(row) and row["kind"] == "usage"]
    drafted = {row["item_id"] for row in used if row["run_id"] == DRAFT}
    sums: defaultdict[_Month, Decimal] = defaultdict(Decimal)
    if drafted:
        rows = found.rated.filter(pc.is_in(found.rated["item_id"], pa.array(sorted(drafted), pa.string())))
        for row in rows.select(["item_id", "month_on", "quantity_e12"]).to_pylist():
            sums[DRAFT, row["item_id"], row["month_on"]] += Decimal(row["quantity_e12"]).scaleb(-12)
    posted = [row for row in used if row["run_id"] != DRAFT]
    if posted:
        rated = rows_of(actor, models.RatedLine).filter(
            run_id__in={row["run_id"] for row in posted},
            item_id__in={row["item_id"] for row in posted},
            month_on__in={row["service_on"] for row in posted},
        )
        for run, item, month_on, quantity in rated.values_list("run_id", "item_id", "month_on", "quantity_e12"):
            sums[run, item, month_on] += Decimal(quantity or 0).scaleb(-12)
    return sums


def units_of(
    row: Mapping[str, Any],
    quantities: Mapping[_Month, Decimal],
    *,
    currency: str,
    further: Mapping[str, Any],
    commit: CommitPrice | None,
) -> Units:
    """The units of one row; `further` is what was told of its line."""
    if not _is_whole(row):
        return UNKNOWN
    amount = to_major(row["amount_minor"], currency)
    if row["kind"] == "usage":
        return _priced(quantities.get((row["run_id"], row["item_id"], row["service_on"])), amount)
    if row["kind"] in {"drawdown", "overage"}:
        gross = to_major(row["gross_minor"], currency)
        return _priced(_quotient(gross, commit.rate) if commit is not None and commit.rate else None, amount)
    if row["kind"] == "subscription":
        return _priced(_told(further), amount)
    return _priced(_told(further) or _ONE, amount) if row["kind"] == "milestone" else UNKNOWN


def _is_whole(row: Mapping[str, Any]) -> bool:
    return bool(row["booked_on"] == row["service_on"])


def _told(further: Mapping[str, Any]) -> Decimal | None:
    told = further.get("quantity")
    return None if told is None else Decimal(str(told))


def _priced(quantity: Decimal | None, amount: Decimal) -> Units:
    return Units(quantity=quantity, price=_quotient(amount, quantity)) if quantity else UNKNOWN


def _quotient(amount: Decimal, divisor: Decimal) -> Decimal:
    with localcontext(prec=_EVERY_DIGIT):
        return (amount / divisor).quantize(_PLACES, rounding=ROUND_HALF_UP).normalize() + 0
