"""Allocations: another split of an item, a subscription or a milestone of a bundle, for all its months."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from typing import Literal

from ratable.facts import rules
from ratable.terms import BundleLine, Milestone, Subscription
from ratable.terms_rules import judge_lines
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.booking import numbered
from ratable_server.operations.catalog_rows import named_by
from ratable_server.operations.extending import contract_of
from ratable_server.operations.matters import fact_columns, matter_of
from ratable_server.operations.milestones import modify_milestone
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.subscriptions import modify_subscription
from ratable_server.operations.told import Filed, told
from ratable_server.operations.writing import changes_by, refuse
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.keeping import keeping_sold
from ratable_server.store.load.written import written_line
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of

FixedKind = Literal["subscription", "milestone"]


@retried
def change_allocation(*, actor: Actor, item: str, lines: tuple[BundleLine, ...], on: date, at: datetime) -> Filed:
    """Split an item of a bundle by other lines. Closed months too: the difference is booked in the first open one.

    Refuses:
        item_must_be_known, allocation_must_name_a_bundle_item, allocation_must_sum_to_total,
        bundle_must_use_one_basis, percentage_must_be_between_0_and_100, amount_must_be_positive,
        code_must_be_known (a product), code_must_be_unused (a product twice)
    """
    for line in lines:
        refuse_unfit(line)
    with changes_by(actor, first=keeping_sold(actor, named_by(lines))):
        owners = rows_of(actor, models.UsageItem).filter(code=item).values_list("contract__code", flat=True)
        matter = matter_of(actor, owners.first() or "", on=on)
        items = matter.contract.usage_items if matter.contract else ()
        refuse(rules.refuses_allocation(next((each for each in items if each.id == item), None), lines), field="item")
        _refuse_lines(actor, lines)
        booking = numbered(actor, matter.booking)
        models.AllocationChange(
            **fact_columns(actor, booking.number, at=at),
            item_id=rows_of(actor, models.UsageItem).values_list("id", flat=True).get(code=item),
            lines=[written_line(line) for line in lines],
        ).save(force_insert=True)
        filed = Filed(code=item, number=booking.number, booked_on=booking.booked_on, on=booking.on)
        after = {"lines": [told(line) for line in lines], **told(filed)}
        record_change(actor, Change("change_allocation", "allocation_change", item, after=after), at=at)
    return filed


@retried
def change_fixed_allocation(
    *, actor: Actor, contract: str, kind: FixedKind, code: str, lines: tuple[BundleLine, ...], at: datetime
) -> None:
    """Split a subscription or a milestone of a bundle by other lines; what it is worth stays.

    Open months are told anew, of closed ones the difference is booked in the first open month.

    Refuses:
        contract_must_be_known, item_must_be_known, allocation_must_name_a_bundle_item, allocation_must_sum_to_total,
        bundle_must_use_one_basis, amount_must_be_positive, code_must_be_known (a product),
        code_must_be_unused (a product twice), contract_must_not_be_terminated, change_must_be_of_what_was_seen
    """
    with changes_by(actor):
        was = _fixed(actor, contract, kind=kind, code=code)
        if not was.allocation:
            raise Refused("allocation_must_name_a_bundle_item", field="lines", detail=code)
        refuse(next((broken for broken, _ in judge_lines(lines, "allocation_must_sum_to_total")), None), field="lines")
        _refuse_lines(actor, lines)
        if isinstance(was, Subscription):
            again = replace(was, allocation=lines)
            modify_subscription(actor=actor, contract=contract, subscription=again, seen=was, at=at)
        else:
            split = replace(was, allocation=lines)
            modify_milestone(actor=actor, contract=contract, milestone=split, seen=was, at=at)


def _fixed(actor: Actor, contract: str, *, kind: FixedKind, code: str) -> Subscription | Milestone:
    terms = contract_of(actor, contract)
    every: tuple[Subscription | Milestone, ...] = terms.subscriptions if kind == "subscription" else terms.milestones
    was = next((each for each in every if each.id == code), None)
    if was is None:
        raise Refused("item_must_be_known", field=kind, detail=code)
    return was


def _refuse_lines(actor: Actor, lines: tuple[BundleLine, ...]) -> None:
    named = [line.product_id for line in lines]
    there = set(rows_of(actor, models.Product).filter(code__in=named).values_list("code", flat=True))
    for product in named:
        if product not in there:
            raise Refused("code_must_be_known", field="lines", detail=product)
        if named.count(product) > 1:
            raise Refused("code_must_be_unused", field="lines", detail=f"two lines of {product}")
