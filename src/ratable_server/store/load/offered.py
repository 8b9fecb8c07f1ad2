"""What is sold of what contracts name, with the terms of its products: read with every change of a contract, by one statement.

As the catalogue is now. What was known at some moment is `load_terms` under `terms_known`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from ratable.terms import Product, RatingOptions, Tier, UsageGroup
from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.load.catalog import OPTIONS
from ratable_server.store.load.parts import Part, Parts
from ratable_server.store.load.standing import OF_CODE, ON_IT
from ratable_server.store.prepared import Asked, all_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Public ids of products and bundles."""

    products: frozenset[str]
    bundles: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Rows of the catalogue that are there by public ids, groups by those of their products too; and what products say."""

    products: Mapping[str, int]
    groups: Mapping[tuple[str, str], int]
    bundles: Mapping[str, int]
    terms: tuple[Product, ...]

    def has(self, names: Names) -> bool:
        """Is everything there that is named so?"""
        return names.products <= self.products.keys() and names.bundles <= self.bundles.keys()


_Told = tuple[tuple[str, str], ...]  # kinds and rows
_FEW, _MOST_LETTERS = 100, 16_000  # of an answer that is remembered: its rows and their letters, at most
_KEPT = 256  # answers that are remembered
_GROUP = ("pricing_model", "unit_of_measure", "package_size", "free_units", "currency")
_TIER = (
    "number", "lower_quantity", "upper_quantity", "price", "percentage", "flat_fee", "minimum_amount", "maximum_amount",
)  # fmt: skip
# Each list of ids is looked up once, before the rows: a join would be planned for tables as small as they once were.
_GROUPS = "SELECT id FROM usage_group WHERE tenant_id = %(tenant)s AND product_id = ANY(ARRAY(SELECT id FROM named))"
_PARTS = {
    "product": Part(
        model=models.Product,
        roads={"row_id": "id", "code": "code", "name": "name", "currency": "currency"},
        where="id = ANY(ARRAY(SELECT id FROM named))",
    ),
    "group": Part(
        model=models.UsageGroup,
        roads={
            "row_id": "id",
            "product": "product_id",
            "id": "code",
            "deleted_at": "deleted_at",
            **{name: name for name in (*_GROUP, *OPTIONS)},
        },
        where="product_id = ANY(ARRAY(SELECT id FROM named))",
        order=("product_id", "place", "id"),
        with_deleted=True,
    ),
    "tier": Part(
        model=models.Tier,
        roads={"group": "usage_group_id", **{name: name for name in _TIER}},
        where=f"usage_group_id = ANY(ARRAY({_GROUPS}))",
        order=("usage_group_id", "number"),
    ),
    "bundle": Part(
        model=models.ProductBundle,
        roads={"row_id": "id", "code": "code"},
        where="id = ANY(ARRAY(SELECT id FROM bundled))",
    ),
}
_BEGINNING = """named AS MATERIALIZED (
    SELECT id FROM product WHERE tenant_id = %(tenant)s AND code = ANY(%(products)s) AND deleted_at IS NULL{more_products}
), bundled AS MATERIALIZED (
    SELECT id FROM product_bundle WHERE tenant_id = %(tenant)s AND code = ANY(%(bundles)s){more_bundles}
)
"""
_LINE = f"SELECT {{column}} FROM {{table}} WHERE tenant_id = %(tenant)s AND {ON_IT} AND deleted_at IS NULL"  # noqa: S608 - our own
_OVERRIDDEN = f"""
    SELECT product_id FROM usage_group
    WHERE tenant_id = %(tenant)s AND id = ANY(ARRAY({_LINE.format(column="usage_group_id", table="tier_price_override")}))
"""  # noqa: S608 - our own
_ON_LINES = "\n    UNION ALL ".join(
    _LINE.format(column="product_id", table=table)
    for table in ("usage_item", "prepaid_commit", "subscription", "milestone")
)
_MORE_PRODUCTS = f"""
    UNION ALL
    SELECT id FROM product
    WHERE tenant_id = %(tenant)s AND id = ANY(ARRAY({_ON_LINES}\n    UNION ALL{_OVERRIDDEN})) AND deleted_at IS NULL"""  # noqa: S608 - our own
_MORE_BUNDLES = f"\n    UNION ALL {_LINE.format(column='bundle_id', table='usage_item')}"
_NAMED = Parts(_PARTS, beginning=f"WITH {_BEGINNING.format(more_products='', more_bundles='')}")
_OF_CONTRACT = Parts(
    _PARTS,
    beginning=f"{OF_CODE}, {_BEGINNING.format(more_products=_MORE_PRODUCTS, more_bundles=_MORE_BUNDLES)}",
)


def load_offered(actor: Actor, names: Names) -> Offered:
    """What is sold of what is named. Groups that were deleted are in what their product says, and not offered."""
    return offered_from(all_rows(_NAMED.statement, _wanted(actor, names)))


def offered_asked(actor: Actor, contract: str, names: Names) -> Asked:
    """The statement that reads the same of what a contract's lines name too, with its parameters.

    Products that only a split names are left out.
    """
    return _OF_CONTRACT.statement, {**_wanted(actor, names), "contract": contract}


def offered_from(rows: Iterable[Sequence[Any]]) -> Offered:
    """What is sold, out of the rows that one of these statements has given."""
    told = tuple((kind, row) for kind, _, row in rows)
    is_short = len(told) <= _FEW and sum(len(row) for _, row in told) <= _MOST_LETTERS
    return _remembered(told) if is_short else _offered(told)


@lru_cache(maxsize=_KEPT)
def _remembered(told: _Told) -> Offered:
    """The same of few rows that are not long: a price plan is sold on many contracts, and its rows say all that it is."""
    return _offered(told)


def _offered(told: _Told) -> Offered:
    found = _NAMED.records((kind, None, row) for kind, row in told)
    tiers: defaultdict[int, list[Tier]] = defaultdict(list)
    for tier in found["tier"]:
        tiers[tier.pop("group")].append(Tier(**tier))
    groups: defaultdict[int, list[UsageGroup]] = defaultdict(list)
    codes = {each["row_id"]: each["code"] for each in found["product"]}
    offered: dict[tuple[str, str], int] = {}
    for group in found["group"]:
        if group["deleted_at"] is None:
            offered[codes[group["product"]], group["id"]] = group["row_id"]
        groups[group["product"]].append(_group(group, tiers[group["row_id"]]))
    return Offered(
        products=MappingProxyType({each["code"]: each["row_id"] for each in found["product"]}),
        groups=MappingProxyType(offered),
        bundles=MappingProxyType({each["code"]: each["row_id"] for each in found["bundle"]}),
        terms=tuple(
            Product(
                id=each["code"],
                name=each["name"] or "",
                usage_groups=tuple(groups[each["row_id"]]),
                currency=each["currency"],
            )
            for each in found["product"]
        ),
    )


def _group(told: dict[str, Any], tiers: list[Tier]) -> UsageGroup:
    own: dict[str, Any] = {name: told[name] for name in ("id", *_GROUP)}
    options: dict[str, Any] = {name: told[name] for name in OPTIONS}
    return UsageGroup(**own, tiers=tuple(tiers), options=RatingOptions(**options))


def _wanted(actor: Actor, names: Names) -> dict[str, Any]:
    return {"tenant": actor.tenant_id, "products": list(names.products), "bundles": list(names.bundles)}
