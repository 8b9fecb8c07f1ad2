"""Customers, with the contracts that each has."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from ratable_server.actor import Actor
from ratable_server.queries.listing import FIRST_PAGE, Asked, Found, Told, asked_rows, page_of, told_of
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer(Told):
    """Who buys; `contracts` are codes, in the order in which they were signed."""

    code: str
    name: str
    contracts: tuple[str, ...]


def customers(*, actor: Actor, asked: Asked = FIRST_PAGE, text: str = "") -> Found[Customer]:
    """Customers; with `text` those whose name or code has it, in whatever case."""
    with books_of(actor):
        rows = asked_rows(rows_of(actor, models.Customer, with_deleted=True), asked)
        if text:
            rows = rows.filter(Q(name__icontains=text) | Q(code__icontains=text))
        return page_of(rows, asked, lambda page: _customers(actor, page))


def _customers(actor: Actor, page: Sequence[models.Customer]) -> list[Customer]:
    contracts: dict[int, list[str]] = defaultdict(list)
    rows = rows_of(actor, models.Contract).filter(customer_id__in=[row.id for row in page]).order_by("id")
    for customer_id, code in rows.values_list("customer_id", "code"):
        contracts[customer_id].append(code)
    return [Customer(**told_of(row), code=row.code, name=row.name, contracts=tuple(contracts[row.id])) for row in page]


def customers_named(*, actor: Actor, names: Sequence[str], external_ids: Sequence[str]) -> list[Customer]:
    """Customers with one of these names, or with one of these ids in another system, in the order of their ids."""
    with books_of(actor):
        is_named = Q(name__in=list(names)) | Q(code__in=list(external_ids))
        is_named |= Q(further__external_id__in=list(external_ids))
        return _customers(actor, list(rows_of(actor, models.Customer).filter(is_named).order_by("id")))
