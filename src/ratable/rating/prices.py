"""The value of units in a tier, for every pricing model.

Rows carry an item's `pricing_model`, `package_size_e12`, `free_units_e12`, `zero_usage_flat_fee`, a tier's
`tier`, `lower_e12`, `upper_e12`, `unit_price_e12`, `flat_fee_e12`, and `quantity_e12`.
"""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from ratable.money import SCALE, exact, started


def holds(rows: ir.Table, quantity_e12: ir.Value) -> ir.Value:
    """Is this the tier that contains the quantity? Zero belongs to the first."""
    above = (quantity_e12 > rows.lower_e12) | (rows.tier == 1)
    return above & (quantity_e12 <= rows.upper_e12)


def units(rows: ir.Table) -> ir.Value:
    """The units that stand in the tier."""
    graduated = filled(rows, rows.quantity_e12)
    whole = ibis.ifelse(holds(rows, rows.quantity_e12), rows.quantity_e12, exact(0))
    return ibis.ifelse(rows.pricing_model == "graduated_tiered", graduated, whole)


def filled(rows: ir.Table, quantity_e12: ir.Value) -> ir.Value:
    """What of a quantity stands in the tier when it fills the tiers one after the other."""
    return ibis.greatest(ibis.least(quantity_e12, rows.upper_e12) - rows.lower_e12, exact(0))


def is_touched(rows: ir.Table, units_e12: ir.Value) -> ir.Value:
    first = rows.tier == 1
    fee_without_use = (
        rows.zero_usage_flat_fee & first & (rows.quantity_e12 == exact(0)) & (rows.flat_fee_e12 > exact(0))
    )
    return ibis.ifelse(rows.pricing_model == "fixed_fee", first, (units_e12 > exact(0)) | fee_without_use)


def value_e24(rows: ir.Table) -> ir.Value:
    """The unrounded value of a touched tier, scaled by 10^24; packages and fixed fees have no flat fee."""
    billable = ibis.greatest(rows.units_e12 - rows.free_units_e12, exact(0))
    size = ibis.greatest(rows.package_size_e12, exact(1))
    packages_e12 = started(billable, size) * exact(SCALE)
    counted = ibis.cases(
        (rows.pricing_model == "fixed_fee", exact(SCALE)),
        (rows.pricing_model == "package", packages_e12),
        else_=rows.units_e12,
    )
    has_fee = rows.pricing_model.notin(["fixed_fee", "package"])
    fee_e24 = ibis.ifelse(has_fee, rows.flat_fee_e12, exact(0)) * exact(SCALE)
    return counted * rows.unit_price_e12 + fee_e24
