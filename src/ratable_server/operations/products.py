"""A product told again with its price plans, all in one transaction: how doors say it that tell things whole."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from ratable.terms import UsageGroup
from ratable_server.actor import Actor
from ratable_server.operations.catalog import change_price_plan, create_usage_group, hold_to_retell
from ratable_server.operations.catalog_changes import ProductHead, delete_usage_group, modify_product
from ratable_server.operations.kept import Besides, Further
from ratable_server.operations.register_links import things_in
from ratable_server.operations.writing import changes_by
from ratable_server.store import models
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductToldAgain:
    """What a product says of itself now; its price plans, None: they stay; `is_whole`: there are no others."""

    head: ProductHead
    further: Further
    groups: Sequence[UsageGroup] | None = None
    beside: Besides = field(default_factory=dict)
    is_whole: bool = True


@retried
def retell_product(*, actor: Actor, product: str, told: ProductToldAgain, at: datetime) -> None:
    """Change a product and its price plans: those that are there change, new ones are added, others go if told whole.

    Refuses:
        those of modify_product, create_usage_group, change_price_plan and delete_usage_group; then nothing changes
    """
    with changes_by(actor, names=things_in(told.further)):
        if told.groups is not None:
            hold_to_retell(actor, product)
        modify_product(actor=actor, product=product, head=told.head, further=told.further, at=at)
        if told.groups is None:
            return
        there = set(rows_of(actor, models.UsageGroup).filter(product__code=product).values_list("code", flat=True))
        for group in told.groups:
            retell = change_price_plan if group.id in there else create_usage_group
            retell(actor=actor, product=product, group=group, beside=told.beside, at=at)
        for code in sorted(there - {group.id for group in told.groups}) if told.is_whole else ():
            delete_usage_group(actor=actor, product=product, group=code, at=at)
