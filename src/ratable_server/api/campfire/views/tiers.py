"""The tier that usage is said to be of: one by which it can be priced. Which one it is priced by is calculated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rest_framework.exceptions import ValidationError

from ratable_server.actor import Actor
from ratable_server.queries.catalog import usage_group_of_tier


def wrong_tier(actor: Actor, tier_id: int, *, group_id: int | None, product_id: int | None) -> str | None:
    """Why usage of a plan, or of a product without one, cannot be of a tier; of neither it can be of any that is there."""
    group = usage_group_of_tier(actor=actor, tier_id=tier_id)
    if group is None:
        return f'Invalid pk "{tier_id}" - object does not exist.'
    is_of_it = group_id in {None, group.id} and product_id in {None, group.product_id}
    return None if is_of_it else "It is of another usage group."


def refuse_other_tiers(
    actor: Actor, lines: Sequence[Mapping[str, Any]], *, group_id: int | None, product_id: int | None
) -> None:
    """Go on, unless a line of usage names a tier by which it cannot be priced.

    Raises:
        ValidationError: it does, told by its place.
    """
    named = {line["usage_tier"] for line in lines if line.get("usage_tier") is not None}
    wrong = {each: wrong_tier(actor, each, group_id=group_id, product_id=product_id) for each in sorted(named)}
    if any(wrong.values()):
        told = {place: wrong.get(line.get("usage_tier") or 0) for place, line in enumerate(lines)}
        raise ValidationError({"lines": {str(place): {"usage_tier": [text]} for place, text in told.items() if text}})
