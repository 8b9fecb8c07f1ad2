"""What was agreed: contracts, price plans, prepaid commits, bundles and accounting policy.

Owns the frozen records that describe terms, in business units (decimals in major units of
the currency, half-open date ranges). It does not own facts (usage, documents), nor any sum.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

PricingModel = Literal[
    "unit_based",
    "fixed_fee",
    "percentage_based",
    "graduated_tiered",
    "volume_based",
    "package",
]
Rounding = Literal["half_up", "half_even"]
Breakage = Literal["on_expiry", "proportional", "none"]
LateUsage = Literal["next_open_period", "reject"]
PartialMonth = Literal["full", "prorated"]
Proration = Literal["daily", "standard", "thirty_day"]
Applies = Literal["first", "last"]
RatingGroup = Literal["month", "day", "record", "upload", "dimension"]
Aggregation = Literal["sum", "highest_day", "maximum", "last"]
QuantityRounding = Literal["half_up", "half_even", "up", "down"]

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Accounting decisions that a calculation depends on; stored with every run."""

    rounding: Rounding = "half_up"
    residue: Literal["largest_remainder"] = "largest_remainder"
    breakage: Breakage = "on_expiry"
    late_usage: LateUsage = "next_open_period"
    cascade: bool = True
    minimum_partial_month: PartialMonth = "full"
    zero_usage_flat_fee: bool = False
    proration: Proration = "daily"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """The legal entity whose books these are; its time zone decides the day of a usage."""

    id: str = "main"
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tier:
    """One price step; `upper_quantity` is inclusive and None in the last, open tier.

    `lower_quantity` is only checked against the tier before; arithmetic uses upper bounds.
    """

    number: int
    lower_quantity: Decimal | None = None
    upper_quantity: Decimal | None = None
    price: Decimal | None = None
    percentage: Decimal | None = None
    flat_fee: Decimal = ZERO
    minimum_amount: Decimal | None = None
    maximum_amount: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RatingOptions:
    """What a price plan looks at beside a month's quantity; the defaults look at nothing else.

    `rating_group` is what the tiers count: the month, each day, each record, each upload, or the values of
    `group_dimension`. With `rated_individually` the group finds the tier, and each record is priced and rounded by
    itself. `price_dimension` and `amount_dimension` name where a record carries its own unit price or amount.
    """

    rating_group: RatingGroup = "month"
    group_dimension: str | None = None
    rated_individually: bool = False
    aggregation: Aggregation = "sum"
    price_dimension: str | None = None
    amount_dimension: str | None = None
    quantity_decimals: int | None = None
    quantity_rounding: QuantityRounding = "half_up"
    overage_price: Decimal | None = None  # of units above the last tier, which then has an end
    maximum_amount: Decimal | None = None  # of a month

    @property
    def is_prerated(self) -> bool:
        """Do its records carry their prices?"""
        return self.price_dimension is not None or self.amount_dimension is not None


PLAIN = RatingOptions()


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageGroup:
    """A price plan of a product: how a month's quantity becomes an amount."""

    id: str
    pricing_model: PricingModel
    tiers: tuple[Tier, ...]
    unit_of_measure: str | None = None
    package_size: Decimal | None = None
    free_units: Decimal = ZERO
    currency: str | None = None
    options: RatingOptions = PLAIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """Something sold, with its price plans."""

    id: str
    name: str
    usage_groups: tuple[UsageGroup, ...] = ()
    currency: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleLine:
    """The share of one product in a bundle: a percentage or a standalone selling price."""

    product_id: str
    percentage: Decimal | None = None
    standalone_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductBundle:
    """Products sold for one price; all lines carry percentages, or all standalone prices."""

    id: str
    lines: tuple[BundleLine, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class TierPriceOverride:
    """A contract's own price for one tier (counted from 1) of a usage group."""

    product_id: str
    usage_group_id: str
    tier_number: int
    price: Decimal | None = None
    percentage: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsageItem:
    """A line of a contract on which usage is recorded.

    It has a usage group (priced here), a bundle (takes amounts only) or a bare product
    (takes amounts only). With `draws` its rated amount draws on prepaid commits; its quantity draws first on pools of
    units: `drawdown_rate` of `drawdown_unit` for each unit used (None: one, of its own unit of measure).
    """

    id: str
    product_id: str | None = None
    usage_group_id: str | None = None
    product_bundle_id: str | None = None
    starts_on: date
    ends_before: date | None = None
    draws: bool = False
    drawdown_rate: Decimal | None = None
    drawdown_unit: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rollover:
    """What is left of a commit at its end lives on, unconditionally, as the same commit.

    Each of the `times` further lives has `months`; or there is one, as long as the commit `until_commit_id` lives.
    `applies` says whether what rolled over is drawn before or after commits that did not. What exceeds the cap at the
    end of a life lapses then; a percentage is one of the commit's total value or units, None: all rolls over.
    """

    months: int | None = None
    until_commit_id: str | None = None
    times: int = 1
    applies: Applies = "first"
    cap_amount: Decimal | None = None
    cap_percentage: Decimal | None = None
    cap_units: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PrepaidCommit:
    """A pool of money paid in advance, drawn by usage at list value less the discount.

    With `units` it is a pool of so many units of `unit_of_measure`, sold for `total_value`.
    """

    id: str
    product_id: str | None = None
    currency: str | None = None
    total_value: Decimal
    discount_percentage: Decimal = ZERO
    rate: Decimal | None = None
    starts_on: date
    ends_before: date | None = None
    priority: int = 1
    expected_breakage_percentage: Decimal | None = None
    rollover: Rollover | None = None
    units: Decimal | None = None
    unit_of_measure: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionLine:
    """A part of a subscription's time that has an amount of its own."""

    starts_on: date
    ends_before: date
    total_value: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A fixed amount earned over time.

    With `lines` each of them earns its own amount over its own days; without, the whole is one. With `allocation` the
    whole is split over products in these proportions. What months before that of `catches_up_on` earn is booked with
    it. `proration` None: that of the policy.
    """

    id: str
    product_id: str | None = None
    total_value: Decimal
    starts_on: date
    ends_before: date
    proration: Proration | None = None
    catches_up_on: date | None = None
    lines: tuple[SubscriptionLine, ...] = ()
    allocation: tuple[BundleLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A fixed amount earned on one day, with `allocation` by several products in these proportions."""

    id: str
    product_id: str | None = None
    on: date
    amount: Decimal
    allocation: tuple[BundleLine, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OpeningBalance:
    """A balance brought in at cut-over, of the source that it names (or the contract's usage)."""

    account: str
    amount: Decimal
    prepaid_commit_id: str | None = None
    subscription_id: str | None = None
    milestone_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """The cut-over: what happened up to and on `as_of` is only known by its balances."""

    as_of: date
    balances: tuple[OpeningBalance, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """Everything agreed with one customer under one contract, in one currency."""

    id: str
    customer: str
    currency: str
    starts_on: date
    ends_before: date | None = None
    minimum_monthly_commitment_amount: Decimal | None = None
    minimum_monthly_commitment_quantity: Decimal | None = None
    opening: Opening | None = None
    tier_price_overrides: tuple[TierPriceOverride, ...] = ()
    usage_items: tuple[UsageItem, ...] = ()
    prepaid_commits: tuple[PrepaidCommit, ...] = ()
    subscriptions: tuple[Subscription, ...] = ()
    milestones: tuple[Milestone, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """All that was agreed, of one entity under one policy."""

    entity: Entity = field(default_factory=Entity)
    policy: Policy = field(default_factory=Policy)
    products: tuple[Product, ...] = ()
    product_bundles: tuple[ProductBundle, ...] = ()
    contracts: tuple[Contract, ...] = ()
