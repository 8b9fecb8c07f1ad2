"""What each product has of a fixed amount: of subscriptions and milestones that are of a bundle."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from ratable.money import split_minor, to_e12, to_major, to_minor
from ratable.terms import BundleLine
from ratable_server.actor import Actor
from ratable_server.queries.contract_lines import Milestone, Subscription
from ratable_server.queries.item_revenue import ProductShare
from ratable_server.store import models
from ratable_server.store.scope import books_of, rows_of

_ALL, _CENT = Decimal(100), Decimal("0.01")
_Product = tuple[int, str, str]  # id, code, name


def fixed_splits(*, actor: Actor, lines: Sequence[Subscription | Milestone]) -> dict[int, tuple[ProductShare, ...]]:
    """The shares of lines by the ids of these, in the order of their allocations; in one statement for all."""
    wanted = {each.product_id for line in lines for each in line.allocation}
    if not wanted:
        return {line.id: () for line in lines}
    with books_of(actor):
        rows = rows_of(actor, models.Product, with_deleted=True).filter(code__in=wanted)
        products = {code: (row_id, code, name) for row_id, code, name in rows.values_list("id", "code", "name")}
    return {line.id: tuple(_shares(line, products)) for line in lines}


def _shares(line: Subscription | Milestone, products: Mapping[str, _Product]) -> list[ProductShare]:
    if not line.allocation:
        return []
    total = line.total_value if isinstance(line, Subscription) else line.amount
    ordered = sorted(line.allocation, key=lambda each: each.product_id)  # as the calculation breaks ties
    split = split_minor(to_minor(total, line.currency), [_weight(each) for each in ordered])
    amounts = {each.product_id: to_major(minor, line.currency) for each, minor in zip(ordered, split, strict=True)}
    return [_share(products[each.product_id], amounts[each.product_id], total) for each in line.allocation]


def _share(product: _Product, amount: Decimal, total: Decimal) -> ProductShare:
    product_id, code, name = product
    return ProductShare(
        product_id=product_id,
        product=code,
        product_name=name,
        amount=amount,
        percentage=(amount * _ALL / total).quantize(_CENT),
        agreed=None,
    )


def _weight(line: BundleLine) -> int:
    return to_e12(line.percentage if line.percentage is not None else line.standalone_price or Decimal(0))
