"""Subscriptions that follow an evergreen contract are planned for a year; here they get their next billing periods."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from rest_framework.exceptions import ValidationError

from ratable.periods import next_month
from ratable.terms import Subscription as SubscriptionTerms
from ratable_server.actor import Actor
from ratable_server.api.campfire.translate import subscriptions_evergreen as translate
from ratable_server.api.campfire.translate.subscriptions import UntellableError
from ratable_server.clock import now_at
from ratable_server.errors import Refused, Unavailable
from ratable_server.operations.subscriptions import modify_subscription
from ratable_server.queries.contract_lines import Subscription, SubscriptionsAsked, subscriptions
from ratable_server.queries.contracts import Contract, contracts
from ratable_server.queries.listing import EVERYTHING, Asked

_log = logging.getLogger("ratable_server.api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewals:
    """How many subscriptions have got their next billing periods, and how many wait for the database."""

    renewed: int = 0
    waiting: int = 0


def renew_evergreen(actor: Actor, *, on: date, field: str) -> None:
    """Append the billing periods that a day plans; those that reach so far already stay as they are.

    Raises:
        ValidationError: one cannot be planned, and none was; `field` is what asked for it.
        Refused: somebody has changed one meanwhile, or one begins in a closed month.
    """
    for row, again in [(row, _planned(row, contract, on=on, field=field)) for row, contract in _renewing(actor)]:
        if again is not None:
            _append(actor, row, again)


def renew_what_can_be(actor: Actor, *, on: date, is_over: Callable[[], bool] = lambda: False) -> Renewals:
    """Append the billing periods that a day plans; one that cannot be renewed is told to the log, and the others are."""
    renewed = waiting = 0
    for row, contract in _renewing(actor):
        if is_over():
            break
        try:
            renewed += renew(actor, row, contract, on=on)
        except (Refused, UntellableError, Unavailable) as wrong:
            waiting += isinstance(wrong, Unavailable)
            _log.warning("subscription %s of contract %s was not renewed: %s", row.terms.id, row.contract, wrong)
    return Renewals(renewed=renewed, waiting=waiting)


def renew(actor: Actor, row: Subscription, contract: Contract, *, on: date) -> bool:
    """Append to a subscription what a day plans, as long as nobody else has changed it; False: it reaches so far.

    Raises:
        UntellableError: its days, or the billing of its contract, have no billing periods that go on from there.
        Refused: somebody has changed it, or has ended its contract.
    """
    again = translate.renewed(row, contract, row.terms, on=on)
    if again is not None:
        _append(actor, row, again)
    return again is not None


def _planned(row: Subscription, contract: Contract, *, on: date, field: str) -> SubscriptionTerms | None:
    try:
        return translate.renewed(row, contract, row.terms, on=on)
    except UntellableError as wrong:
        text = f"Subscription {row.id} of contract {row.contract_id} cannot be planned on: {wrong.field}: {wrong}"
        raise ValidationError({field: [text]}) from None


def _append(actor: Actor, row: Subscription, again: SubscriptionTerms) -> None:
    modify_subscription(actor=actor, contract=row.contract, subscription=again, seen=row.terms, at=now_at())


def refuse_unplanned(actor: Actor, month_on: date, *, field: str) -> None:
    """Go on, if every subscription that renews is planned as far as the end of a month.

    Raises:
        ValidationError: one is not, and neither who only looks nor who posts what was computed before plans anything.
    """
    short = [row for row, _ in _renewing(actor) if row.ends_before < next_month(month_on)]
    if short:
        last_on = min(row.ends_before for row in short)
        when = "as a billing period begins, or when a month is posted"
        text = f"Subscriptions are planned up to {last_on} only: they are planned on {when}."
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
