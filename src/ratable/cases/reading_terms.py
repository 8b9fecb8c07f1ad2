"""Reads all that was agreed: entity, policy, products, bundles and contracts.

Owns the order in which terms are read (products before what refers to them) and the shape of
`entity` and `policy`.
"""

from __future__ import annotations

from typing import Literal, get_args
from zoneinfo import ZoneInfo

from ratable import scalars
from ratable.cases.fields import Fields
from ratable.cases.names import Names
from ratable.cases.nodes import Mapping
from ratable.cases.reading_contracts import read_contract
from ratable.cases.reading_products import read_bundle, read_product
from ratable.terms import Breakage, Entity, LateUsage, PartialMonth, Policy, Proration, Rounding, Terms

ROUNDINGS: tuple[Rounding, ...] = get_args(Rounding)
RESIDUES: tuple[Literal["largest_remainder"], ...] = ("largest_remainder",)
BREAKAGES: tuple[Breakage, ...] = get_args(Breakage)
LATE_USAGES: tuple[LateUsage, ...] = get_args(LateUsage)
PARTIAL_MONTHS: tuple[PartialMonth, ...] = get_args(PartialMonth)
PRORATIONS: tuple[Proration, ...] = get_args(Proration)

DEFAULT_CURRENCY = "USD"

_POLICY_KEYS = "rounding residue breakage late_usage cascade minimum_partial_month zero_usage_flat_fee proration"


def read_terms(root: Fields) -> Terms:
    """Read the terms of a case from its root mapping."""
    names = Names()
    currency = root.maybe("currency", scalars.currency_of) or DEFAULT_CURRENCY
    return Terms(
        entity=_entity(root.mapping("entity")),
        policy=_policy(root.mapping("policy")),
        products=tuple(read_product(node, names) for node in root.mappings("products")),
        product_bundles=tuple(read_bundle(node, names) for node in root.mappings("product_bundles")),
        contracts=tuple(read_contract(node, names, currency) for node in root.mappings("contracts")),
    )


def _entity(node: Mapping | None) -> Entity:
    if node is None:
        return Entity()
    fields = Fields(node, required="id", optional="timezone")
    return Entity(id=fields.text("id"), timezone=fields.maybe("timezone", _timezone) or Entity().timezone)


def _timezone(text: str) -> str:
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{text!r} is not a time zone such as Europe/Berlin") from error


def _policy(node: Mapping | None) -> Policy:
    if node is None:
        return Policy()
    fields = Fields(node, optional=_POLICY_KEYS)
    default = Policy()
    return Policy(
        rounding=fields.choice("rounding", ROUNDINGS, default.rounding),
        residue=fields.choice("residue", RESIDUES, default.residue),
        breakage=fields.choice("breakage", BREAKAGES, default.breakage),
        late_usage=fields.choice("late_usage", LATE_USAGES, default.late_usage),
        cascade=fields.truth("cascade", default=default.cascade),
        minimum_partial_month=fields.choice("minimum_partial_month", PARTIAL_MONTHS, default.minimum_partial_month),
        zero_usage_flat_fee=fields.truth("zero_usage_flat_fee", default=default.zero_usage_flat_fee),
        proration=fields.choice("proration", PRORATIONS, default.proration),
    )
