"""What changed after signing, as `ratable.terms_tables.Amendments`: the same that an act appended to a case's story."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ratable.facts.amendments import in_force
from ratable.money import to_major
from ratable.terms import BundleLine
from ratable.terms_tables import Amendments, addressed_stream, unaddressed_stream
from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.load.terms import Codes, of_contracts
from ratable_server.store.scope import books_of, rows_of

_ADDRESSED, _UNADDRESSED = addressed_stream(""), unaddressed_stream("")


def load_amendments(actor: Actor, contracts: Codes = None) -> Amendments:
    """All amendments, in the order in which the books learned them; with `contracts` only theirs."""
    with books_of(actor):
        ends = list(_terminations(actor, contracts))
        streams = _streams(actor, contracts)
        return Amendments(
            terminated_on={code: on for code, on, _ in ends},
            released_on={code: released_on for code, _, released_on in ends},
            allocations=_allocations(actor, contracts),
            grants=_grants(actor, contracts),
            estimates=_estimates(actor, contracts),
            addressed=_named(streams, _ADDRESSED) | _adjusted(actor, contracts),
            unaddressed=_named(streams, _UNADDRESSED),
        )


def line_of(written: dict[str, str | None]) -> BundleLine:
    """A line of an allocation as it is kept: decimals as text."""
    percentage, price = written["percentage"], written["standalone_price"]
    return BundleLine(
        product_id=written["product_id"] or "",
        percentage=None if percentage is None else Decimal(percentage),
        standalone_price=None if price is None else Decimal(price),
    )


def written_line(line: BundleLine) -> dict[str, str | None]:
    """A line of an allocation to be kept."""
    return {
        "product_id": line.product_id,
        "percentage": None if line.percentage is None else str(line.percentage),
        "standalone_price": None if line.standalone_price is None else str(line.standalone_price),
    }


def _terminations(actor: Actor, contracts: Codes) -> list[tuple[str, date, date]]:
    rows = of_contracts(rows_of(actor, models.Termination), contracts).order_by("number", "id")
    return list(rows.values_list("contract__code", "on", "released_on"))


def _allocations(actor: Actor, contracts: Codes) -> dict[str, tuple[BundleLine, ...]]:
    rows = of_contracts(rows_of(actor, models.AllocationChange), contracts, "item__contract").order_by("number", "id")
    return {code: tuple(line_of(line) for line in lines) for code, lines in rows.values_list("item__code", "lines")}


def _grants(actor: Actor, contracts: Codes) -> tuple[tuple[str, date, Decimal], ...]:
    rows = of_contracts(rows_of(actor, models.TopUp), contracts, "commit__contract").order_by("number", "id")
    found = rows.values_list("commit__code", "booked_on", "amount_minor", "commit__contract__currency")
    return tuple((code, booked_on, to_major(minor, currency)) for code, booked_on, minor, currency in found)


def _estimates(actor: Actor, contracts: Codes) -> tuple[tuple[str, date, Decimal], ...]:
    rows = of_contracts(rows_of(actor, models.BreakageEstimate), contracts, "commit__contract").order_by("number", "id")
    return in_force(rows.values_list("commit__code", "booked_on", "percentage"))


def _adjusted(actor: Actor, contracts: Codes) -> frozenset[str]:
    """An adjusted commit has a stream of its own, like one with prepaid usage."""
    rows = of_contracts(rows_of(actor, models.Adjustment), contracts, "commit__contract")
    return frozenset(rows.values_list("commit__code", flat=True).distinct())


def _streams(actor: Actor, contracts: Codes) -> list[str]:
    """The streams of prepaid usage that have records."""
    rows = rows_of(actor, models.UsageRecord).filter(stream__startswith="!")
    if contracts is not None:
        commits = of_contracts(rows_of(actor, models.PrepaidCommit), contracts).values_list("code", flat=True)
        own = [*map(addressed_stream, commits), *map(unaddressed_stream, contracts)]
        rows = rows.filter(stream__in=own)
    return list(rows.order_by().values_list("stream", flat=True).distinct())


def _named(streams: list[str], prefix: str) -> frozenset[str]:
    return frozenset(stream.removeprefix(prefix) for stream in streams if stream.startswith(prefix))
