"""Changes that read what they change: whoever says some of a thing again keeps the rest as it is at that moment.

Owns the turn that such changes take, each thing for itself. It is taken before any row is locked, and by nobody who has
locked one, so that it takes no part in a deadlock.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from datetime import date
from typing import TypeVar

from django.db import connection

from ratable_server.actor import Actor
from ratable_server.operations.booking import take_months
from ratable_server.operations.register_links import Thing, keeping_things
from ratable_server.store.retrying import retried
from ratable_server.store.scope import books_of

T = TypeVar("T")


@retried
def change_alone(*, actor: Actor, kind: str, id: int, change: Callable[[], T]) -> T:
    """What `change` gives: one transaction, in which nobody else changes the thing of this kind and id by this way.

    After a conflict `change` is called again, and reads again. It calls operations; what they refuse undoes all of it.
    """
    with books_of(actor):
        _take_turn(actor, f"{kind} {id}")
        return change()


@retried
def change_together(
    *, actor: Actor, change: Callable[[], T], names: Collection[Thing] = (), days: Iterable[date] = ()
) -> T:
    """What `change` gives: one transaction for several operations, all of them or none.

    `days` are those of the facts that they file, if these are several: their months are taken before anything else is, but
    for what these `names` of the register, which is kept first. The operations judge what of it is gone.
    """
    with books_of(actor, first=keeping_things(actor, names)):
        take_months(actor, days)
        return change()


def _take_turn(actor: Actor, thing: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('change ' || %s, %s))", [thing, actor.tenant_id])
