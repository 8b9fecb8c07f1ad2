"""Subscriptions: fixed amounts earned over time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from ratable.terms import Subscription
from ratable_server.actor import Actor
from ratable_server.operations.changing import SUBSCRIPTION, HeldLine, LineChange, delete_line, modify_line
from ratable_server.operations.closed_months import refuse_closed
from ratable_server.operations.extending import extension_of
from ratable_server.operations.kept import NOTHING, Beside, Further, Kept
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.sources import is_posted, refuse_posted, source_depends
from ratable_server.operations.told import Created, told_beside
from ratable_server.store.audit import Change, record_added
from ratable_server.store.retrying import retried


@retried
def add_subscription(
    *, actor: Actor, contract: str, subscription: Subscription, further: Further = NOTHING, at: datetime
) -> Created:
    """Add a subscription to a contract. What it earned in closed months is booked in the first open one.

    Refuses:
        contract_must_be_known, contract_must_not_be_terminated, code_must_be_known (product), code_must_be_unused,
        the rules of terms
    """
    refuse_unfit(subscription)
    kept = Kept(at=at, beside={("subscription", subscription.id): Beside(further=further)})
    with extension_of(
        actor, contract, lambda was: replace(was, subscriptions=(*was.subscriptions, subscription)), kept=kept
    ) as extension:
        place = len(extension.before.subscriptions)
        row = extension.lines.subscription(extension.row_id, subscription, place)
        added = Change("add_subscription", "contract", contract, after=told_beside(subscription, further))
        record_added(actor, row, added, at=at)
    return Created(code=subscription.id)


@retried
def modify_subscription(
    *,
    actor: Actor,
    contract: str,
    subscription: Subscription,
    further: Further | None = None,
    seen: Subscription | None = None,
    at: datetime,
) -> Subscription:
    """Change a subscription; give what it was. Its further fields may always change.

    Once a closed month has posted some of it, its start, its product and the month in which it catches up stay. Its
    value, lines, proration and split may change, and its end among open days: what it should have earned until then,
    less what it has, is booked in the first open month.

    Refuses:
        contract_must_be_known, item_must_be_known, change_must_be_of_what_was_seen, period_must_be_open,
        contract_must_not_be_terminated, code_must_be_known (product), the rules of terms
    """

    def judge(held: HeldLine) -> None:
        was: Subscription = held.was
        if _kept(subscription) != _kept(was):
            refuse_posted(actor, held, source_kind="subscription")
        if is_posted(actor, held, source_kind="subscription") and subscription.ends_before != was.ends_before:
            is_longer = was.ends_before < subscription.ends_before  # its first new day is the one after its last
            first_on = was.ends_before if is_longer else subscription.ends_before - timedelta(days=1)
            refuse_closed(first_on, held.open_on, field="ends_before")

    change = LineChange(kind=SUBSCRIPTION, contract=contract, line=subscription, further=further, seen=seen)
    return cast("Subscription", modify_line(actor, change, judge, at=at))


@retried
def delete_subscription(*, actor: Actor, contract: str, code: str, at: datetime) -> None:
    """Take a subscription off a contract, as long as nothing depends on it.

    Refuses:
        contract_must_be_known, item_must_be_known, nothing_must_depend_on_it
    """
    depends = source_depends(actor, "subscription")
    delete_line(actor, SUBSCRIPTION, contract, code=code, depends=depends, at=at)


def _kept(subscription: Subscription) -> tuple[object, ...]:
    """What stays once some of it is posted."""
    return subscription.starts_on, subscription.product_id, subscription.catches_up_on
