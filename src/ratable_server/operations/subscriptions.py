"""Subscriptions: fixed amounts earned over time."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ratable.terms import Subscription
from ratable_server.actor import Actor
from ratable_server.operations.extending import extension_of
from ratable_server.operations.kept import NOTHING, Beside, Further, Kept
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.told import Created, told_beside
from ratable_server.store.audit import Change, record_change
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
        extension.lines.subscription(extension.row_id, subscription, place).save(force_insert=True)
        record_change(
            actor, Change("add_subscription", "contract", contract, after=told_beside(subscription, further)), at=at
        )
    return Created(code=subscription.id)
