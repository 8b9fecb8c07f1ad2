"""Which true-ups of closed months needed the price of a unit, and that they keep it.

A month owes the larger of what it lacks to the minimum amount and what the units that it lacks are worth. So a true-up that
the minimum amount makes alone is the same without the contract's usage group. Each posting of a month is asked by itself, by
what counted until then: one that was taken back since has needed the price too.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import NamedTuple

from django.db.models import Q, Sum

from ratable import tables
from ratable.periods import next_month
from ratable.rating.minimums import COUNTED, amount_true_ups
from ratable.terms import Contract
from ratable.terms_tables import Row, month_rows, terms_tables
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.dependents import posted_of
from ratable_server.store.load.amendments import load_amendments
from ratable_server.store.load.sheets import sheet_for
from ratable_server.store.load.terms import load_terms

_COUNTED = ("usage", "drawdown", "overage")
_Plan = tuple[str | None, str | None]  # product and usage group: a code of a group is one of its product alone
_AT_FIRST = date(1, 1, 1)  # so the calculation calls what was not learned later


class _Posting(NamedTuple):
    """What a close has posted of a service month: its true-up, and what counts of that month up to then."""

    month_on: date
    learned_on: date
    counted_minor: int
    true_up_minor: int


def refuse_repriced(actor: Actor, was: Contract, contract: Contract) -> None:
    """Go on, unless true-ups of closed months would be priced by another usage group than before, or by none.

    Refuses:
        period_must_be_open
    """
    plan = _plan_of_units(was)
    if plan is not None and plan != _plan_of_units(contract) and _has_priced_minimum(actor, was):
        detail = f"a closed month has a true-up at the prices of {plan[1]} of {plan[0]}"
        raise Refused("period_must_be_open", field="usage_group", detail=detail)


def _plan_of_units(contract: Contract) -> _Plan | None:
    """What prices the units that a month lacks; of several, in books from before, that of the item with the first id."""
    priced = [item for item in contract.usage_items if item.usage_group_id is not None]
    first = min(priced, key=lambda item: item.id, default=None)
    return None if first is None else (first.product_id, first.usage_group_id)


def _has_priced_minimum(actor: Actor, contract: Contract) -> bool:
    """Has a closed month posted a true-up of a contract that its minimum amount, as it stands, does not make alone?"""
    if not contract.minimum_monthly_commitment_quantity:
        return False
    postings = list(_postings(actor, contract))
    months = {posting.month_on for posting in postings if posting.true_up_minor}
    postings = [posting for posting in postings if posting.month_on in months]
    posted = {(posting.month_on, posting.learned_on, posting.true_up_minor) for posting in postings}
    return bool(posted) and {row for row in posted if row[2]} != _of_amount(actor, contract, postings)


def _postings(actor: Actor, contract: Contract) -> Iterator[_Posting]:
    """By service month, in the order in which they were booked."""
    is_true_up = Q(kind="minimum")
    rows = posted_of(actor, contract_id=contract.id, kind__in=[*_COUNTED, "minimum"])
    sums = rows.values_list("service_on", "booked_on").annotate(
        counted=Sum("amount_minor", filter=~is_true_up, default=0),
        true_up=Sum("amount_minor", filter=is_true_up, default=0),
    )
    for month_on, of_month in groupby(sums.order_by("service_on", "booked_on"), key=lambda row: row[0]):
        counted = 0
        for place, (_, booked_on, more, true_up) in enumerate(of_month):
            counted += int(more)
            yield _Posting(month_on, booked_on if place else _AT_FIRST, counted, int(true_up))


def _of_amount(actor: Actor, contract: Contract, postings: list[_Posting]) -> set[tuple[date, date, int]]:
    """The true-ups that the minimum amount alone makes of what counts in these: month, when it was learned, amount."""
    months = [posting.month_on for posting in postings]
    terms = load_terms(actor, [contract.id])
    agreed = terms_tables(terms, load_amendments(actor, [contract.id])).contracts
    calendar = month_rows(min(months), next_month(max(months)), min(months))
    sheet = sheet_for({})
    due = amount_true_ups(
        sheet,
        sheet.bind_rows("floor_contracts", agreed, tables.CONTRACTS),
        sheet.bind_rows("floor_months", calendar, tables.MONTHS),
        sheet.bind_rows("floor_counted", [_counted(contract, posting) for posting in postings], COUNTED),
        policy=terms.policy,
    )
    rows = sheet.fetch(due).to_pylist()
    return {(row["month_on"], row["learned_on"], row["amount_minor"]) for row in rows if row["month_on"] in months}


def _counted(contract: Contract, posting: _Posting) -> Row:
    return {
        "contract_id": contract.id,
        "month_on": posting.month_on,
        "learned_on": posting.learned_on,
        "counted_minor": posting.counted_minor,
    }
