"""What every row of a contract needs: products and bundles by id, and the days that bound the contract."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from decimal import Decimal

from ratable.money import minor_unit_digits, to_e12
from ratable.option_rows import priced_tiers
from ratable.periods import FAR, day_after
from ratable.terms import Contract, Policy, Product, Terms, TierPriceOverride, UsageGroup, UsageItem
from ratable.terms_tables.shapes import Amendments, Row, counts_from

_OPEN_END_E12 = 10**37  # above any quantity that fits


class Catalog:
    """Products and bundles by id."""

    def __init__(self, terms: Terms) -> None:
        self.products: dict[str, Product] = {product.id: product for product in terms.products}
        self.bundles = {bundle.id: bundle for bundle in terms.product_bundles}
        self.currency_of_commit = {
            commit.id: contract.currency for contract in terms.contracts for commit in contract.prepaid_commits
        }
        self.units_of_commit = {
            commit.id for contract in terms.contracts for commit in contract.prepaid_commits if commit.units is not None
        }
        self._tiers: dict[Hashable, list[Row]] = {}

    def group(self, item: UsageItem) -> UsageGroup | None:
        if item.product_id is None or item.usage_group_id is None:
            return None
        groups = self.products[item.product_id].usage_groups
        return next(group for group in groups if group.id == item.usage_group_id)

    def tiers(self, group: UsageGroup, product_id: str, overrides: tuple[TierPriceOverride, ...]) -> list[Row]:
        """The tiers of a group, at a contract's own prices where it has any; most contracts have none."""
        own = {
            override.tier_number: override
            for override in overrides
            if (override.product_id, override.usage_group_id) == (product_id, group.id)
        }
        key = (product_id, group.id, tuple(own.values()))
        if key not in self._tiers:
            self._tiers[key] = list(_tier_rows(group, own))
        return self._tiers[key]


def _tier_rows(group: UsageGroup, own: Mapping[int, TierPriceOverride]) -> Iterator[Row]:
    lower_e12 = 0
    for tier in priced_tiers(group):
        upper_e12 = _OPEN_END_E12 if tier.upper_quantity is None else to_e12(tier.upper_quantity)
        agreed = own.get(tier.number, tier)
        price = agreed.price if agreed.price is not None else (agreed.percentage or Decimal(0)).scaleb(-2)
        yield {
            "tier": tier.number,
            "lower_e12": lower_e12,
            "upper_e12": upper_e12,
            "unit_price_e12": to_e12(price),
            "flat_fee_e12": to_e12(tier.flat_fee),
        }
        lower_e12 = upper_e12


class Frame:
    """A contract with what is known of it."""

    def __init__(self, contract: Contract, catalog: Catalog, amendments: Amendments, *, policy: Policy) -> None:
        self.contract = contract
        self.catalog = catalog
        self.amendments = amendments
        self.policy = policy
        self.divisor = 10 ** (24 - minor_unit_digits(contract.currency))
        self.terminated_on = amendments.terminated_on.get(contract.id, FAR)
        self.released_on = amendments.released_on.get(contract.id, self.terminated_on)
        self.ends_before = min(contract.ends_before or FAR, day_after(self.terminated_on))
        self.counts_from = counts_from(contract)


def contract_row(of: Frame) -> Row:
    """The row of `tables.CONTRACTS`."""
    contract = of.contract
    return {
        "contract_id": contract.id,
        "currency": contract.currency,
        "minor_divisor": of.divisor,
        "starts_on": contract.starts_on,
        "ends_before": of.ends_before,
        "counts_from": of.counts_from,
        "terminated_on": of.terminated_on,
        "released_on": of.amendments.released_on.get(contract.id, of.terminated_on),
        "minimum_amount_e12": to_e12(contract.minimum_monthly_commitment_amount or Decimal(0)),
        "minimum_quantity_e12": to_e12(contract.minimum_monthly_commitment_quantity or Decimal(0)),
    }
