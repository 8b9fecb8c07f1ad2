"""Subscriptions of evergreen contracts get their next billing periods in the background, as each period begins.

So every close finds them planned, by whichever door it comes; who posts a month over this API does not wait for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.api.campfire.views.subscriptions_evergreen import Unrenewed, renew_what_can_be
from ratable_server.clock import now_at
from ratable_server.failing import Failing, WorkWaitsError, reason_of
from ratable_server.operations.tenants import tenant_ids
from ratable_server.queries.periods import zone_of_books

_log = logging.getLogger("ratable_server.api")
_failing = Failing()
_ALL = 0  # what fails of a tenant: everything, or a subscription by its row


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """How many subscriptions one round has renewed."""

    renewed: int = 0


class RenewalsWaitError(WorkWaitsError):
    """A round had to leave some for the next one, which is due at once: `renewed` are done."""

    def __init__(self, *, renewed: int, subscriptions: int, tenants: int) -> None:
        super().__init__(f"{renewed} renewed; {subscriptions} subscriptions and all of {tenants} tenants wait")
        self.renewed, self.subscriptions, self.tenants = renewed, subscriptions, tenants


def renew_subscriptions(*, is_over: Callable[[], bool] = lambda: False) -> Renewed:
    """Append the billing periods that this day plans, for all tenants; give how many subscriptions got some.

    One that cannot be renewed leaves the others alone, and is tried again with the next round. The log is told of it when
    that begins, when the reason changes, and once an hour.

    Raises:
        RenewalsWaitError: the database could not answer for some, once all others had their turn.
    """
    renewed = waiting = failed = 0
    for tenant_id in tenant_ids():
        actor = Actor(tenant_id=tenant_id, name="renewals", role="preparer", request_id="renewals")
        try:
            on = now_at().astimezone(zone_of_books(actor=actor)).date()
            done = renew_what_can_be(actor, on=on, is_over=is_over)
        except Exception as wrong:  # noqa: BLE001 - told to the log; the next round tries it again
            if _failing.news(tenant_id, {_ALL: reason_of(wrong)}, at=now_at()):
                _log.exception("subscriptions of tenant %s wait for the next round", tenant_id)
            connection.close_if_unusable_or_obsolete()
            failed += 1
        else:
            _tell(tenant_id, done.failed)
            renewed, waiting = renewed + done.renewed, waiting + done.waiting
    if waiting or failed:
        raise RenewalsWaitError(renewed=renewed, subscriptions=waiting, tenants=failed)
    return Renewed(renewed=renewed)


def _tell(tenant_id: int, failed: Sequence[Unrenewed]) -> None:
    """Tell the log what was not renewed of a tenant, as far as that is news."""
    each = {one.row.id: one for one in failed}
    for row_id in _failing.news(tenant_id, {row_id: str(one) for row_id, one in each.items()}, at=now_at()):
        _log.warning("%s", each[row_id])
