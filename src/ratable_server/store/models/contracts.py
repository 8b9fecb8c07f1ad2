"""What was agreed with a customer. Fields are those of `ratable.terms`; empty text and null: not agreed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q, UniqueConstraint

from ratable_server.store.fields import CodeField, CurrencyField, ExactField
from ratable_server.store.models.rows import Coded, Target, TenantRow, Told, ascending, link, one_of


class Contract(Told, Coded):
    """One contract, in one currency; with `opening_as_of` its books start the day after."""

    name = models.TextField(default="", blank=True)
    customer = link("Customer")
    currency = CurrencyField()
    starts_on = models.DateField()
    ends_before = models.DateField(null=True, blank=True)
    minimum_monthly_commitment_amount = ExactField(null=True, blank=True)
    minimum_monthly_commitment_quantity = ExactField(null=True, blank=True)
    opening_as_of = models.DateField(null=True, blank=True)

    class Meta(Coded.Meta):
        db_table = "contract"
        constraints: ClassVar = [
            *Coded.Meta.constraints,
            ascending("contract_dates_must_ascend"),
            models.CheckConstraint(condition=~Q(currency=""), name="contract_has_a_currency"),
        ]


class OpeningBalance(TenantRow):
    """A balance brought in at cut-over, of the source it names or of the contract's usage."""

    contract = link("Contract")
    place = models.IntegerField()
    account = models.TextField()
    amount = ExactField()
    prepaid_commit = link("PrepaidCommit", optional=True, is_indexed=False)
    subscription = link("Subscription", optional=True, is_indexed=False)
    milestone = link("Milestone", optional=True, is_indexed=False)

    class Meta(TenantRow.Meta):
        db_table = "opening_balance"
        constraints: ClassVar = [UniqueConstraint(fields=["tenant", "contract", "place"], name="opening_balance_place")]


class TierPriceOverride(Told, TenantRow):
    """A contract's own price for one tier of a usage group."""

    contract = link("Contract")
    usage_group = link("UsageGroup")
    tier_number = models.IntegerField()
    price = ExactField(null=True, blank=True)
    percentage = ExactField(null=True, blank=True)

    class Meta(TenantRow.Meta):
        db_table = "tier_price_override"
        constraints: ClassVar = [
            UniqueConstraint(
                fields=["tenant", "contract", "usage_group", "tier_number"], name="tier_price_override_tier"
            )
        ]


class UsageItem(Told, Coded):
    """A line of a contract on which usage is recorded: a usage group, a bundle or a bare product."""

    contract = link("Contract")
    place = models.IntegerField(default=0)
    product = link("Product", optional=True)
    usage_group = link("UsageGroup", optional=True)
    bundle = link("ProductBundle", optional=True)
    starts_on = models.DateField()
    ends_before = models.DateField(null=True, blank=True)
    draws = models.BooleanField(default=False)
    drawdown_rate = ExactField(null=True, blank=True)
    drawdown_unit = models.TextField(default="", db_default="", blank=True)
    prices_dynamically = models.BooleanField(default=False, db_default=False)  # of reports only: see `operations.usage`

    class Meta(Coded.Meta):
        db_table = "usage_item"
        constraints: ClassVar = [*Coded.Meta.constraints, ascending("usage_item_dates_must_ascend")]


class PrepaidCommit(Told, Coded):
    """A pool of money or of units paid in advance, drawn by usage; `rollover` is as in `ratable.terms`, decimals as text."""

    contract = link("Contract")
    place = models.IntegerField(default=0)
    name = models.TextField(default="", blank=True)
    product = link("Product", optional=True)
    currency = CurrencyField(default="", blank=True)
    total_value = ExactField()
    discount_percentage = ExactField(default=0)
    rate = ExactField(null=True, blank=True)
    starts_on = models.DateField()
    ends_before = models.DateField(null=True, blank=True)
    priority = models.IntegerField(default=1)
    expected_breakage_percentage = ExactField(null=True, blank=True)
    rollover = models.JSONField(null=True, blank=True)
    units = ExactField(null=True, blank=True)
    unit_of_measure = models.TextField(default="", db_default="", blank=True)

    class Meta(Coded.Meta):
        db_table = "prepaid_commit"
        constraints: ClassVar = [*Coded.Meta.constraints, ascending("prepaid_commit_dates_must_ascend")]


class Subscription(Told, Target):
    """A fixed amount earned over time; its code is unique within the contract.

    `lines` and `allocation` are as in `ratable.terms`, decimals and days as text.
    """

    contract = link("Contract")
    code = CodeField()
    place = models.IntegerField(default=0)
    product = link("Product", optional=True)
    total_value = ExactField()
    starts_on = models.DateField()
    ends_before = models.DateField()
    proration = models.TextField(default="", db_default="", blank=True)
    catches_up_on = models.DateField(null=True, blank=True)
    lines = models.JSONField(default=list, db_default=[])
    allocation = models.JSONField(default=list, db_default=[])

    class Meta(Target.Meta):
        db_table = "subscription"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "contract", "code"], name="subscription_code"),
            ascending("subscription_dates_must_ascend"),
            one_of("subscription_proration", "proration", ("", "daily", "standard", "thirty_day")),
        ]


class Milestone(Told, Target):
    """A fixed amount earned on one day, `allocation` as of a subscription; its code is unique within the contract."""

    contract = link("Contract")
    code = CodeField()
    place = models.IntegerField(default=0)
    product = link("Product", optional=True)
    on = models.DateField()
    amount = ExactField()
    allocation = models.JSONField(default=list, db_default=[])

    class Meta(Target.Meta):
        db_table = "milestone"
        constraints: ClassVar = [
            *Target.Meta.constraints,
            UniqueConstraint(fields=["tenant", "contract", "code"], name="milestone_code"),
        ]
