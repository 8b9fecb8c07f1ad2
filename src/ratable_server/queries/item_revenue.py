"""What a usage item has come to: revenue by month, and by product where it is of a bundle."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ratable_server.actor import Actor
from ratable_server.queries.catalog import ProductBundle, product_bundles
from ratable_server.queries.contract_lines import UsageItem
from ratable_server.queries.listing import EVERYTHING, Asked
from ratable_server.queries.revenue import RevenueAsked, RevenueTransaction, revenue_transactions

_NOTHING, _ALL = Decimal(0), Decimal(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductShare:
    """What a product of a bundle has of an item's revenue; `percentage` has two digits, `agreed` is the bundle's own."""

    product_id: int
    product: str
    product_name: str
    amount: Decimal
    percentage: Decimal
    agreed: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRevenue:
    """Revenue of an item, posted and drafted; `shares` are those of its bundle's products, if it is of one."""

    total: Decimal
    transactions: tuple[RevenueTransaction, ...]
    bundle: ProductBundle | None
    shares: tuple[ProductShare, ...]


def item_revenues(
    *, actor: Actor, items: Sequence[UsageItem], on: date, are_unused: bool = False
) -> dict[str, ItemRevenue]:
    """The revenue of items on a day, by their codes; in a few statements however many there are.

    With `are_unused` they are new, have no usage and cost nothing without it: nothing is computed.
    """
    earning = () if are_unused else items
    contracts = sorted({item.contract for item in earning})
    asked = RevenueAsked(contracts=contracts, usage_items=[item.code for item in earning], limit=EVERYTHING.limit)
    rows = revenue_transactions(actor=actor, on=on, asked=asked).rows if earning else ()
    ids = sorted({item.bundle_id for item in items if item.bundle_id is not None})
    found = product_bundles(actor=actor, asked=Asked(ids=ids, limit=len(ids))).rows if ids else ()
    bundles = {bundle.id: bundle for bundle in found}
    return {item.code: _revenue(item, rows, bundles.get(item.bundle_id or 0)) for item in items}


def _revenue(item: UsageItem, rows: Sequence[RevenueTransaction], bundle: ProductBundle | None) -> ItemRevenue:
    own = tuple(row for row in rows if row.usage_item_id == item.id)
    total = sum((row.amount for row in own), _NOTHING)
    return ItemRevenue(
        total=total, transactions=own, bundle=bundle, shares=_shares(own, bundle, total) if bundle else ()
    )


def _shares(rows: Sequence[RevenueTransaction], bundle: ProductBundle, total: Decimal) -> tuple[ProductShare, ...]:
    shares = []
    for line in bundle.lines:
        amount = sum((row.amount for row in rows if row.product_id == line.product_id), _NOTHING)
        percentage = (amount * _ALL / total).quantize(Decimal("0.01")) if total else line.percentage or _NOTHING
        shares.append(
            ProductShare(
                product_id=line.product_id,
                product=line.product,
                product_name=line.product_name,
                amount=amount,
                percentage=percentage,
                agreed=line.percentage,
            )
        )
    return tuple(shares)
