"""What reports of usage may mean: customers with their contracts and items, by row or by code, in one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from django.db import connection

from ratable.periods import FAR
from ratable_server.actor import Actor

Named = int | str
"""A thing by the number of its row, or by its code."""

UNITLESS = "Each"  # the unit of what is sold without one

# Prices are those of a usage group: a bundle, or a bare product, takes amounts, which no report has.
_KNOWN = """
SELECT customer.id, customer.code, contract.id, contract.code, item.id, item.code,
    coalesce(nullif(usage_group.unit_of_measure, ''), %(unitless)s), item.prices_dynamically,
    greatest(item.starts_on, contract.starts_on, contract.opening_as_of + 1),
    least(coalesce(item.ends_before, %(far)s), coalesce(contract.ends_before, %(far)s), termination."on" + 1),
    ARRAY[usage_group.group_dimension, usage_group.price_dimension, usage_group.amount_dimension]
FROM customer
LEFT JOIN contract ON contract.tenant_id = customer.tenant_id AND contract.customer_id = customer.id
    AND contract.deleted_at IS NULL {within}
LEFT JOIN termination ON termination.tenant_id = contract.tenant_id AND termination.contract_id = contract.id
LEFT JOIN usage_item AS item ON item.tenant_id = contract.tenant_id AND item.contract_id = contract.id
    AND item.deleted_at IS NULL AND item.usage_group_id IS NOT NULL AND item.bundle_id IS NULL
LEFT JOIN usage_group ON usage_group.tenant_id = item.tenant_id AND usage_group.id = item.usage_group_id
WHERE customer.tenant_id = %(tenant)s AND customer.deleted_at IS NULL
    AND (customer.id = ANY(%(ids)s) OR customer.code = ANY(%(codes)s))
ORDER BY contract.id, item.place, item.id
"""
# Where every report names a contract or an item, only those contracts are read: a customer may have thousands.
_WITHIN = """
    AND (contract.id = ANY(%(contract_ids)s) OR contract.code = ANY(%(contract_codes)s) OR contract.id IN (
        SELECT contract_id FROM usage_item
        WHERE tenant_id = %(tenant)s AND (id = ANY(%(item_ids)s) OR code = ANY(%(item_codes)s))
    ))
"""
_BEFORE = """
SELECT timezone, ARRAY(SELECT nextval(pg_get_serial_sequence('reported_usage', 'id')) FROM generate_series(1, %(count)s))
FROM tenant WHERE id = %(tenant)s
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledItem:
    """An item on which reports may count, from its first day until before its last, its contract's days included.

    `dimensions` are the further fields of a report that its price plan looks at.
    """

    id: int
    code: str
    contract_id: int
    contract: str
    unit_of_measure: str
    prices_dynamically: bool
    starts_on: date
    ends_before: date
    dimensions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BilledCustomer:
    """A customer with the rows of the contracts by their codes, and all the items."""

    id: int
    code: str
    contracts: dict[int, str]
    items: tuple[BilledItem, ...]


class Before(NamedTuple):
    """What is to be known before reports are judged: the zone of the books, rows for new ones, their customers."""

    zone: ZoneInfo
    ids: list[int]
    customers: list[BilledCustomer]


class Within(NamedTuple):
    """Contracts and items that reports name, where all of them name one."""

    contracts: Collection[Named]
    items: Collection[Named]


def before_reports(actor: Actor, count: int, named: Collection[Named], *, within: Within | None = None) -> Before:
    """Rows for so many reports, and those of the customers that are there; inside `books_of`, in one round trip.

    With `within` customers have no contracts but these and those of these items.
    """
    parameters = {"count": count, "tenant": actor.tenant_id, "far": FAR, "unitless": UNITLESS, **_named("", named)}
    if within is not None:
        parameters |= {**_named("contract_", within.contracts), **_named("item_", within.items)}
    known = _KNOWN.format(within="" if within is None else _WITHIN)
    with connection.cursor() as cursor:
        cursor.execute(f"{_BEFORE}; {known}", parameters)
        zone, ids = cursor.fetchone()
        cursor.nextset()
        return Before(ZoneInfo(zone), list(ids), _customers(cursor.fetchall()))


def _named(kind: str, named: Collection[Named]) -> dict[str, Any]:
    """Names as parameters: rows and codes apart."""
    return {
        f"{kind}ids": [each for each in named if isinstance(each, int)],
        f"{kind}codes": [each for each in named if isinstance(each, str)],
    }


def _customers(rows: Iterable[Sequence[Any]]) -> list[BilledCustomer]:
    found: dict[tuple[int, str], tuple[dict[int, str], list[BilledItem]]] = {}
    for customer_id, customer, contract_id, contract, item_id, *told in rows:
        contracts, items = found.setdefault((customer_id, customer), ({}, []))
        if contract_id is not None:
            contracts[contract_id] = contract
        if item_id is not None:
            items.append(_item(item_id, (contract_id, contract), told))
    return [
        BilledCustomer(id=row_id, code=code, contracts=contracts, items=tuple(items))
        for (row_id, code), (contracts, items) in found.items()
    ]


def _item(row_id: int, contract: tuple[int, str], told: Sequence[Any]) -> BilledItem:
    *told, dimensions = told
    names = ("code", "unit_of_measure", "prices_dynamically", "starts_on", "ends_before")
    fields = dict(zip(names, told, strict=True))
    looked_at = tuple(name for name in dimensions if name)
    return BilledItem(id=row_id, contract_id=contract[0], contract=contract[1], dimensions=looked_at, **fields)
