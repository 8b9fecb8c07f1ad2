"""What usage is priced at, tier by tier: of one contract, as the books stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ratable.money import to_major
from ratable_server.actor import Actor
from ratable_server.queries.computed import computed
from ratable_server.store.models import Contract
from ratable_server.store.scope import books_of, rows_of


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedTier:
    """A month's usage of an item in one tier, before any pool or true-up; `product` and `usage_item` are codes."""

    usage_item: str
    product: str
    month_on: date
    tier_number: int
    quantity: Decimal
    amount: Decimal


def rated_tiers(*, actor: Actor, contract: str, on: date) -> tuple[RatedTier, ...]:
    """Every month of a contract with all usage that is known, by item, month and tier; late usage is in its own month."""
    with books_of(actor):
        currency = rows_of(actor, Contract).filter(code=contract).values_list("currency", flat=True).first()
    if currency is None:
        return ()
    order = [(name, "ascending") for name in ("item_id", "month_on", "tier")]
    return tuple(
        RatedTier(
            usage_item=row["item_id"],
            product=row["product_id"],
            month_on=row["month_on"],
            tier_number=row["tier"],
            quantity=Decimal(row["quantity_e12"]).scaleb(-12),
            amount=to_major(row["amount_minor"], currency),
        )
        for row in computed(actor, contracts=[contract], on=on).rated.sort_by(order).to_pylist()
    )
