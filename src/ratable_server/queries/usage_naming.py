"""What a usage item is agreed by: its contract, and what of the catalogue it names, each by the id of its row.

One statement, which a connection plans once: who adds an item asks this before anything else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.load.parts import Part, Parts

_SIGNED = {
    "contract": Part(
        model=models.Contract,
        roads={"id": "id", "code": "code", "currency": "currency", "starts_on": "starts_on", "further": "further"},
        where="id = %(contract)s",
    )
}
_GROUP = "SELECT product_id FROM usage_group WHERE tenant_id = %(tenant)s AND id = %(group)s AND deleted_at IS NULL"
_NAMED = {
    "group": Part(
        model=models.UsageGroup,
        roads={"id": "id", "code": "code", "product_id": "product_id", "pricing_model": "pricing_model"},
        where="id = %(group)s",
    ),
    "first_tier": Part(
        model=models.Tier,
        roads={"flat_fee": "flat_fee"},
        where="usage_group_id = %(group)s AND number = 1",
    ),
    "product": Part(
        model=models.Product,
        roads={"id": "id", "code": "code", "name": "name"},
        where=f"id = COALESCE(({_GROUP}), %(product)s)",
    ),
    "bundle": Part(model=models.ProductBundle, roads={"id": "id", "code": "code"}, where="id = %(bundle)s"),
}
_CONTRACT, _CATALOG, _BOTH = Parts(_SIGNED), Parts(_NAMED), Parts({**_SIGNED, **_NAMED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A contract, as far as what is added to it needs it."""

    id: int
    code: str
    currency: str
    starts_on: date
    further: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """Something of the catalogue: the id of its row, its public id, what it is called."""

    id: int
    code: str
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogued:
    """What an item names; None: not there, or not named. A group names its product, `product_id` is the row of that.

    `costs_unused`: by a fixed fee, or the flat fee of a first tier by policy, it can come to something without usage.
    """

    product: Named | None
    group: Named | None
    bundle: Named | None
    product_id: int | None
    costs_unused: bool


def contract_signed(*, actor: Actor, id: int) -> Signed | None:
    """A contract by its row; None: there is none."""
    return _signed(_CONTRACT.read_alone(actor, {"tenant": actor.tenant_id, "contract": id}))


def catalogued(*, actor: Actor, product: int | None, group: int | None, bundle: int | None) -> Catalogued:
    """What is there of the rows that an item names."""
    wanted = {"tenant": actor.tenant_id, "product": product, "group": group, "bundle": bundle}
    return _catalogued(_CATALOG.read_alone(actor, wanted))


def signed_and_catalogued(
    *, actor: Actor, contract: int, product: int | None, group: int | None, bundle: int | None
) -> tuple[Signed | None, Catalogued]:
    """Both, in one question."""
    wanted = {"contract": contract, "product": product, "group": group, "bundle": bundle}
    found = _BOTH.read_alone(actor, {"tenant": actor.tenant_id, **wanted})
    return _signed(found), _catalogued(found)


def _signed(found: Mapping[str, list[dict[str, Any]]]) -> Signed | None:
    return Signed(**found["contract"][0]) if found["contract"] else None


def _catalogued(found: Mapping[str, list[dict[str, Any]]]) -> Catalogued:
    groups, fees = found["group"], [tier for tier in found["first_tier"] if tier["flat_fee"]]
    named = {
        kind: Named(id=each["id"], code=each["code"], name=each.get("name") or "")
        for kind in ("product", "group", "bundle")
        for each in found[kind]
    }
    return Catalogued(
        product=named.get("product"),
        group=named.get("group"),
        bundle=named.get("bundle"),
        product_id=groups[0]["product_id"] if groups else None,
        costs_unused=bool(groups) and (groups[0]["pricing_model"] == "fixed_fee" or bool(fees)),
    )
