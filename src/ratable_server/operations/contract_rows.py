"""Rows of contracts, many at once: what a single operation writes and what an import of terms writes.

Owns how a record of a contract is laid out in rows. What it names must be there; whether it can be agreed was judged
before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db.models import Model

from ratable.terms import (
    BundleLine,
    Contract,
    Milestone,
    OpeningBalance,
    PrepaidCommit,
    Product,
    Subscription,
    TierPriceOverride,
    UsageItem,
)
from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.catalog_rows import AT_ONCE, known
from ratable_server.operations.kept import Kept
from ratable_server.store import models
from ratable_server.store.load.offered import Names, Offered, load_offered
from ratable_server.store.load.written import written_line, written_rollover, written_subscription_line
from ratable_server.store.scope import rows_of

Row = TypeVar("Row", bound=Model)
_Sources = tuple[dict[tuple[int, str], int], ...]  # of commits, subscriptions, milestones


@dataclass(frozen=True, slots=True, kw_only=True)
class Sold:
    """The rows of what contracts refer to, by public ids: a usage group's with that of its product.

    `terms` are those of the products, where they were asked for.
    """

    products: Mapping[str, int]
    groups: Mapping[tuple[str, str], int]
    bundles: Mapping[str, int]
    terms: tuple[Product, ...] = ()

    def product(self, code: str | None) -> int | None:
        return None if code is None else known(self.products, code, field="product")

    def group(self, product: str, code: str) -> int:
        if (product, code) not in self.groups:
            raise Refused("code_must_be_known", field="usage_group", detail=code)
        return self.groups[product, code]

    def bundle(self, code: str | None) -> int | None:
        return None if code is None else known(self.bundles, code, field="product_bundle")


def sold(actor: Actor) -> Sold:
    """The catalogue by public ids."""
    groups = rows_of(actor, models.UsageGroup).values_list("product__code", "code", "id")
    return Sold(
        products=dict(rows_of(actor, models.Product).values_list("code", "id")),
        groups={(product, code): row_id for product, code, row_id in groups},
        bundles=dict(rows_of(actor, models.ProductBundle).values_list("code", "id")),
    )


def names_in(*contracts: Contract) -> Names:
    """What of the catalogue contracts name."""
    each = [_names_in(contract) for contract in contracts]
    return Names(
        products=frozenset().union(*(names.products for names in each)),
        bundles=frozenset().union(*(names.bundles for names in each)),
    )


def _names_in(contract: Contract) -> Names:
    fixed: list[Subscription | Milestone] = [*contract.subscriptions, *contract.milestones]
    named: list[str | None] = [each.product_id for each in fixed]
    named += [line.product_id for each in fixed for line in each.allocation]
    named += [item.product_id for item in contract.usage_items]
    named += [commit.product_id for commit in contract.prepaid_commits]
    named += [override.product_id for override in contract.tier_price_overrides]
    bundles = {item.product_bundle_id for item in contract.usage_items}
    return Names(
        products=frozenset(each for each in named if each is not None),
        bundles=frozenset(each for each in bundles if each is not None),
    )


def sold_to(actor: Actor, contract: Contract, *, read: Offered | None = None) -> Sold:
    """What of the catalogue a contract names, as far as it is there, with the terms of its products.

    What was `read` is not read again, if it has all of it.
    """
    names = names_in(contract)
    found = read if read is not None and read.has(names) else load_offered(actor, names)
    return Sold(products=found.products, groups=found.groups, bundles=found.bundles, terms=found.terms)


def insert_contracts(
    actor: Actor, contracts: Sequence[Contract], kept: Kept, *, customers: dict[str, int], catalog: Sold
) -> None:
    """Contracts with everything on them; `customers` gives the row of each.

    Refuses:
        code_must_be_known
    """
    rows = [_contract(actor, contract, customers, kept=kept) for contract in contracts]
    made = rows_of(actor, models.Contract).bulk_create(rows, batch_size=AT_ONCE)
    ids = {row.code: row.id for row in made}
    Lines(actor, catalog, kept).insert([(ids[contract.id], contract) for contract in contracts])


def _contract(actor: Actor, contract: Contract, customers: dict[str, int], *, kept: Kept) -> models.Contract:
    return models.Contract(
        tenant_id=actor.tenant_id,
        code=contract.id,
        name=kept.of("contract", contract.id).name,
        customer_id=known(customers, contract.customer, field="customer"),
        currency=contract.currency,
        starts_on=contract.starts_on,
        ends_before=contract.ends_before,
        minimum_monthly_commitment_amount=contract.minimum_monthly_commitment_amount,
        minimum_monthly_commitment_quantity=contract.minimum_monthly_commitment_quantity,
        opening_as_of=contract.opening.as_of if contract.opening else None,
        **kept.columns("contract", contract.id),
    )


class Lines:
    """What stands on contracts, each with the row of its contract and its place there."""

    def __init__(self, actor: Actor, catalog: Sold, kept: Kept) -> None:
        self.actor = actor
        self.catalog = catalog
        self.kept = kept

    def insert(self, contracts: Sequence[tuple[int, Contract]]) -> None:
        """Everything on new contracts."""
        self._insert(models.UsageItem, _each(contracts, lambda c: c.usage_items, self.item))
        self._insert(models.TierPriceOverride, _each(contracts, lambda c: c.tier_price_overrides, self.override))
        commits = self._insert(models.PrepaidCommit, _each(contracts, lambda c: c.prepaid_commits, self.commit))
        subscriptions = self._insert(
            models.Subscription, _each(contracts, lambda c: c.subscriptions, self.subscription)
        )
        milestones = self._insert(models.Milestone, _each(contracts, lambda c: c.milestones, self.milestone))
        sources = tuple(
            {(row.contract_id, row.code): row.id for row in rows} for rows in (commits, subscriptions, milestones)
        )
        self._insert(
            models.OpeningBalance,
            [
                self._balance(contract_id, balance, place, sources=sources)
                for contract_id, contract in contracts
                if contract.opening
                for place, balance in enumerate(contract.opening.balances)
            ],
        )

    def item(self, contract_id: int, item: UsageItem, place: int) -> models.UsageItem:
        return models.UsageItem(
            tenant_id=self.actor.tenant_id,
            contract_id=contract_id,
            place=place,
            code=item.id,
            product_id=self.catalog.product(item.product_id),
            usage_group_id=self._group(item),
            bundle_id=self.catalog.bundle(item.product_bundle_id),
            starts_on=item.starts_on,
            ends_before=item.ends_before,
            draws=item.draws,
            drawdown_rate=item.drawdown_rate,
            drawdown_unit=item.drawdown_unit or "",
            **self.kept.columns("usage_item", item.id),
        )

    def override(self, contract_id: int, override: TierPriceOverride, place: int) -> models.TierPriceOverride:
        del place  # a tier has one price at most; they have no order
        key = (override.product_id, override.usage_group_id, str(override.tier_number))
        return models.TierPriceOverride(
            tenant_id=self.actor.tenant_id,
            contract_id=contract_id,
            usage_group_id=self.catalog.group(override.product_id, override.usage_group_id),
            tier_number=override.tier_number,
            price=override.price,
            percentage=override.percentage,
            **self.kept.columns("tier_price_override", *key),
        )

    def commit(self, contract_id: int, commit: PrepaidCommit, place: int) -> models.PrepaidCommit:
        return models.PrepaidCommit(
            tenant_id=self.actor.tenant_id,
            contract_id=contract_id,
            place=place,
            code=commit.id,
            name=self.kept.of("prepaid_commit", commit.id).name,
            product_id=self.catalog.product(commit.product_id),
            currency=commit.currency or "",
            total_value=commit.total_value,
            discount_percentage=commit.discount_percentage,
            rate=commit.rate,
            starts_on=commit.starts_on,
            ends_before=commit.ends_before,
            priority=commit.priority,
            expected_breakage_percentage=commit.expected_breakage_percentage,
            rollover=commit.rollover and written_rollover(commit.rollover),
            units=commit.units,
            unit_of_measure=commit.unit_of_measure or "",
            **self.kept.columns("prepaid_commit", commit.id),
        )

    def subscription(self, contract_id: int, subscription: Subscription, place: int) -> models.Subscription:
        return models.Subscription(
            tenant_id=self.actor.tenant_id,
            contract_id=contract_id,
            place=place,
            code=subscription.id,
            product_id=self.catalog.product(subscription.product_id),
            total_value=subscription.total_value,
            starts_on=subscription.starts_on,
            ends_before=subscription.ends_before,
            proration=subscription.proration or "",
            catches_up_on=subscription.catches_up_on,
            lines=[written_subscription_line(line) for line in subscription.lines],
            allocation=self._split(subscription.allocation),
            **self.kept.columns("subscription", subscription.id),
        )

    def milestone(self, contract_id: int, milestone: Milestone, place: int) -> models.Milestone:
        return models.Milestone(
            tenant_id=self.actor.tenant_id,
            contract_id=contract_id,
            place=place,
            code=milestone.id,
            product_id=self.catalog.product(milestone.product_id),
            on=milestone.on,
            amount=milestone.amount,
            allocation=self._split(milestone.allocation),
            **self.kept.columns("milestone", milestone.id),
        )

    def _split(self, lines: Sequence[BundleLine]) -> list[dict[str, str | None]]:
        for line in lines:
            self.catalog.product(line.product_id)
        return [written_line(line) for line in lines]

    def _group(self, item: UsageItem) -> int | None:
        return None if item.usage_group_id is None else self.catalog.group(item.product_id or "", item.usage_group_id)

    def _balance(
        self, contract_id: int, balance: OpeningBalance, place: int, *, sources: _Sources
    ) -> models.OpeningBalance:
        commits, subscriptions, milestones = sources
        return models.OpeningBalance(
            tenant_id=self.actor.tenant_id,
            contract_id=contract_id,
            place=place,
            account=balance.account,
            amount=balance.amount,
            prepaid_commit_id=_source(commits, contract_id, balance.prepaid_commit_id),
            subscription_id=_source(subscriptions, contract_id, balance.subscription_id),
            milestone_id=_source(milestones, contract_id, balance.milestone_id),
        )

    def _insert(self, model: type[Row], rows: Iterable[Row]) -> list[Row]:
        return rows_of(self.actor, model).bulk_create(list(rows), batch_size=AT_ONCE)


def _each(
    contracts: Sequence[tuple[int, Contract]],
    part: Callable[[Contract], Sequence[Any]],
    row: Callable[[int, Any, int], Row],
) -> Iterable[Row]:
    return (
        row(contract_id, term, place)
        for contract_id, contract in contracts
        for place, term in enumerate(part(contract))
    )


def _source(rows: dict[tuple[int, str], int], contract_id: int, code: str | None) -> int | None:
    if code is None:
        return None
    if (contract_id, code) not in rows:
        raise Refused("code_must_be_known", field="opening", detail=code)
    return rows[contract_id, code]
