"""What stands on contracts: usage items, subscriptions, milestones, own prices. Prepaid commits have a module of their own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

from django.db.models import QuerySet

from ratable.money import minor_unit_digits
from ratable.periods import schedule_weights
from ratable.terms import BundleLine, SubscriptionLine
from ratable.terms import Subscription as Terms
from ratable_server.actor import Actor
from ratable_server.queries.listing import (
    FIRST_PAGE,
    Asked,
    Found,
    Told,
    asked_rows,
    code_of,
    fields_of,
    page_of,
    told_of,
)
from ratable_server.queries.register import Entry, entry_of
from ratable_server.store import models
from ratable_server.store.load.terms import load_policy
from ratable_server.store.load.written import line_of, subscription_line_of
from ratable_server.store.scope import books_of, rows_of

_MONTH = schedule_weights(date(2026, 1, 1), date(2026, 2, 1), "standard").total  # the weight of any whole month
_EVERY_DIGIT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Told):
    """What every line has; `contract` and `product` are codes."""

    contract_id: int
    contract: str
    product_id: int | None
    product: str | None
    product_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageItem(Line):
    """A line on which usage is recorded; `allocation` is the split that was told last, None: as its bundle says."""

    code: str
    usage_group_id: int | None
    usage_group: str | None
    bundle_id: int | None
    bundle: str | None
    starts_on: date
    ends_before: date | None
    draws: bool
    drawdown_rate: Decimal | None
    drawdown_unit: str | None
    allocation: tuple[BundleLine, ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription(Line):
    """A fixed amount earned over time; `proration` is its own, or that of the policy. Lines as in `ratable.terms`.

    `is_out_of_mrr`: its product is not to count in what a month brings. `terms` are those that the calculation reads.
    """

    code: str
    currency: str
    total_value: Decimal
    starts_on: date
    ends_before: date
    proration: str
    catches_up_on: date | None
    lines: tuple[SubscriptionLine, ...]
    allocation: tuple[BundleLine, ...]
    is_out_of_mrr: bool
    terms: Terms

    @property
    def mrr(self) -> Decimal:
        """What a month brings: as it was told, else the whole by its months."""
        told = self.further.get("mrr")
        if told is not None:
            return Decimal(told)
        return monthly_value(self.total_value, self.starts_on, self.ends_before, currency=self.currency)


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone(Line):
    """A fixed amount earned on one day, `allocation` as in `ratable.terms`."""

    code: str
    currency: str
    on: date
    amount: Decimal
    allocation: tuple[BundleLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierPriceOverride(Line):
    """A contract's own price for a tier; `tier_id` is None where the usage group has no such tier any more."""

    usage_group_id: int
    usage_group: str
    tier_id: int | None
    tier_number: int
    price: Decimal | None
    percentage: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionsAsked(Asked):
    """With codes of contracts only theirs; with a day only those that earn on it; with these further fields."""

    contracts: Sequence[str] | None = None
    on: date | None = None
    further: Mapping[str, Any] = field(default_factory=dict)


def monthly_value(total: Decimal, starts_on: date, ends_before: date, *, currency: str) -> Decimal:
    """What a whole month has of a fixed amount, in the digits of its currency; parts of months count by their days."""
    with localcontext(prec=_EVERY_DIGIT):
        month = total * _MONTH / schedule_weights(starts_on, ends_before, "standard").total
        return month.quantize(Decimal(1).scaleb(-minor_unit_digits(currency)), rounding=ROUND_HALF_UP)


def usage_items(*, actor: Actor, contract_id: int | None = None, asked: Asked = FIRST_PAGE) -> Found[UsageItem]:
    """Usage items of a contract or of all."""
    with books_of(actor):
        rows = _lines(actor, models.UsageItem, contract_id, asked=asked).select_related("usage_group", "bundle")
        return page_of(rows, asked, lambda page: _items(actor, page))


def subscriptions(*, actor: Actor, contract_id: int | None = None, asked: Asked = FIRST_PAGE) -> Found[Subscription]:
    """Subscriptions of a contract or of all."""
    with books_of(actor):
        rows = _lines(actor, models.Subscription, contract_id, asked=asked)
        if isinstance(asked, SubscriptionsAsked):
            rows = _earning(actor, rows, asked)
        return page_of(rows, asked, lambda page: _subscriptions(actor, page))


def milestones(*, actor: Actor, contract_id: int | None = None, asked: Asked = FIRST_PAGE) -> Found[Milestone]:
    """Milestones of a contract or of all."""
    with books_of(actor):
        rows = _lines(actor, models.Milestone, contract_id, asked=asked)
        return page_of(rows, asked, lambda page: [_milestone(row) for row in page])


def contract_bundles(*, actor: Actor, contract_id: int, asked: Asked = FIRST_PAGE) -> Found[Entry]:
    """What a contract calls its bundles, as the register keeps it."""
    with books_of(actor):
        kept = rows_of(actor, models.RegisterEntry, with_deleted=True)
        rows = asked_rows(kept.filter(kind="contract_bundle", further__contract=contract_id), asked)
        return page_of(rows, asked, lambda page: [entry_of(row) for row in page])


def tier_price_overrides(
    *,
    actor: Actor,
    contract_id: int | None = None,
    asked: Asked = FIRST_PAGE,
) -> Found[TierPriceOverride]:
    """Own prices of a contract or of all."""
    with books_of(actor):
        every = rows_of(actor, models.TierPriceOverride, with_deleted=True)
        rows = asked_rows(every if contract_id is None else every.filter(contract_id=contract_id), asked)
        related = rows.select_related("contract", "usage_group", "usage_group__product")
        return page_of(related, asked, lambda page: _overrides(actor, page))


def _lines(actor: Actor, model: Any, contract_id: int | None, *, asked: Asked) -> QuerySet[Any]:
    every = rows_of(actor, model, with_deleted=True)
    rows = every if contract_id is None else every.filter(contract_id=contract_id)
    return asked_rows(rows, asked).select_related("contract", "product")


def _head(row: Any) -> dict[str, Any]:
    product = row.product
    return {
        **told_of(row),
        "contract_id": row.contract_id,
        "contract": row.contract.code,
        "product_id": None if product is None else product.id,
        "product": code_of(product),
        "product_name": None if product is None else product.name,
    }


def _items(actor: Actor, page: list[models.UsageItem]) -> list[UsageItem]:
    changes = rows_of(actor, models.AllocationChange).filter(item_id__in=[row.id for row in page]).order_by("number")
    split = {
        item_id: tuple(line_of(line) for line in lines) for item_id, lines in changes.values_list("item_id", "lines")
    }
    names = ("code", "usage_group_id", "bundle_id", "starts_on", "ends_before", "draws", "drawdown_rate")
    return [
        UsageItem(
            **_head(row),
            **fields_of(row, *names),
            drawdown_unit=row.drawdown_unit or None,
            usage_group=code_of(row.usage_group),
            bundle=code_of(row.bundle),
            allocation=split.get(row.id),
        )
        for row in page
    ]


def _earning(actor: Actor, rows: QuerySet[Any], asked: SubscriptionsAsked) -> QuerySet[Any]:
    rows = rows.filter(further__contains=dict(asked.further)) if asked.further else rows
    if asked.contracts is not None:
        rows = rows.filter(contract__code__in=asked.contracts)
    if asked.on is None:
        return rows
    over = rows_of(actor, models.Termination).filter(on__lt=asked.on).values("contract_id")
    return rows.filter(starts_on__lte=asked.on, ends_before__gt=asked.on).exclude(contract_id__in=over)


def _subscriptions(actor: Actor, page: list[models.Subscription]) -> list[Subscription]:
    policy = load_policy(actor).proration if page else ""
    names = ("code", "total_value", "starts_on", "ends_before", "catches_up_on")
    return [
        Subscription(
            **_head(row),
            **fields_of(row, *names),
            currency=row.contract.currency,
            proration=row.proration or policy,
            lines=terms.lines,
            allocation=terms.allocation,
            is_out_of_mrr=bool(row.product is not None and row.product.further.get("exclude_from_mrr")),
            terms=terms,
        )
        for row in page
        for terms in [_terms(row)]
    ]


def _terms(row: Any) -> Terms:
    return Terms(
        id=row.code,
        product_id=code_of(row.product),
        total_value=row.total_value,
        starts_on=row.starts_on,
        ends_before=row.ends_before,
        proration=row.proration or None,
        catches_up_on=row.catches_up_on,
        lines=tuple(subscription_line_of(line) for line in row.lines),
        allocation=tuple(line_of(line) for line in row.allocation),
    )


def _milestone(row: models.Milestone) -> Milestone:
    return Milestone(
        **_head(row),
        **fields_of(row, "code", "on", "amount"),
        currency=row.contract.currency,
        allocation=tuple(line_of(line) for line in row.allocation),
    )


def _overrides(actor: Actor, page: list[models.TierPriceOverride]) -> list[TierPriceOverride]:
    groups = {row.usage_group_id for row in page}
    tiers = rows_of(actor, models.Tier).filter(usage_group_id__in=groups).values_list("usage_group_id", "number", "id")
    ids = {(group_id, number): tier_id for group_id, number, tier_id in tiers}
    names = ("contract_id", "usage_group_id", "tier_number", "price", "percentage")
    return [
        TierPriceOverride(
            **told_of(row),
            **fields_of(row, *names),
            contract=row.contract.code,
            product_id=row.usage_group.product_id,
            product=row.usage_group.product.code,
            product_name=row.usage_group.product.name,
            usage_group=row.usage_group.code,
            tier_id=ids.get((row.usage_group_id, row.tier_number)),
        )
        for row in page
    ]
