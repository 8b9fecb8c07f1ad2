"""Whether an item is priced by the system that reports its usage: then what it has reported stays as it came."""

from __future__ import annotations

from datetime import datetime

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.writing import changes_by
from ratable_server.store.audit import Change, record_change
from ratable_server.store.models import UsageItem
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@retried
def set_dynamic_pricing(*, actor: Actor, item: str, is_wanted: bool, at: datetime) -> bool:
    """Say whether an item is priced dynamically; give what it was before. It changes no figure.

    Refuses:
        role_must_allow_it, item_must_be_known
    """
    with changes_by(actor):
        row = rows_of(actor, UsageItem).select_for_update(no_key=True).filter(code=item).first()
        if row is None:
            raise Refused("item_must_be_known", field="item", detail=item)
        if row.prices_dynamically == is_wanted:
            return is_wanted
        rows_of(actor, UsageItem).filter(id=row.id).update(prices_dynamically=is_wanted, modified_at=at)
        before, after = {"prices_dynamically": not is_wanted}, {"prices_dynamically": is_wanted}
        record_change(actor, Change("set_dynamic_pricing", "usage_item", item, before, after), at=at)
    return not is_wanted
