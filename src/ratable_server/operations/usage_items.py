"""Usage items: lines of a contract on which usage is recorded."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ratable.terms import UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.extending import extension_of
from ratable_server.operations.kept import NOTHING, Beside, Further, Kept
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.told import Created, told_beside
from ratable_server.store.audit import Change, record_change
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
        extension.lines.item(extension.row_id, item, place).save(force_insert=True)
        record_change(actor, Change("add_usage_item", "contract", contract, after=told_beside(item, further)), at=at)
    return Created(code=item.id)
