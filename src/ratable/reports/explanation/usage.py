"""From a month's amount down to its usage records: tiers by their formula, quantity by its records."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal, localcontext

from ratable.money import to_major
from ratable.periods import month_of
from ratable.reports.explanation.evidence import Evidence, Row, chosen, one
from ratable.reports.explanation.options import carried, of_options
from ratable.reports.explanation.records import Step
from ratable.reports.explanation.words import from_e12, money, month, number, plain, unit_price

SOURCE_TIER = 0
UNITS = "units"
_EVERY_DIGIT = 100


def rated_month(evidence: Evidence, item_id: str, month_on: date, *, shown: int) -> Step | None:
    """An item's month: its tier lines, and the quantity that they price; none where nothing was due."""
    lines = sorted(chosen(evidence.rated, item_id=item_id, month_on=month_on), key=lambda row: int(row["tier"]))
    if not lines:
        return None
    currency = evidence.currency(lines[0]["contract_id"])
    total_minor = sum(row["amount_minor"] for row in lines)
    tiers = tuple(_tier(evidence, row, currency) for row in lines)
    return Step(
        kind="rated",
        key=f"{item_id}/{month(month_on)}",
        title=f"{_named(item_id)} in {month(month_on)}, rated",
        formula=_rated_formula(lines, tiers, currency),
        value=to_major(total_minor, currency),
        unit=currency,
        children=tiers,
        basis=metered(evidence, item_id, month_on, shown=shown),
    )


def metered(evidence: Evidence, item_id: str, month_on: date, *, shown: int) -> tuple[Step, ...]:
    """The quantity of a month by its records, and the amounts that came priced by theirs."""
    records = sorted(
        (row for row in evidence.usage if row["item_id"] == item_id and month_of(row["used_on"]) == month_on),
        key=lambda row: (row["used_on"], str(row["usage_id"])),
    )
    currency = str(evidence.item(item_id)["currency"])
    by_amount = [row for row in records if row["amount"] is not None]
    by_quantity = [row for row in records if row["amount"] is None]
    found = []
    for figure, rows, unit in (("quantity", by_quantity, UNITS), ("amount", by_amount, currency)):
        if rows:
            found.append(
                _metered(item_id, month_on, [(row, plain(row[figure])) for row in rows], unit=unit, shown=shown)
            )
    return tuple(found)


def record_of(row: Row, unit: str, value: Decimal) -> Step:
    """One usage record."""
    return Step(
        kind="usage",
        key=str(row["usage_id"]),
        title=f"usage {row['usage_id']} on {row['used_on']}",
        formula="as recorded",
        value=value,
        unit=unit,
    )


def _metered(item_id: str, month_on: date, records: Sequence[tuple[Row, Decimal]], *, unit: str, shown: int) -> Step:
    steps = [record_of(row, unit, value) for row, value in records[:shown]]
    rest = [value for _, value in records[shown:]]
    if rest:
        steps.append(
            Step(
                kind="usage",
                key=f"{item_id}/{month(month_on)}/others",
                title=f"and {len(rest):,} more records",
                formula="summed",
                value=_sum(rest),
                unit=unit,
            )
        )
    total = _sum([value for _, value in records])
    counted = f"{len(records):,} record{'s' if len(records) > 1 else ''}"
    return Step(
        kind="metered",
        key=f"{item_id}/{month(month_on)}/{unit}",
        title=f"{_named(item_id)} in {month(month_on)}, metered",
        formula=f"{counted}, {number(total)} {unit}",
        value=total,
        unit=unit,
        children=tuple(steps),
    )


def _tier(evidence: Evidence, row: Row, currency: str) -> Step:
    return Step(
        kind="tier",
        key=f"{row['item_id']}/{month(row['month_on'])}/{row['tier']}",
        title="priced at source" if row["tier"] == SOURCE_TIER else f"tier {row['tier']}",
        formula=_tier_formula(evidence, row, currency),
        value=to_major(row["amount_minor"], currency),
        unit=currency,
    )


def _tier_formula(evidence: Evidence, row: Row, currency: str) -> str:
    """The price of the line's units in numbers; where cents were cut, the value before that, too."""
    options = evidence.options(row["item_id"])
    if row["tier"] == SOURCE_TIER:
        return f"{carried(options)} = {money(row['amount_minor'], currency)}"
    item = evidence.item(row["item_id"])
    tier = one(evidence.tiers, item_id=row["item_id"], tier=row["tier"])
    if options is not None:
        limits = chosen(evidence.tier_limits, item_id=row["item_id"], tier=row["tier"])
        return f"{of_options(row, tier, options, limits=limits)} = {money(row['amount_minor'], currency)}"
    counted, words = _counted(item, from_e12(row["quantity_e12"]))
    price, flat_fee = from_e12(tier["unit_price_e12"]), from_e12(tier["flat_fee_e12"])
    with_fee = item["pricing_model"] not in {"fixed_fee", "package"} and flat_fee > 0
    with localcontext(prec=_EVERY_DIGIT):
        exact = counted * price + (flat_fee if with_fee else 0)
    told = f"{words} x {unit_price(price)}" if words else f"fixed fee {unit_price(price)}"
    told += f" + {unit_price(flat_fee)} flat fee" if with_fee else ""
    amount = money(row["amount_minor"], currency)
    if not words and not with_fee:
        return told
    if exact == to_major(row["amount_minor"], currency):
        return f"{told} = {amount}"
    return f"{told} = {number(exact)}, rounded with its month to {amount}"


def _counted(item: Row, units: Decimal) -> tuple[Decimal, str]:
    """What the price is multiplied by, and the words for it."""
    if item["pricing_model"] == "fixed_fee":
        return Decimal(1), ""
    if item["pricing_model"] != "package":
        return units, number(units)
    size, free = from_e12(item["package_size_e12"]), from_e12(item["free_units_e12"])
    whole, rest = divmod(max(units - free, Decimal(0)), size)
    packages = whole + (1 if rest else 0)
    less = f" less {number(free)} free" if free else ""
    return packages, f"{number(packages)} packages of {number(size)} ({number(units)}{less})"


def _rated_formula(lines: Sequence[Row], tiers: Sequence[Step], currency: str) -> str:
    """12,500: 1,000 x 0.10 + 9,000 x 0.08 + 2,500 x 0.05 = 945.00."""
    total = money(sum(row["amount_minor"] for row in lines), currency)
    if [row["tier"] for row in lines] == [SOURCE_TIER]:
        return f"priced at source: {total}"
    quantity = number(from_e12(sum(row["quantity_e12"] for row in lines)))
    if len(tiers) == 1 and tiers[0].formula.startswith("fixed fee"):
        return tiers[0].formula
    parts = " + ".join(tier.formula.split(" = ", maxsplit=1)[0] for tier in tiers)
    return f"{quantity}: {parts} = {total}"


def _sum(values: Sequence[Decimal]) -> Decimal:
    with localcontext(prec=_EVERY_DIGIT):
        return plain(sum(values, Decimal(0)))


def _named(item_id: str) -> str:
    """An item by its id; prepaid usage stands under ids of its own that nobody has given."""
    return (
        item_id.removeprefix("!")
        .replace("prepaid_commit/", "prepaid usage of ")
        .replace("unaddressed/", "prepaid usage of contract ")
    )
