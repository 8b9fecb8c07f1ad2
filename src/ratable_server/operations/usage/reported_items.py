"""Which items a report means. Pure: what a customer has was read before.

A file may have tens of thousands of reports of a customer with thousands of items, so that everything is looked up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date

from ratable_server.errors import Refused
from ratable_server.store.load.billed_items import BilledCustomer, BilledItem, Named


class Customers:
    """The customers that reports name, by row and by code."""

    def __init__(self, found: Iterable[BilledCustomer]) -> None:
        self._by_name: dict[Named, _Customer] = {}
        for customer in found:
            self._by_name[customer.id] = self._by_name[customer.code] = _Customer(customer)

    def place(self, *, customer: Named, contract: Named | None, item: Named | None) -> Place:
        """What the three names stand for; an item tells its contract.

        Refuses:
            code_must_be_known
        """
        found = self._by_name.get(customer)
        if found is None:
            raise Refused("code_must_be_known", field="customer", detail=str(customer))
        contract_id = None if contract is None else found.contract(contract)
        return Place(found, contract_id, None if item is None else found.item(item, contract_id))

    def price_dynamically(self, customer_id: int, items: Collection[str]) -> bool:
        """Is one of these items, by code, priced by the system that reports?"""
        return any(item.prices_dynamically for item in self._items(customer_id, items))

    def dimensions(self, customer_id: int, items: Collection[str]) -> set[str]:
        """The further fields that the price plans of these items, by code, look at."""
        return {name for item in self._items(customer_id, items) for name in item.dimensions}

    def _items(self, customer_id: int, codes: Collection[str]) -> list[BilledItem]:
        found = self._by_name.get(customer_id)
        return [item for code in codes if (item := found.items.get(code))] if found else []


class Place:
    """Where a report stands: its customer, and the contract and the item if it names them."""

    def __init__(self, customer: _Customer, contract_id: int | None, item: BilledItem | None) -> None:
        self._customer = customer
        self._contract_id = contract_id
        self._item = item

    @property
    def columns(self) -> tuple[int, int | None, int | None]:
        """The rows of customer, contract and item."""
        return self._customer.id, self._contract_id, self._item.id if self._item else None

    def items_meant(self, *, unit_of_measure: str, on: date) -> list[BilledItem]:
        """The items on which usage of a day counts: those here that are sold by the unit and cover the day.

        Refuses:
            unit_of_measure_must_be_sold, report_must_fall_in_an_item
        """
        sold = self._sold(unit_of_measure)
        if not sold:
            raise Refused("unit_of_measure_must_be_sold", field="unit_of_measure", detail=unit_of_measure)
        covering = [item for item in sold if item.starts_on <= on < item.ends_before]
        if not covering:
            raise Refused("report_must_fall_in_an_item", field="started_at", detail=f"{on}")
        return covering

    def _sold(self, unit_of_measure: str) -> list[BilledItem]:
        if self._item is not None:
            return [self._item] if self._item.unit_of_measure == unit_of_measure else []
        return self._customer.sold.get((self._contract_id, unit_of_measure), [])


class _Customer:
    """What a customer has, by row and by code; items by contract and unit too, and by unit alone."""

    def __init__(self, customer: BilledCustomer) -> None:
        self.id = customer.id
        self.items: dict[Named, BilledItem] = {}
        self.sold: defaultdict[tuple[int | None, str], list[BilledItem]] = defaultdict(list)
        self._contracts: dict[Named, int] = {}
        for row_id, code in customer.contracts.items():
            self._contracts[row_id] = self._contracts[code] = row_id
        for item in customer.items:
            self.items[item.id] = self.items[item.code] = item
            for contract_id in (None, item.contract_id):
                self.sold[contract_id, item.unit_of_measure].append(item)

    def contract(self, named: Named) -> int:
        """The row of a contract."""
        row_id = self._contracts.get(named)
        if row_id is None:
            raise Refused("code_must_be_known", field="contract", detail=str(named))
        return row_id

    def item(self, named: Named, contract_id: int | None) -> BilledItem:
        """An item, of that contract if one is named."""
        item = self.items.get(named)
        if item is None or contract_id not in (None, item.contract_id):
            raise Refused("code_must_be_known", field="item", detail=str(named))
        return item
