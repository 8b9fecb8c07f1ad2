"""Lines that say what they come to twice: as an amount, and as a quantity at a rate."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ratable.money import minor_unit_digits
from ratable_server.api.campfire.translate.invoices import amount_of
from ratable_server.api.campfire.views.invoice_lines import Fields, wrong_line
from ratable_server.queries.papers import Paper

_SAID = ("quantity", "rate", "amount")


def refuse_other_amounts(lines: Sequence[Fields], row: Paper | None, *, currency: str) -> None:
    """Go on, unless a line says an amount and a quantity at a rate that come to something else.

    The amount may be before or after the discount of the line. What the paper is told to say it may say again.

    Raises:
        ValidationError: told by its line.
    """
    was = [_told(line.further, line.amount) for line in row.lines] if row is not None else []
    for place, line in enumerate(lines):
        said = [line.get(name) for name in _SAID]
        if said in was or not all(_is_number(each) for each in said):
            continue
        bare = {name: each for name, each in line.items() if name in {"quantity", "rate"}}
        less = {name: each for name, each in line.items() if name != "amount"}
        sums = [amount_of(each, digits=minor_unit_digits(currency)) for each in (bare, less)]
        if line["amount"] not in sums:
            raise wrong_line(place, "amount", f"The quantity at the rate comes to {sums[-1]}.")


def _is_number(said: Any) -> bool:
    return isinstance(said, int | Decimal) and not isinstance(said, bool)


def _told(further: Fields, amount: Decimal) -> list[Any]:
    """The same figures as answers tell them: what was not said is one unit."""
    quantity, rate = further.get("quantity"), further.get("rate")
    return [Decimal(1) if quantity is None else quantity, amount if rate is None else rate, amount]
