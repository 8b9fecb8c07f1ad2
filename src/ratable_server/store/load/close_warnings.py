"""What may surprise in a month and stops nothing: worded here, so that a draft, a close and a report say the same."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import islice

from django.db.models import Exists, OuterRef, Q

from ratable.periods import next_month
from ratable_server.actor import Actor
from ratable_server.store.load.reported_usage import reports_on_several_items
from ratable_server.store.models import Contract, Termination, UsageItem
from ratable_server.store.public_ids import reported_usage_code
from ratable_server.store.scope import rows_of

_NAMED = 5  # of many, so many are named


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseWarning:
    """One thing to know of a close: what it is, and the figures."""

    code: str
    detail: str


def load_close_warnings(actor: Actor, month_on: date) -> tuple[CloseWarning, ...]:
    """Those of a month, with what is late in it; empty: nothing."""
    return (*_counted_twice(actor, month_on), *_unpriced_minimums(actor, month_on))


def _counted_twice(actor: Actor, month_on: date) -> Iterator[CloseWarning]:
    several = reports_on_several_items(actor, month_on, shown=_NAMED)
    if not several.reports:
        return
    named = _named(map(reported_usage_code, several.first), several.reports)
    reports = "1 report of usage counts" if several.reports == 1 else f"{several.reports:,} reports of usage count"
    detail = f"{reports} on {several.items:,} items: {named}"
    yield CloseWarning(code="reported_usage_counts_on_several_items", detail=detail)


def _unpriced_minimums(actor: Actor, month_on: date) -> Iterator[CloseWarning]:
    """Minimums in units that no price plan prices yet; what a month lacks to them is booked once one does."""
    priced = rows_of(actor, UsageItem).filter(contract_id=OuterRef("id"), usage_group__isnull=False)
    over = rows_of(actor, Termination).filter(contract_id=OuterRef("id"), on__lt=month_on)
    rows = rows_of(actor, Contract).filter(
        Q(ends_before=None) | Q(ends_before__gt=month_on),
        ~Exists(priced),
        ~Exists(over),
        minimum_monthly_commitment_quantity__gt=0,
        starts_on__lt=next_month(month_on),
    )
    codes = list(rows.order_by("id").values_list("code", flat=True))
    if codes:
        contracts = "1 contract has" if len(codes) == 1 else f"{len(codes):,} contracts have"
        detail = f"{contracts} a minimum in units and no usage group that prices it: {_named(codes, len(codes))}"
        yield CloseWarning(code="minimum_quantity_waits_for_usage_group", detail=detail)


def _named(names: Iterable[str], count: int) -> str:
    """The first of them."""
    more = f" and {count - _NAMED:,} more" if count > _NAMED else ""
    return ", ".join(islice(names, _NAMED)) + more
