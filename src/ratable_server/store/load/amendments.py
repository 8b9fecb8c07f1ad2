"""What changed after signing, as `ratable.terms_tables.Amendments`: the same that an act appended to a case's story."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.db.models import QuerySet

from ratable.facts.amendments import in_force
from ratable.money import to_major
from ratable.terms import BundleLine
from ratable.terms_tables import Amendments, addressed_stream, unaddressed_stream
from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.load.terms import Codes, of_contracts
from ratable_server.store.load.written import line_of
from ratable_server.store.scope import books_of, rows_of

ALL_FACTS = 2**63 - 1  # a number that no fact reaches
_ADDRESSED, _UNADDRESSED = addressed_stream(""), unaddressed_stream("")


def load_amendments(actor: Actor, contracts: Codes = None, *, through: int = ALL_FACTS) -> Amendments:
    """All amendments, in the order in which the books learned them; with `contracts` only theirs, and as far as a fact."""
    with books_of(actor):
        asked = _Asked(actor, contracts, through)
        ends = list(_terminations(asked))
        streams = _streams(asked)
        return Amendments(
            terminated_on={code: on for code, on, _ in ends},
            released_on={code: released_on for code, _, released_on in ends},
            allocations=_allocations(asked),
            grants=_grants(asked),
            estimates=_estimates(asked),
            addressed=_named(streams, _ADDRESSED) | _adjusted(asked),
            unaddressed=_named(streams, _UNADDRESSED),
        )


class _Asked(NamedTuple):
    """Whose facts, of which contracts, up to which number."""

    actor: Actor
    contracts: Codes
    through: int

    def facts(self, model: type[Any], road: str = "contract") -> QuerySet[Any]:
        """The facts of a kind, in the order in which the books learned them."""
        rows = of_contracts(rows_of(self.actor, model), self.contracts, road)
        return rows.filter(number__lte=self.through).order_by("number", "id")


def _terminations(asked: _Asked) -> list[tuple[str, date, date]]:
    return list(asked.facts(models.Termination).values_list("contract__code", "on", "released_on"))


def _allocations(asked: _Asked) -> dict[str, tuple[BundleLine, ...]]:
    found = asked.facts(models.AllocationChange, "item__contract").values_list("item__code", "lines")
    return {code: tuple(line_of(line) for line in lines) for code, lines in found}


def _grants(asked: _Asked) -> tuple[tuple[str, date, Decimal], ...]:
    """Of a pool of units they are units."""
    columns = ("commit__code", "booked_on", "amount_minor", "units", "commit__contract__currency")
    found = asked.facts(models.TopUp, "commit__contract").values_list(*columns)
    return tuple(
        (code, booked_on, to_major(minor, currency) if units is None else units)
        for code, booked_on, minor, units, currency in found
    )


def _estimates(asked: _Asked) -> tuple[tuple[str, date, Decimal], ...]:
    rows = asked.facts(models.BreakageEstimate, "commit__contract")
    return in_force(rows.values_list("commit__code", "booked_on", "percentage"))


def _adjusted(asked: _Asked) -> frozenset[str]:
    """An adjusted commit has a stream of its own, like one with prepaid usage."""
    return frozenset(asked.facts(models.Adjustment, "commit__contract").values_list("commit__code", flat=True))


def _streams(asked: _Asked) -> list[str]:
    """The streams of prepaid usage that have records."""
    rows = rows_of(asked.actor, models.UsageRecord).filter(stream__startswith="!", number__lte=asked.through)
    if asked.contracts is not None:
        commits = of_contracts(rows_of(asked.actor, models.PrepaidCommit), asked.contracts)
        codes = commits.values_list("code", flat=True)
        rows = rows.filter(stream__in=[*map(addressed_stream, codes), *map(unaddressed_stream, asked.contracts)])
    return list(rows.order_by().values_list("stream", flat=True).distinct())


def _named(streams: list[str], prefix: str) -> frozenset[str]:
    return frozenset(stream.removeprefix(prefix) for stream in streams if stream.startswith(prefix))
