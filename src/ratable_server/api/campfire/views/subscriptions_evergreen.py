"""Subscriptions that follow an evergreen contract are planned for a year; here they get their next billing periods."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from rest_framework.exceptions import ValidationError

from ratable.periods import next_month
from ratable.terms import Subscription as SubscriptionTerms
from ratable_server.actor import Actor
from ratable_server.api.campfire.translate import subscriptions_evergreen as translate
from ratable_server.clock import now_at
from ratable_server.operations.subscriptions import modify_subscription
from ratable_server.queries.contract_lines import Subscription, SubscriptionsAsked, subscriptions
from ratable_server.queries.contracts import Contract, contracts
from ratable_server.queries.listing import EVERYTHING, Asked


def renew_evergreen(actor: Actor, *, on: date) -> None:
    """Append the billing periods that a day plans; those that reach so far already stay as they are."""
    for row, again in short_of_plan(actor, on=on):
        renew(actor, row, again)


def short_of_plan(actor: Actor, *, on: date) -> Iterator[tuple[Subscription, SubscriptionTerms]]:
    """Subscriptions that do not reach as far as a day plans them, each as it will."""
    for row, contract in _renewing(actor):
        again = translate.renewed(row, contract, row.terms, on=on)
        if again is not None:
            yield row, again


def renew(actor: Actor, row: Subscription, again: SubscriptionTerms) -> None:
    """Append to a subscription, as long as nobody else has changed it.

    Raises:
        Refused: somebody has, or has ended its contract.
    """
    modify_subscription(actor=actor, contract=row.contract, subscription=again, seen=row.terms, at=now_at())


def refuse_unplanned(actor: Actor, month_on: date, *, field: str) -> None:
    """Go on, if every subscription that renews is planned as far as the end of a month.

    Raises:
        ValidationError: one is not, and neither who only looks nor who posts what was computed before plans anything.
    """
    short = [row for row, _ in _renewing(actor) if row.ends_before < next_month(month_on)]
    if short:
        last_on = min(row.ends_before for row in short)
        text = f"Subscriptions are planned up to {last_on} only: they are planned on when a month is posted."
        raise ValidationError({field: [text]})


def _renewing(actor: Actor) -> Iterator[tuple[Subscription, Contract]]:
    """Subscriptions that follow an evergreen contract which nobody has ended, each with the contract."""
    asked = SubscriptionsAsked(limit=EVERYTHING.limit, further={"renewal_behavior": translate.FOLLOWS})
    rows = subscriptions(actor=actor, asked=asked).rows
    ids = sorted({row.contract_id for row in rows})
    signed = contracts(actor=actor, asked=Asked(ids=ids, limit=len(ids))).rows if ids else ()
    renewing = {each.id: each for each in signed if translate.is_evergreen(each) and each.terminated_on is None}
    for row in rows:
        if row.contract_id in renewing:
            yield row, renewing[row.contract_id]
