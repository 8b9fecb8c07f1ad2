"""Usage items: lines of a contract on which usage is recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from django.db.models import Q

from ratable.periods import FAR, month_of
from ratable.terms import UsageItem
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.changing import USAGE_ITEM, HeldLine, LineChange, delete_line, modify_line
from ratable_server.operations.dependents import is_used_before, posted_of, usage_on
from ratable_server.operations.extending import extension_of
from ratable_server.operations.kept import NOTHING, Beside, Further, Kept
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.told import Created, told_beside
from ratable_server.store.audit import Change, record_added
from ratable_server.store.retrying import retried


@retried
def add_usage_item(
    *, actor: Actor, contract: str, item: UsageItem, further: Further = NOTHING, at: datetime
) -> Created:
    """Add a line to a contract. It may start in a closed month: usage of that month is late, and booked as such.

    Refuses:
        contract_must_be_known, contract_must_not_be_terminated, code_must_be_known (product, usage group, bundle),
        code_must_be_unused, the rules of terms
    """
    refuse_unfit(item)
    kept = Kept(at=at, beside={("usage_item", item.id): Beside(further=further)})
    with extension_of(
        actor, contract, lambda was: replace(was, usage_items=(*was.usage_items, item)), kept=kept
    ) as extension:
        place = len(extension.before.usage_items)
        row = extension.lines.item(extension.row_id, item, place)
        added = Change("add_usage_item", "contract", contract, after=told_beside(item, further))
        record_added(actor, row, added, at=at)
    return Created(code=item.id, id=row.id)


@retried
def modify_usage_item(
    *,
    actor: Actor,
    contract: str,
    item: UsageItem,
    further: Further | None = None,
    seen: UsageItem | None = None,
    at: datetime,
) -> UsageItem:
    """Change a usage item; give what it was. Its further fields may always change.

    It must cover the usage that is recorded on it. What it is of, and whether it draws, stay once a closed month has
    usage on it or has posted some of it; so does its usage group, once a closed month has a true-up at its prices.

    Refuses:
        contract_must_be_known, item_must_be_known, change_must_be_of_what_was_seen, item_must_cover_its_usage,
        period_must_be_open, nothing_must_depend_on_it (usage that it could not price), contract_must_not_be_terminated,
        code_must_be_known (product, usage group, bundle), the rules of terms
    """

    def judge(held: HeldLine) -> None:
        _refuse_uncovered(actor, item)
        was: UsageItem = held.was
        if replace(was, starts_on=item.starts_on, ends_before=item.ends_before) == item:
            return
        if is_used_before(actor, item.id, held.open_on) or posted_of(actor, item_id=item.id).exists():
            raise Refused("period_must_be_open", field="usage_item", detail=f"a closed month has some of {item.id}")
        if (was.usage_group_id is None) != (item.usage_group_id is None) and usage_on(actor, item.id).exists():
            raise Refused("nothing_must_depend_on_it", field="usage_group", detail=item.id)

    change = LineChange(kind=USAGE_ITEM, contract=contract, line=item, further=further, seen=seen)
    return cast("UsageItem", modify_line(actor, change, judge, at=at))


@retried
def delete_usage_item(*, actor: Actor, contract: str, code: str, at: datetime) -> None:
    """Take a usage item off a contract, as long as nothing depends on it.

    Refuses:
        contract_must_be_known, item_must_be_known, nothing_must_depend_on_it, period_must_be_open (a true-up of a closed
        month needs its prices), the rules of terms
    """

    def depends(held: HeldLine) -> bool:
        return usage_on(actor, held.was.id).exists() or posted_of(actor, item_id=held.was.id).exists()

    delete_line(actor, USAGE_ITEM, contract, code=code, depends=depends, at=at)


def _refuse_uncovered(actor: Actor, item: UsageItem) -> None:
    """Usage before the start or from the end on would be rejected; a month that was posted would be no month of it."""
    last_on = (item.ends_before or FAR) - timedelta(days=1)
    outside = Q(used_on__lt=item.starts_on) | Q(used_on__gt=last_on)
    posted = Q(service_on__lt=month_of(item.starts_on)) | Q(service_on__gt=last_on)
    if usage_on(actor, item.id).filter(outside).exists() or posted_of(actor, item_id=item.id).filter(posted).exists():
        raise Refused("item_must_cover_its_usage", field="usage_item", detail=item.id)
