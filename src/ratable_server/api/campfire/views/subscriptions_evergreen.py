"""Subscriptions that follow an evergreen contract are planned for a year; here they get their next billing periods."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from rest_framework.exceptions import ValidationError
from typing_extensions import override

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Unrenewed:
    """A subscription that could not be renewed, and why."""

    row: Subscription
    wrong: Refused | UntellableError | Unavailable

    @override
    def __str__(self) -> str:
        return f"subscription {self.row.terms.id} of contract {self.row.contract} was not renewed: {self.wrong}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewals:
    """How many subscriptions have got their next billing periods, and which could not."""

    renewed: int = 0
    failed: tuple[Unrenewed, ...] = ()

    @property
    def waiting(self) -> int:
        """How many of these wait for the database."""
        return sum(isinstance(each.wrong, Unavailable) for each in self.failed)


def renew_what_can_be(actor: Actor, *, on: date, is_over: Callable[[], bool] = lambda: False) -> Renewals:
    """Append the billing periods that a day plans; one that cannot be renewed keeps no other from that."""
    renewed, failed = 0, list[Unrenewed]()
    for row, contract in _renewing(actor):
        if is_over():
            break
        try:
            renewed += renew(actor, row, contract, on=on)
        except (Refused, UntellableError, Unavailable) as wrong:
            failed.append(Unrenewed(row=row, wrong=wrong))
    return Renewals(renewed=renewed, failed=tuple(failed))


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


def _append(actor: Actor, row: Subscription, again: SubscriptionTerms) -> None:
    modify_subscription(actor=actor, contract=row.contract, subscription=again, seen=row.terms, at=now_at())


def refuse_unplanned(actor: Actor, month_on: date, *, field: str, failed: Iterable[Unrenewed] = ()) -> None:
    """Go on, if every subscription that renews is planned as far as the end of a month; `failed` were not renewed just now.

    Raises:
        ValidationError: one is not; it is told by `field`, one that was to be renewed with the reason why it was not.
        Unavailable: the database could not answer when one was to be renewed.
    """
    short = [row for row, _ in _renewing(actor) if row.ends_before < next_month(month_on)]
    if not short:
        return
    wrongs = {each.row.id: each.wrong for each in failed}
    told = [_told_unplanned(row, wrongs[row.id]) for row in short if row.id in wrongs]
    if not told:
        last_on = min(row.ends_before for row in short)
        when = "as a billing period begins, or when a month is posted"
        told = [f"Subscriptions are planned up to {last_on} only: they are planned on {when}."]
    raise ValidationError({field: told})


def _told_unplanned(row: Subscription, wrong: Refused | UntellableError | Unavailable) -> str:
    if isinstance(wrong, Unavailable):
        raise wrong
    why = f"{wrong.field}: {wrong}" if isinstance(wrong, UntellableError) else f"{wrong}"
    return f"Subscription {row.id} of contract {row.contract_id} cannot be planned on: {why}"


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
