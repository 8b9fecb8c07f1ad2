"""Bundles of contracts: `/rr/api/v1/contracts/{id}/bundles`.

The document does not say what they do to revenue: they are kept in the register and told as they were sent, and no
calculation reads them. A bundle that splits an amount is one of the catalogue, on a subscription, a milestone or usage.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

KIND = "contract_bundle"
OURS = ("contract", "lines")


def to_kept(fields: Mapping[str, Any], was: Mapping[str, Any], *, contract: int) -> dict[str, Any]:
    """What the register keeps: after a change what was kept, and what was sent now."""
    said = {**was, **{name: value for name, value in fields.items() if name not in OURS}}
    lines = fields.get("lines")
    if lines is not None:
        said["lines"] = [{name: line.get(name) for name in ("product", "amount")} for line in lines]
    method, is_daily = fields.get("proration_method"), fields.get("use_daily_accounting")
    if method is not None:
        said["use_daily_accounting"] = method == "daily"
    elif is_daily is not None:
        said["proration_method"] = "daily" if is_daily else "standard"
    return {**said, "contract": contract}


def refuses(kept: Mapping[str, Any], *, is_evergreen: bool) -> dict[str, list[str]]:
    """What is wrong with a bundle, by field."""
    starts_on, ends_on, caught_on = (_day(kept.get(name)) for name in ("start_date", "end_date", "catchup_date"))
    if ends_on is None and not is_evergreen:
        return {"end_date": ["A contract with an end needs one."]}
    if ends_on is not None and starts_on is not None and ends_on < starts_on:
        return {"end_date": ["It is before the start."]}
    if kept.get("use_catchup") and caught_on is None:
        return {"catchup_date": ["This field is required with use_catchup."]}
    return {}


def products_in(kept: Mapping[str, Any]) -> list[int]:
    """The products that its lines name."""
    return sorted({line["product"] for line in kept.get("lines") or () if line["product"] is not None})


def from_bundle(entry: Any, products: Mapping[int, str], *, tenant: int) -> dict[str, Any]:
    """A bundle with its lines; the id of a line is its place."""
    when = {"created_at": entry.created_at, "last_modified_at": entry.modified_at}
    state = {"is_deleted": entry.deleted_at is not None, "deleted_at": entry.deleted_at, "customer": tenant, **when}
    lines = [
        {
            "id": place,
            **state,
            "product_name": products.get(line["product"] or 0),
            "amount": line["amount"],
            "product": line["product"],
        }
        for place, line in enumerate(entry.further.get("lines") or (), 1)
    ]
    return {"id": entry.id, **state, "lines": lines}


def _day(said: Any) -> date | None:
    return date.fromisoformat(said) if isinstance(said, str) else said
