"""Subscriptions that follow an evergreen contract are planned for a year; here they get their next billing periods."""

from __future__ import annotations

from datetime import date

from ratable_server.actor import Actor
from ratable_server.api.campfire.translate import subscriptions_evergreen as translate
from ratable_server.clock import now_at
from ratable_server.operations.subscriptions import modify_subscription
from ratable_server.queries.contract_lines import SubscriptionsAsked, subscriptions
from ratable_server.queries.contracts import contracts
from ratable_server.queries.listing import EVERYTHING, Asked


def renew_evergreen(actor: Actor, *, on: date) -> None:
    """Append the billing periods that a day plans; those that reach so far already stay as they are."""
    asked = SubscriptionsAsked(limit=EVERYTHING.limit, further={"renewal_behavior": translate.FOLLOWS})
    rows = subscriptions(actor=actor, asked=asked).rows
    ids = sorted({row.contract_id for row in rows})
    signed = contracts(actor=actor, asked=Asked(ids=ids, limit=len(ids))).rows if ids else ()
    renewing = {each.id: each for each in signed if translate.is_evergreen(each) and each.terminated_on is None}
    for row in rows:
        contract = renewing.get(row.contract_id)
        again = None if contract is None else translate.renewed(row, contract, row.terms, on=on)
        if again is not None:
            modify_subscription(actor=actor, contract=row.contract, subscription=again, seen=row.terms, at=now_at())
