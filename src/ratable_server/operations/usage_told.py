"""A usage item told with its usage, in one transaction: how doors say it that tell an item with its lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from ratable.terms import UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.booking import take_months
from ratable_server.operations.changing import USAGE_ITEM, names_of
from ratable_server.operations.kept import Further
from ratable_server.operations.register_links import things_in
from ratable_server.operations.told import Created
from ratable_server.operations.usage import record_usage, void_usage
from ratable_server.operations.usage_items import add_usage_item, modify_usage_item
from ratable_server.operations.writing import changes_by
from ratable_server.store.keeping import keeping_sold
from ratable_server.store.prepared import Asked
from ratable_server.store.retrying import retried


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTold:
    """An item with its further fields; records that are told with it, and ids of usage that is taken back."""

    item: UsageItem
    further: Further
    records: Sequence[Mapping[str, object]] = ()
    voids: Sequence[str] = field(default_factory=tuple)


@retried
def add_told_item(*, actor: Actor, contract: str, told: ItemTold, at: datetime) -> Created:
    """Add a usage item and record its usage: both or nothing.

    Usage of closed months is not recorded here; what is recorded under a known id is a revision.

    Refuses:
        those of add_usage_item and record_usage; then nothing changes
    """
    if not told.records:
        return add_usage_item(actor=actor, contract=contract, item=told.item, further=told.further, at=at)
    with changes_by(actor, names=things_in(told.further), first=_keeping(actor, told)):
        _take_months_of(actor, told)
        created = add_usage_item(actor=actor, contract=contract, item=told.item, further=told.further, at=at)
        record_usage(actor=actor, records=told.records, at=at, on_change="revise", takes_late=False)
    return created


@retried
def modify_told_item(*, actor: Actor, contract: str, told: ItemTold, at: datetime) -> None:
    """Change a usage item, take back usage and record usage: all of it or nothing.

    Usage of closed months is neither recorded nor taken back here; what is recorded under a known id is a revision.

    Refuses:
        those of modify_usage_item, void_usage and record_usage; then nothing changes
    """
    with changes_by(actor, names=things_in(told.further), first=_keeping(actor, told)):
        _take_months_of(actor, told)
        modify_usage_item(actor=actor, contract=contract, item=told.item, further=told.further, at=at)
        for event_id in told.voids:
            void_usage(actor=actor, event_id=event_id, at=at, takes_late=False)
        if told.records:
            record_usage(actor=actor, records=told.records, at=at, on_change="revise", takes_late=False)


def _keeping(actor: Actor, told: ItemTold) -> list[Asked]:
    """What keeps what the item is of, before any month."""
    return keeping_sold(actor, names_of(USAGE_ITEM, told.item))


def _take_months_of(actor: Actor, told: ItemTold) -> None:
    """The months of its records stay open from here on: they are taken before the contract, as by everybody."""
    take_months(actor, {on for record in told.records if isinstance(on := record.get("used_on"), date)})


@retried
def take_back_usage(*, actor: Actor, event_ids: Sequence[str], at: datetime) -> None:
    """Take back several records of open months: all of them or none.

    Refuses:
        those of void_usage; then nothing changes
    """
    with changes_by(actor):
        for event_id in event_ids:
            void_usage(actor=actor, event_id=event_id, at=at, takes_late=False)
