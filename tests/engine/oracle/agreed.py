"""What was agreed, ready to be looked up by id: the terms of a case as dictionaries.

Owns windows of days and the prices of a contract with its overrides. It holds no fact.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date

from ratable.terms import (
    Contract,
    PrepaidCommit,
    Product,
    Terms,
    Tier,
    TierPriceOverride,
    UsageGroup,
    UsageItem,
)
from tests.engine.oracle.units import BEGINNING, day_after, day_before, last_day, month_of


@dataclass(frozen=True)
class Window:
    """Days from `first` to `last`, both included; `last` is None for ever."""

    first: date
    last: date | None

    def holds(self, day: date) -> bool:
        return self.first <= day and (self.last is None or day <= self.last)

    def meet(self, other: Window) -> Window:
        ends = [end for end in (self.last, other.last) if end is not None]
        return Window(max(self.first, other.first), min(ends) if ends else None)

    def until(self, day: date | None) -> Window:
        return self.meet(Window(BEGINNING, day))

    def in_month(self, month: date) -> Window:
        return self.meet(Window(month, last_day(month)))

    @property
    def days(self) -> int:
        """How many days there are; only of a window with an end."""
        return max(0, (self.last - self.first).days + 1) if self.last else 0


def window(starts_on: date, ends_before: date | None) -> Window:
    return Window(starts_on, day_before(ends_before) if ends_before else None)


class Agreed:
    """The terms of a case by id."""

    def __init__(self, terms: Terms) -> None:
        self.terms = terms
        self.policy = terms.policy
        self.contracts = {c.id: c for c in terms.contracts}
        self.products: dict[str, Product] = {p.id: p for p in terms.products}
        self.bundles = {b.id: b for b in terms.product_bundles}
        self.items: dict[str, tuple[Contract, UsageItem]] = {
            item.id: (c, item) for c in terms.contracts for item in c.usage_items
        }
        self.commits: dict[str, tuple[Contract, PrepaidCommit]] = {
            commit.id: (c, commit) for c in terms.contracts for commit in c.prepaid_commits
        }

    @property
    def first_month(self) -> date:
        """The month in which the books begin: the first in which a contract is served."""
        return month_of(min((self.serves(c).first for c in self.contracts.values()), default=date.max))

    def contract_window(self, contract: Contract) -> Window:
        return window(contract.starts_on, contract.ends_before)

    def group_of(self, contract: Contract, item: UsageItem) -> UsageGroup | None:
        """The usage group that prices the item, with the prices of its contract."""
        product = self.products.get(item.product_id or "")
        groups = product.usage_groups if product else ()
        for group in groups:
            if group.id == item.usage_group_id:
                tiers = [_tier(contract, item, tier) for tier in group.tiers]
                if group.options.overage_price is not None:
                    tiers.append(Tier(number=len(tiers) + 1, price=group.options.overage_price))
                return replace(group, tiers=tuple(tiers))
        return None

    def served_after(self, contract: Contract) -> date:
        """The cut-over day: service up to it and on it is only known by balances."""
        return contract.opening.as_of if contract.opening else BEGINNING

    def serves(self, contract: Contract) -> Window:
        return self.contract_window(contract).meet(Window(day_after(self.served_after(contract)), None))


def _tier(contract: Contract, item: UsageItem, tier: Tier) -> Tier:
    for override in contract.tier_price_overrides:
        if _names(override, item, tier):
            return replace(tier, price=override.price, percentage=override.percentage)
    return tier


def _names(override: TierPriceOverride, item: UsageItem, tier: Tier) -> bool:
    named = (override.product_id, override.usage_group_id, override.tier_number)
    return named == (item.product_id, item.usage_group_id, tier.number)
