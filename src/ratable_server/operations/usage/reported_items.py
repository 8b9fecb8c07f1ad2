"""Which items a report means. Pure: what a customer has was read before."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from typing import NamedTuple

from ratable_server.errors import Refused
from ratable_server.store.load.billed_items import BilledCustomer, BilledItem, Named


class Place(NamedTuple):
    """Where a report stands: its customer, and the contract and the item if it names them."""

    customer: BilledCustomer
    contract_id: int | None
    item: BilledItem | None


class Customers:
    """The customers that reports name, by row and by code."""

    def __init__(self, found: Iterable[BilledCustomer]) -> None:
        self._by_name: dict[Named, BilledCustomer] = {}
        for customer in found:
            self._by_name[customer.id] = self._by_name[customer.code] = customer

    def place(self, *, customer: Named, contract: Named | None, item: Named | None) -> Place:
        """What the three names stand for; an item tells its contract.

        Refuses:
            code_must_be_known
        """
        found = self._by_name.get(customer)
        if found is None:
            raise Refused("code_must_be_known", field="customer", detail=str(customer))
        contract_id = None if contract is None else _contract(found, contract)
        return Place(found, contract_id, None if item is None else _item(found, contract_id, item))

    def price_dynamically(self, customer_id: int, items: Collection[str]) -> bool:
        """Is one of these items, by code, priced by the system that reports?"""
        found = self._by_name.get(customer_id)
        return found is not None and any(item.prices_dynamically and item.code in items for item in found.items)

    def dimensions(self, customer_id: int, items: Collection[str]) -> set[str]:
        """The further fields that the price plans of these items, by code, look at."""
        found = self._by_name.get(customer_id)
        own = [item for item in found.items if item.code in items] if found else []
        return {name for item in own for name in item.dimensions}


def items_meant(place: Place, *, unit_of_measure: str, on: date) -> list[BilledItem]:
    """The items on which usage of a day counts: those of its place that are sold by the unit and cover the day.

    Refuses:
        unit_of_measure_must_be_sold, report_must_fall_in_an_item
    """
    candidates = [place.item] if place.item else _of_place(place)
    sold = [item for item in candidates if item.unit_of_measure == unit_of_measure]
    if not sold:
        raise Refused("unit_of_measure_must_be_sold", field="unit_of_measure", detail=unit_of_measure)
    covering = [item for item in sold if item.starts_on <= on < item.ends_before]
    if not covering:
        raise Refused("report_must_fall_in_an_item", field="started_at", detail=f"{on}")
    return covering


def _of_place(place: Place) -> list[BilledItem]:
    of_any = place.contract_id is None
    return [item for item in place.customer.items if of_any or item.contract_id == place.contract_id]


def _contract(customer: BilledCustomer, named: Named) -> int:
    for row_id, code in customer.contracts.items():
        if named in (row_id, code):
            return row_id
    raise Refused("code_must_be_known", field="contract", detail=str(named))


def _item(customer: BilledCustomer, contract_id: int | None, named: Named) -> BilledItem:
    for item in customer.items:
        if named in (item.id, item.code) and contract_id in (None, item.contract_id):
            return item
    raise Refused("code_must_be_known", field="item", detail=str(named))
