"""What a fixed amount is of: a product, or a bundle as it is when it is agreed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rest_framework.exceptions import ValidationError

from ratable.money import minor_unit_digits
from ratable.terms import BundleLine
from ratable_server.actor import Actor
from ratable_server.api.campfire.translate.allocations import BUNDLE, to_first_lines, to_kept_bundle
from ratable_server.api.campfire.translate.subscriptions import rounded
from ratable_server.queries.catalog import product_bundles, products
from ratable_server.queries.listing import Asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """Our id of the product, or the split and what is kept of the bundle."""

    product: str | None
    allocation: tuple[BundleLine, ...] = ()
    kept: Mapping[str, Any] | None = None

    def beside(self, further: Mapping[str, Any]) -> dict[str, Any]:
        """Further fields with what is kept of the bundle."""
        others = {name: value for name, value in further.items() if name != BUNDLE}
        return {**others, BUNDLE: self.kept} if self.kept else others


def sold_of(actor: Actor, fields: Mapping[str, Any], *, was: Any = None) -> Sold:
    """What a body names, with both of its words for a bundle; a bundle that was agreed before stays as it was then.

    A split that another door agreed on is of no bundle here, and not told as one: it stays where no product is named.

    Raises:
        ValidationError: it is not there, or both are named.
    """
    bundle_id = bundle_of(fields)
    if bundle_id is not None and fields.get("product") is not None:
        raise ValidationError({"product_bundle": ["It is of a product or of a bundle, not of both."]})
    before = {} if was is None else was.further.get(BUNDLE) or {}
    if bundle_id is None:
        product = _product(actor, fields)
        is_split = was is not None and product is None and not before
        return Sold(product=product, allocation=was.allocation if is_split else ())
    if before.get("id") == bundle_id:
        return Sold(product=None, allocation=was.allocation, kept=before)
    bundle = product_bundles(actor=actor, asked=Asked(ids=[bundle_id])).first
    if bundle is None:
        raise ValidationError({"product_bundle": [f'Invalid pk "{bundle_id}" - object does not exist.']})
    return Sold(product=None, allocation=to_first_lines(bundle), kept=to_kept_bundle(bundle))


def bundle_of(fields: Mapping[str, Any]) -> int | None:
    """The id of the bundle under either name."""
    said: int | None = fields.get("product_bundle_id")
    return fields.get("product_bundle") if said is None else said


def said_bundle(row: Any, sent: Mapping[str, Any]) -> dict[str, Any]:
    """What a line says of its bundle, where the body says nothing of what it is of."""
    if {"product", "product_bundle", "product_bundle_id"} & set(sent):
        return {}
    kept = row.further.get(BUNDLE) or {}
    return {"product": row.product_id, "product_bundle_id": kept.get("id")}


def refuse_other_products(fields: Mapping[str, Any], shares: Sequence[Any]) -> None:
    """Go on, unless the lines are of other products than the bundle, or of one twice.

    Raises:
        ValidationError: they are.
    """
    told = Counter(line["product"] for line in fields["lines"])
    products = {share.product_id: share.product_name for share in shares}
    unknown = [f'Invalid pk "{each}" - it is not of the bundle.' for each in told if each not in products]
    missing = [f"A line of {name} is missing." for each, name in products.items() if each not in told]
    twice = [f"There are two lines of {products[each]}." for each in told if each in products and told[each] > 1]
    if unknown or missing or twice:
        raise ValidationError({"lines": [*unknown, *missing, *twice]})


def refuse_parts_of_minor_units(fields: Mapping[str, Any], currency: str) -> None:
    """Go on, unless an amount has more digits than can be told back of it.

    Raises:
        ValidationError: one has.
    """
    digits = minor_unit_digits(currency)
    wrong = [line["amount"] for line in fields["lines"] if rounded(line["amount"], currency) != line["amount"]]
    if wrong:
        raise ValidationError(
            {"lines": [f"{each:f}: Ensure that there are no more than {digits} decimal places." for each in wrong]}
        )


def _product(actor: Actor, fields: Mapping[str, Any]) -> str | None:
    if fields.get("product") is None:
        return None
    row = products(actor=actor, asked=Asked(ids=[fields["product"]])).first
    if row is None:
        raise ValidationError({"product": [f'Invalid pk "{fields["product"]}" - object does not exist.']})
    return row.code
