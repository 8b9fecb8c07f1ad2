"""A contract's own price for a tier of a usage group."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from ratable.terms import Contract, TierPriceOverride
from ratable_server.actor import Actor
from ratable_server.operations.closed_months import refuse_closed_months
from ratable_server.operations.extending import extension_of
from ratable_server.operations.kept import NOTHING, Beside, Further, Kept
from ratable_server.operations.soundness import refuse_unfit
from ratable_server.operations.told import Created, told, told_beside
from ratable_server.operations.told_prices import refuse_other_own_prices
from ratable_server.store import models
from ratable_server.store.audit import Change, record_change
from ratable_server.store.inserting import insert
from ratable_server.store.retrying import retried
from ratable_server.store.scope import rows_of


@retried
def set_tier_price_override(
    *, actor: Actor, contract: str, override: TierPriceOverride, further: Further = NOTHING, at: datetime
) -> Created:
    """Set the contract's own price of a tier, or another than before. It prices every month of the contract.

    A closed month is not computed again under another price: once one of the contract is closed, only a usage group
    that no item of it uses yet can be priced.

    Refuses:
        contract_must_be_known, contract_must_not_be_terminated, override_must_name_a_known_tier,
        tier_must_have_a_price, amount_must_be_positive, price_must_fit_the_pricing_model, period_must_be_open
    """
    refuse_unfit(override)
    key = ("tier_price_override", override.product_id, override.usage_group_id, str(override.tier_number))
    kept = Kept(at=at, beside={key: Beside(further=further)})
    with extension_of(actor, contract, lambda was: _with(was, override), kept=kept) as extension:
        after = _with(extension.before, override)
        refuse_other_own_prices(after, extension.lines.catalog.terms, less=extension.before)
        if _is_used(extension.before, override):
            refuse_closed_months(extension.before, extension.open_on, field="tier_price_override")
        row = extension.lines.override(extension.row_id, override, 0)
        tier = {"contract_id": extension.row_id, "usage_group_id": row.usage_group_id, "tier_number": row.tier_number}
        found = rows_of(actor, models.TierPriceOverride).filter(**tier)
        told_now = {"price": override.price, "percentage": override.percentage, **kept.changes(*key)}
        if not found.update(**told_now):
            insert(row)
        before = next((told(own) for own in extension.before.tier_price_overrides if _same_tier(own, override)), None)
        change = Change(
            "set_tier_price_override", "contract", contract, before=before, after=told_beside(override, further)
        )
        record_change(actor, change, at=at)
    return Created(code=f"{override.product_id}/{override.usage_group_id}/{override.tier_number}")


def _with(contract: Contract, override: TierPriceOverride) -> Contract:
    kept = tuple(own for own in contract.tier_price_overrides if not _same_tier(own, override))
    return replace(contract, tier_price_overrides=(*kept, override))


def _same_tier(one: TierPriceOverride, other: TierPriceOverride) -> bool:
    return (one.product_id, one.usage_group_id, one.tier_number) == (
        other.product_id,
        other.usage_group_id,
        other.tier_number,
    )


def _is_used(contract: Contract, override: TierPriceOverride) -> bool:
    priced = (override.product_id, override.usage_group_id)
    return priced in {(item.product_id, item.usage_group_id) for item in contract.usage_items}
