"""Which terms cannot be, and which may surprise: the rules that look across a case's terms.

Owns the rules of contracts, commits, bundles and overrides; those of one price plan alone are
in `ratable.price_plans`. Pure: it reads terms and answers rows, it raises nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal, localcontext

from ratable.money import minor_unit_digits
from ratable.option_rows import has_limits, looks_at_records
from ratable.price_plans import PriceWarning, Refusal, check_price_plan
from ratable.rollover_rules import check_rollover
from ratable.terms import (
    BundleLine,
    Contract,
    Policy,
    PrepaidCommit,
    Product,
    ProductBundle,
    Subscription,
    Terms,
    TierPriceOverride,
    UsageGroup,
    UsageItem,
)
from ratable.unit_rules import check_drawn_units, check_unit_pool

ZERO = Decimal(0)
HUNDRED = Decimal(100)
EXACT_DIGITS = 100
_DAY = timedelta(days=1)
MOST_MINOR = 2**63 - 1  # minor units are kept in 64 bits

_Dated = Contract | UsageItem | PrepaidCommit | Subscription


def check_terms(terms: Terms, *, may_grow: bool = False) -> list[Refusal]:
    """Tell every term that cannot be, in the order of the terms.

    Contracts that `may_grow` are not all there yet: a minimum quantity waits for the usage group that prices it.

    The id of a refusal is that of the usage group, bundle, contract, usage item, commit,
    subscription or milestone that breaks the rule (overrides, minimums and openings have no id:
    their contract's). Each (kind, id, code) is told once, with the first detail.
    """
    found: dict[tuple[str, str, str, str | None], Refusal] = {}
    for refusal in _refusals(terms, may_grow=may_grow):
        found.setdefault((refusal.kind, refusal.id, refusal.code, refusal.contract), refusal)
    return list(found.values())


def warn_of_terms(terms: Terms) -> list[PriceWarning]:
    """Tell the price plans that can be rated and may surprise; overrides are not looked at."""
    return [
        warning
        for product in terms.products
        for group in product.usage_groups
        for warning in check_price_plan(group)[1]
    ]


def _refusals(terms: Terms, *, may_grow: bool) -> Iterator[Refusal]:
    for product in terms.products:
        for group in product.usage_groups:
            yield from check_price_plan(group)[0]
    for bundle in terms.product_bundles:
        yield from _bundle(bundle)
    for contract in terms.contracts:
        yield from _contract(contract, {product.id: product for product in terms.products}, may_grow=may_grow)
        yield from _pools_of_opening(contract, terms.policy)


def _bundle(bundle: ProductBundle) -> Iterator[Refusal]:
    for code, detail in judge_lines(bundle.lines, "bundle_must_sum_to_100"):
        yield Refusal(bundle.id, code, detail, "product_bundle")


def judge_lines(lines: Sequence[BundleLine], sum_code: str) -> Iterator[tuple[str, str]]:
    """Each rule that the lines of a bundle or of an allocation break, with its detail."""
    percentages = [line.percentage for line in lines if line.percentage is not None]
    prices = [line.standalone_price for line in lines if line.standalone_price is not None]
    if len(percentages) + len(prices) != len(lines) or (percentages and prices):
        yield "bundle_must_use_one_basis", "each line has one basis, all the same"
        return
    if any(not ZERO <= percentage <= HUNDRED for percentage in percentages):
        yield "percentage_must_be_between_0_and_100", "a percentage of a line is out of range"
    if not prices and _sum(percentages) != HUNDRED:
        yield sum_code, f"the percentages sum to {_sum(percentages)}"
    if prices and (min(prices) < ZERO or _sum(prices) == ZERO):
        yield "amount_must_be_positive", "standalone prices are not below zero and not all zero"


def _sum(numbers: list[Decimal]) -> Decimal:
    with localcontext() as context:
        context.prec = EXACT_DIGITS
        return sum(numbers, ZERO)


def _contract(contract: Contract, products: dict[str, Product], *, may_grow: bool) -> Iterator[Refusal]:
    yield from _dates("contract", contract)
    yield from _minimum(contract, may_wait=may_grow)
    yield from _minimum_of_options(contract, products)
    yield from _openings(contract)
    for override in contract.tier_price_overrides:
        yield from _override(contract, override, products)
    yield from _items(contract, products)
    for commit in contract.prepaid_commits:
        yield from _prepaid_commit(contract, commit)
    yield from _fixed_amounts(contract)


def _dates(kind: str, term: _Dated) -> Iterator[Refusal]:
    if term.ends_before is not None and term.ends_before <= term.starts_on:
        detail = f"starts on {term.starts_on} and ends before {term.ends_before}"
        yield Refusal(term.id, "dates_must_ascend", detail, kind)


def _minimum(contract: Contract, *, may_wait: bool) -> Iterator[Refusal]:
    minimums = (contract.minimum_monthly_commitment_amount, contract.minimum_monthly_commitment_quantity)
    if any(minimum is not None and minimum < ZERO for minimum in minimums):
        yield Refusal(contract.id, "amount_must_be_positive", "a monthly minimum is below zero", "contract")
    items = [item for item in contract.usage_items if item.usage_group_id is not None]
    groups = {(item.product_id, item.usage_group_id) for item in items}  # two products may call theirs the same
    if contract.minimum_monthly_commitment_quantity and not (may_wait and not groups) and len(groups) != 1:
        detail = f"the contract has {len(groups)} usage groups"
        yield Refusal(contract.id, "minimum_quantity_needs_one_usage_group", detail, "contract")


def _minimum_of_options(contract: Contract, products: dict[str, Product]) -> Iterator[Refusal]:
    """What a minimum quantity is worth is asked of tiers that count a month."""
    if not contract.minimum_monthly_commitment_quantity:
        return
    for item in contract.usage_items:
        group = _group(products, item.product_id, item.usage_group_id)
        if group is not None and (looks_at_records(group.options) or has_limits(group)):
            detail = f"{group.id} has rating options"
            yield Refusal(contract.id, "minimum_quantity_needs_tiers_of_a_month", detail, "contract")


def _openings(contract: Contract) -> Iterator[Refusal]:
    for balance in contract.opening.balances if contract.opening else ():
        yield from _fits(("contract", contract.id), balance.amount, contract.currency)


def _pools_of_opening(contract: Contract, policy: Policy) -> Iterator[Refusal]:
    """What a commit has left is taken from its liability, which tells it only where all of it is billed and none released."""
    commits = {commit.id: commit for commit in contract.prepaid_commits}
    for balance in contract.opening.balances if contract.opening else ():
        commit = commits.get(balance.prepaid_commit_id or "")
        if commit is None:
            continue
        is_ahead = policy.breakage == "proportional" and bool(commit.expected_breakage_percentage)
        if is_ahead or balance.account == "unbilled_revenue":
            detail = f"{balance.account} of {commit.id}"
            yield Refusal(contract.id, "opening_must_tell_what_a_commit_has_left", detail, "contract")


def _override(contract: Contract, override: TierPriceOverride, products: dict[str, Product]) -> Iterator[Refusal]:
    group = _group(products, override.product_id, override.usage_group_id)
    name = f"tier {override.tier_number} of {override.usage_group_id}"
    if group is None or override.tier_number not in {tier.number for tier in group.tiers}:
        yield Refusal(contract.id, "override_must_name_a_known_tier", f"there is no {name}", "contract")
    if (override.price is None) == (override.percentage is None):
        detail = f"the override of {name} has not one of price and percentage"
        yield Refusal(contract.id, "tier_must_have_a_price", detail, "contract")
    if min(override.price or ZERO, override.percentage or ZERO) < ZERO:
        yield Refusal(contract.id, "amount_must_be_positive", f"the override of {name} is below zero", "contract")


def _items(contract: Contract, products: dict[str, Product]) -> Iterator[Refusal]:
    """A price plan in another currency is refused for this contract only; days share a drawn month by their quantities."""
    for item in contract.usage_items:
        yield from _dates("usage_item", item)
        group = _group(products, item.product_id, item.usage_group_id)
        currency = group and (group.currency or products[item.product_id or ""].currency)
        if group and currency and currency != contract.currency:
            detail = f"{currency}, in a contract in {contract.currency}"
            yield Refusal(group.id, "price_plan_currency_must_match_contract", detail, contract=contract.id)
        if group and item.draws and (group.options.is_prerated or group.options.aggregation != "sum"):
            detail = f"{group.id} prices other than by the quantity of each day"
            yield Refusal(item.id, "drawing_needs_prices_of_quantities", detail, "usage_item")
        yield from check_drawn_units(contract, item, group)


def _group(products: dict[str, Product], product_id: str | None, group_id: str | None) -> UsageGroup | None:
    product = products.get(product_id or "")
    groups = product.usage_groups if product else ()
    return next((group for group in groups if group.id == group_id), None)


def _prepaid_commit(contract: Contract, commit: PrepaidCommit) -> Iterator[Refusal]:
    kind, currency = "prepaid_commit", commit.currency or contract.currency
    if currency != contract.currency:
        detail = f"{currency}, in a contract in {contract.currency}"
        yield Refusal(commit.id, "prepaid_commit_currency_must_match_contract", detail, kind)
    yield from _dates("prepaid_commit", commit)
    yield from _owed((kind, commit.id), commit.total_value, currency)
    if commit.rate is not None and commit.rate < ZERO:
        yield Refusal(commit.id, "amount_must_be_positive", f"rate is {commit.rate}", kind)
    if not ZERO <= commit.discount_percentage <= HUNDRED:
        detail = f"discount_percentage is {commit.discount_percentage}"
        yield Refusal(commit.id, "percentage_must_be_between_0_and_100", detail, kind)
    yield from _breakage(commit)
    yield from check_rollover(contract, commit)
    yield from check_unit_pool(contract, commit)
    if commit.rollover and commit.rollover.cap_amount is not None:
        yield from _fits((kind, commit.id), commit.rollover.cap_amount, currency)


def _breakage(commit: PrepaidCommit) -> Iterator[Refusal]:
    """All of a commit cannot be expected to lapse: progress would have no measure."""
    percentage = commit.expected_breakage_percentage
    if percentage is not None and not ZERO <= percentage < HUNDRED:
        detail = f"expected_breakage_percentage is {percentage}"
        yield Refusal(commit.id, "percentage_must_be_between_0_and_100", detail, "prepaid_commit")


def _fixed_amounts(contract: Contract) -> Iterator[Refusal]:
    for subscription in contract.subscriptions:
        yield from _dates("subscription", subscription)
        yield from _owed(("subscription", subscription.id), subscription.total_value, contract.currency)
        yield from _lines(contract, subscription)
        yield from _split(("subscription", subscription.id), subscription.allocation)
    for milestone in contract.milestones:
        yield from _owed(("milestone", milestone.id), milestone.amount, contract.currency)
        yield from _split(("milestone", milestone.id), milestone.allocation)


def _lines(contract: Contract, subscription: Subscription) -> Iterator[Refusal]:
    """Lines lie within the subscription and sum to it; a line of nothing is one that is free."""
    name, kind = subscription.id, "subscription"
    starts_on, ends_before = subscription.starts_on, subscription.ends_before
    if not starts_on <= (subscription.catches_up_on or starts_on) < max(ends_before, starts_on + _DAY):
        yield Refusal(name, "dates_must_ascend", f"it catches up on {subscription.catches_up_on}", kind)
    for line in subscription.lines:
        if not starts_on <= line.starts_on < line.ends_before <= ends_before:
            detail = f"a line starts on {line.starts_on} and ends before {line.ends_before}"
            yield Refusal(name, "dates_must_ascend", detail, kind)
        if line.total_value < ZERO:
            yield Refusal(name, "amount_must_be_positive", f"a line is of {line.total_value}", kind)
        yield from _fits((kind, name), line.total_value, contract.currency)
    total = _sum([line.total_value for line in subscription.lines])
    if subscription.lines and total != subscription.total_value:
        yield Refusal(name, "allocation_must_sum_to_total", f"the lines sum to {total}", kind)


def _split(term: tuple[str, str], allocation: Sequence[BundleLine]) -> Iterator[Refusal]:
    """`term` is (kind, id)."""
    kind, name = term
    if not allocation:
        return
    for code, detail in judge_lines(allocation, "allocation_must_sum_to_total"):
        yield Refusal(name, code, detail, kind)


def _owed(term: tuple[str, str], amount: Decimal, currency: str) -> Iterator[Refusal]:
    """`term` is (kind, id)."""
    kind, name = term
    if amount <= ZERO:
        yield Refusal(name, "amount_must_be_positive", f"the amount is {amount}", kind)
    yield from _fits(term, amount, currency)


def _fits(term: tuple[str, str], amount: Decimal, currency: str) -> Iterator[Refusal]:
    kind, name = term
    if not fits_currency(amount, currency):
        yield Refusal(
            name, "amount_must_fit_currency", f"{amount} has more digits than {currency} or than can be kept", kind
        )


def fits_currency(amount: Decimal, currency: str) -> bool:
    """Trailing zeros are not digits: 10.000 fits USD."""
    with localcontext() as context:
        context.prec = EXACT_DIGITS
        minor = amount.scaleb(minor_unit_digits(currency))
        return minor == minor.to_integral_value() and abs(minor) <= MOST_MINOR
