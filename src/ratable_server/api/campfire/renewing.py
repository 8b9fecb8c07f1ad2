"""Subscriptions of evergreen contracts get their next billing periods in the background, as each period begins.

So every close finds them planned, by whichever door it comes; who posts a month over this API does not wait for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.api.campfire.views.subscriptions_evergreen import renew, short_of_plan
from ratable_server.clock import now_at
from ratable_server.errors import Refused
from ratable_server.operations.tenants import tenant_ids

_log = logging.getLogger("ratable_server.api")


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """How many subscriptions one round has renewed."""

    renewed: int = 0


def renew_subscriptions(*, is_over: Callable[[], bool] = lambda: False) -> Renewed:
    """Append the billing periods that this day plans, for all tenants; give how many subscriptions got some.

    One that cannot be renewed is told to the log and leaves the others alone; it is tried again with the next round.
    """
    count = 0
    for tenant_id in tenant_ids():
        actor = Actor(tenant_id=tenant_id, name="renewals", role="preparer", request_id="renewals")
        try:
            count += _renew_all(actor, is_over)
        except Exception:  # noqa: BLE001 - told to the log; the next round tries it again
            _log.exception("subscriptions of tenant %s wait for the next round", tenant_id)
            connection.close_if_unusable_or_obsolete()
    return Renewed(renewed=count)


def _renew_all(actor: Actor, is_over: Callable[[], bool]) -> int:
    count = 0
    for row, again in short_of_plan(actor, on=now_at().date()):
        if is_over():
            break
        try:
            renew(actor, row, again)
        except Refused as refused:
            _log.warning("subscription %s of contract %s was not renewed: %s", row.terms.id, row.contract, refused)
        else:
            count += 1
    return count
