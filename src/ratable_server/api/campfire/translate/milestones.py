"""Milestones: `/rr/api/v1/contracts/{id}/milestones`. Their name is kept beside them, as it was sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal, localcontext
from typing import Any

from ratable.terms import BundleLine, Milestone
from ratable_server.api.campfire.translate.allocations import from_bundle_of_line, kept_bundle
from ratable_server.api.campfire.translate.words import Names

_CENT = Decimal("0.01")
_FINEST = Decimal("1e-12")  # the last digit that a number of the wire has
_DIGITS = 60
OURS = ("contract", "product", "product_bundle", "product_bundle_id", "milestone_date", "amount")


def to_milestone(
    fields: Mapping[str, Any], code: str, *, product: str | None, allocation: tuple[BundleLine, ...]
) -> Milestone:
    """A fixed amount of a day, of a product or split over those of a bundle."""
    return Milestone(
        id=code, product_id=product, on=fields["milestone_date"], amount=fields["amount"], allocation=allocation
    )


def is_product_of_its_parts(fields: Mapping[str, Any]) -> bool:
    """Is the amount what the quantity comes to at the rate, where both are told?"""
    quantity, rate = fields.get("quantity"), fields.get("rate")
    return quantity is None or rate is None or abs(quantity * rate - fields["amount"]) <= _CENT


def said_of(milestone: Any) -> dict[str, Any]:
    """What a milestone says, in the words of the wire: what a part of it does not change."""
    return {"milestone_date": milestone.on, "amount": milestone.amount}


def from_milestone(
    milestone: Any, revenue: Mapping[int, int], shares: Sequence[Any], *, names: Names, tenant: int
) -> dict[str, Any]:
    """A milestone with the id of its revenue; of a bundle, that of its first product."""
    bundle = kept_bundle(milestone.further, milestone.amount, shares)
    quantity, rate = _parts(milestone)
    return {
        "id": milestone.id,
        "customer": tenant,
        "contract": milestone.contract_id,
        "product": milestone.product_id,
        "product_name": milestone.product_name,
        "product_bundle": None if bundle is None else str(bundle.bundle.id),
        "product_bundle_id": None if bundle is None else bundle.bundle.id,
        "product_bundle_name": None if bundle is None else bundle.bundle.name,
        "contract_product_bundle": None
        if bundle is None
        else from_bundle_of_line(milestone, bundle, milestone.currency),
        "milestone_name": milestone.further.get("milestone_name", milestone.code),
        "milestone_date": milestone.on,
        "amount": milestone.amount,
        "quantity": quantity,
        "rate": rate,
        **names.of_fields(milestone.further, "department"),
        "tags": names.tags(milestone.further),
        "revenue_transaction_id": revenue.get(milestone.id),
        "created_at": milestone.created_at,
        "last_modified_at": milestone.modified_at.isoformat(),
        "is_deleted": milestone.deleted_at is not None,
        "deleted_at": milestone.deleted_at,
    }


def _parts(milestone: Any) -> tuple[Decimal, Decimal]:
    """Quantity and rate, which are documented as never null: as they were sent, and one of them out of the other.

    Without either, and where nothing can be made of a part that is zero, a milestone is one unit at its amount.
    """
    quantity, rate = (milestone.further.get(name) for name in ("quantity", "rate"))
    if rate is None:
        rate = _divided(milestone.amount, quantity) if quantity else milestone.amount
    if quantity is None:
        quantity = _divided(milestone.amount, rate) if rate else Decimal(1)
    return quantity, rate


def _divided(amount: Decimal, part: Decimal) -> Decimal:
    """The other part, to the last digit that can be told, less zeros that say nothing."""
    with localcontext(prec=_DIGITS):
        other = (amount / part).quantize(_FINEST)
        whole = other.to_integral_value()
        return whole if other == whole else other.normalize()
