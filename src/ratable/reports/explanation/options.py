"""How a line came about under rating options: what its tiers counted, and what was rounded or limited on the way."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ratable.reports.explanation.evidence import Row
from ratable.reports.explanation.words import from_e12, number, unit_price

_GROUPS = {"day": "each day", "record": "each record", "upload": "each upload"}
_COUNTED = {"highest_day": "the highest day", "maximum": "the largest record", "last": "the last record"}


def carried(options: Row | None) -> str:
    """What the line of records says that came priced."""
    if options is None or not options["price_dimension"] + options["amount_dimension"]:
        return "amounts of the records"
    told = f"unit prices in {options['price_dimension']}" if options["price_dimension"] else ""
    return f"{told or 'amounts in ' + options['amount_dimension']} of the records{_rounded_alone(options)}"


def of_options(line: Row, tier: Row, options: Row, *, limits: Sequence[Row]) -> str:
    """The price of a line's units in numbers, and how it differs from units by price."""
    flat_fee = from_e12(tier["flat_fee_e12"])
    told = f"{number(from_e12(line['quantity_e12']))} x {unit_price(from_e12(tier['unit_price_e12']))}"
    told += f" + {unit_price(flat_fee)} flat fee where the tier is touched" if flat_fee else ""
    return "; ".join([told, *_ways(options), *(_limit(limit) for limit in limits)])


def _ways(options: Row) -> Iterator[str]:
    if options["rating_group"] == "dimension":
        yield f"tiers count each {options['group_dimension']}"
    elif options["rating_group"] != "month":
        yield f"tiers count {_GROUPS[options['rating_group']]}"
    if options["aggregation"] != "sum":
        yield f"{_COUNTED[options['aggregation']]} counts"
    if options["quantity_step_e12"]:
        way = options["quantity_rounding"].replace("_", " ")
        yield f"quantities rounded to {number(from_e12(options['quantity_step_e12']))}, {way}"
    if options["is_individual"]:
        yield _rounded_alone(options).removeprefix(", ")
    if options["maximum_e12"]:
        yield f"the month at most {unit_price(from_e12(options['maximum_e12']))}"


def _rounded_alone(options: Row) -> str:
    return ", each record rounded by itself" if options["is_individual"] else ""


def _limit(limit: Row) -> str:
    least, most = limit["minimum_e12"], limit["maximum_e12"]
    told = [f"at least {unit_price(from_e12(least))}"] if least else []
    told += [f"at most {unit_price(from_e12(most))}"] if most is not None else []
    return f"{' and '.join(told)} where the tier is touched"
