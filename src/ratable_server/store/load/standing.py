"""A contract as it stands now, and what is sold of what it names: read with every change of it, by one statement each.

For a writer who holds the contract. What was known at some moment is `load_terms` under `terms_known`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ratable.terms import Contract, Product, RatingOptions, Tier, UsageGroup
from ratable_server.actor import Actor
from ratable_server.store import models
from ratable_server.store.load.catalog import OPTIONS
from ratable_server.store.load.parts import Part, Parts
from ratable_server.store.load.terms import HEAD, LINES, contract_from
from ratable_server.store.prepared import rows_of_each


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A contract with its last day of service, if it was ended before its time."""

    contract: Contract
    terminated_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offered:
    """Rows of the catalogue that are there by public ids, groups by those of their products too; and what products say."""

    products: dict[str, int]
    groups: dict[tuple[str, str], int]
    bundles: dict[str, int]
    terms: tuple[Product, ...]


_ON_IT = "contract_id = %(contract)s"
_CONTRACT = Parts(
    {
        "contract": Part(model=models.Contract, roads=HEAD, where="id = %(contract)s"),
        "termination": Part(model=models.Termination, roads={"on": "on"}, where=_ON_IT),
        **{
            name: Part(model=line.model, roads=line.roads, where=_ON_IT, order=(line.order, "id"))
            for name, line in LINES.items()
        },
    }
)

_GROUP = ("pricing_model", "unit_of_measure", "package_size", "free_units", "currency")
_TIER = (
    "number", "lower_quantity", "upper_quantity", "price", "percentage", "flat_fee", "minimum_amount", "maximum_amount",
)  # fmt: skip
# Each list of ids is looked up once, before the rows: a join would be planned for tables as small as they once were.
_PRODUCTS = "SELECT id FROM product WHERE tenant_id = %(tenant)s AND code = ANY(%(products)s) AND deleted_at IS NULL"
_OF_PRODUCTS = f"product_id = ANY(ARRAY({_PRODUCTS}))"
_GROUPS = f"SELECT id FROM usage_group WHERE tenant_id = %(tenant)s AND {_OF_PRODUCTS}"  # noqa: S608 - our own
_CATALOG = Parts(
    {
        "product": Part(
            model=models.Product,
            roads={"row_id": "id", "code": "code", "name": "name", "currency": "currency"},
            where="code = ANY(%(products)s)",
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
            where=_OF_PRODUCTS,
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
            model=models.ProductBundle, roads={"row_id": "id", "code": "code"}, where="code = ANY(%(bundles)s)"
        ),
    }
)


def load_standing(actor: Actor, row_id: int) -> Standing | None:
    """The contract of a row; None: it is not there."""
    return _standing(_CONTRACT.read({"tenant": actor.tenant_id, "contract": row_id}))


def standing_after(
    actor: Actor, row_id: int, *, before: tuple[str, Mapping[str, Any]]
) -> tuple[list[tuple[Any, ...]], Standing | None]:
    """What a statement gives, and in the same trip the contract as it stands after that."""
    given, rows = rows_of_each(before, (_CONTRACT.statement, {"tenant": actor.tenant_id, "contract": row_id}))
    return given, _standing(_CONTRACT.records(rows))


def _standing(found: Mapping[str, list[dict[str, Any]]]) -> Standing | None:
    if not found["contract"]:
        return None
    lines = {name: [line.record(**fields) for fields in found[name]] for name, line in LINES.items()}
    terminations = found["termination"]
    return Standing(
        contract=contract_from(found["contract"][0], lines),
        terminated_on=terminations[0]["on"] if terminations else None,
    )


def load_offered(actor: Actor, *, products: Collection[str], bundles: Collection[str]) -> Offered:
    """What is sold of these public ids. Groups that were deleted are in what their product says, and not offered."""
    found = _CATALOG.read({"tenant": actor.tenant_id, "products": list(products), "bundles": list(bundles)})
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
        products={each["code"]: each["row_id"] for each in found["product"]},
        groups=offered,
        bundles={each["code"]: each["row_id"] for each in found["bundle"]},
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
