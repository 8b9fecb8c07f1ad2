"""The closed lists of what can go wrong, each named by the rule that was broken.

    RatableError
      InvariantError        a law of the calculation is broken: always a bug, never caught
      InexactNumberError    a number has more digits than can be kept
      NumberOverflowError   a product or a sum does not fit 38 digits
      MalformedCaseError    a file is not a case: names file, line and key

Owns the names and one-line meanings of rejections (facts that cannot go on), refusals (terms
or acts that cannot be) and warnings (terms that can be, and surprise). It does not own the
rules themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class RatableError(Exception):
    """The root of every error that this package raises on purpose."""


class InvariantError(RatableError):
    """A law of conservation does not hold; the run dies with it."""


class InexactNumberError(RatableError):
    """A number has more digits than can be kept."""


class NumberOverflowError(RatableError):
    """A product or a sum does not fit the exact range of 38 digits."""


@dataclass(eq=False)
class MalformedCaseError(RatableError):
    """A file that is not a case; prints as `file:line: key: message`."""

    file: Path
    line: int
    key: str
    message: str

    def __post_init__(self) -> None:
        super().__init__(": ".join(part for part in (f"{self.file}:{self.line}", self.key, self.message) if part))


@dataclass(frozen=True, slots=True)
class Code:
    """A rule by name; `retry_can_succeed` says if the same words may pass later, unchanged."""

    name: str
    meaning: str
    retry_can_succeed: bool = False


# In order of precedence: a bad fact always gets the first code that applies.
REJECTIONS: tuple[Code, ...] = (
    Code("usage_must_name_a_known_item", "no usage item or prepaid commit has this id", True),
    Code("usage_must_not_change_under_its_id", "the same id came with other content"),
    Code("usage_must_have_a_date", "used_on or used_at is missing or is not a date"),
    Code("quantity_must_be_a_number", "quantity or amount is missing or is not a plain decimal number"),
    Code("quantity_must_be_in_range", "quantity or amount has more than 13 digits before the point"),
    Code("quantity_must_not_be_negative", "quantity or amount is below zero"),
    Code("currency_must_match_contract", "the amount is in another currency than the contract"),
    Code("usage_must_fall_in_contract", "the day of use is outside the dates of the contract"),
    Code("usage_must_fall_in_item", "the day of use is outside the dates of the item"),
    Code("item_must_take_amounts", "a quantity came for an item of a bundle, which takes amounts alone"),
    Code("item_must_have_a_price", "a quantity came for an item without a price plan", True),
    Code("usage_must_carry_its_price", "the price plan takes the price from a dimension of the record, which has none"),
    Code("period_must_be_open", "the month of use is closed and the policy rejects late usage", True),
)

REFUSALS: tuple[Code, ...] = (
    Code("tiers_must_ascend", "an upper bound is not above the one before"),
    Code("tiers_must_not_leave_a_gap", "a tier starts above the end of the one before"),
    Code("tiers_must_not_overlap", "a tier starts below the end of the one before"),
    Code("tiers_must_have_one_open_end", "the last tier, and only the last, has no to_quantity"),
    Code("tier_must_have_a_price", "a tier has exactly one of price and percentage"),
    Code("price_plan_currency_must_match_contract", "a price plan is in another currency than the contract"),
    Code("package_must_have_a_size", "a package has a package_size above zero"),
    Code("option_must_fit_the_pricing_model", "a price plan of this model cannot have the rating option"),
    Code("options_must_go_together", "rating options exclude each other, or one needs another"),
    Code("prerated_plan_must_not_have_tiers", "where records carry their prices there are no tiers"),
    Code("tier_maximum_must_not_be_below_minimum", "the maximum of a tier's amount is below its minimum"),
    Code("quantity_decimals_must_be_at_most_12", "a quantity is rounded to 0 to 12 decimals"),
    Code("dimension_must_have_a_plain_name", "the name of a dimension is letters, digits, _ and -"),
    Code("minimum_quantity_needs_tiers_of_a_month", "a minimum quantity has no worth under rating options"),
    Code("drawing_needs_prices_of_quantities", "carried prices and aggregations do not draw on prepaid commits"),
    Code("bundle_must_sum_to_100", "the percentages of a bundle do not sum to 100"),
    Code("bundle_must_use_one_basis", "all lines of a bundle carry percentages, or all standalone prices"),
    Code("override_must_name_a_known_tier", "the usage group has no tier of this number"),
    Code("prepaid_commit_currency_must_match_contract", "a commit is in another currency than its contract"),
    Code("rollover_needs_an_expiration", "a commit that never expires cannot roll over"),
    Code("rollover_must_have_a_length", "a rollover lasts a number of months, or until another commit ends"),
    Code("rollover_must_name_a_later_commit", "the commit that a rollover follows does not outlive the first"),
    Code("capped_rollover_must_begin_with_a_month", "a commit whose rollover has a cap ends with a month"),
    Code("units_must_have_a_measure", "a pool of units names its unit of measure, and only such a pool"),
    Code("units_must_be_kept_exactly", "units are above zero, up to 10^12, with at most six decimals; a rate twelve"),
    Code("pool_of_units_has_no_discount", "a pool of units has one price for all its units"),
    Code("item_must_have_units_to_draw", "an item that draws units has a plain price plan by units, and draws"),
    Code("amount_must_be_in_the_measure_of_the_pool", "what is told is in the measure of the pool: units or money"),
    Code("minimum_quantity_needs_one_usage_group", "a minimum quantity needs exactly one usage group on the contract"),
    Code("opening_must_tell_what_a_commit_has_left", "the balance of a commit does not say how much of it is unused"),
    Code("dates_must_ascend", "an end is before its start"),
    Code("amount_must_be_positive", "an amount is below zero, or is zero where something must be owed"),
    Code("amount_must_fit_currency", "an amount has more digits than the currency's minor unit"),
    Code("percentage_must_be_between_0_and_100", "a percentage is out of its range"),
    Code("allocation_must_sum_to_total", "the lines of an allocation do not sum to the total"),
    Code("allocation_must_name_a_bundle_item", "only an item of a product bundle can be allocated"),
    Code("adjustment_must_name_a_closed_period", "an open period is corrected by usage, not by adjustment", True),
    Code("adjustment_must_not_make_usage_negative", "the adjustment takes away more than the month used", True),
    Code("periods_must_close_in_order", "months close in order, without gaps", True),
    Code("only_the_last_closed_period_reopens", "months reopen last closed first", True),
    Code("refund_must_not_exceed_liability", "a termination refunds more than the contract's liability", True),
    Code("credit_must_not_exceed_prepaid_commit", "a credit memo takes more than the commit has left", True),
    Code("prepaid_commit_must_be_known", "no prepaid commit has this id", True),
    Code("contract_must_be_known", "no contract has this id", True),
    Code("item_must_be_known", "no usage item, subscription or milestone has this id", True),
    Code("usage_must_be_known", "no usage has this id", True),
    Code("contract_must_not_be_terminated", "the contract has been terminated"),
    Code("prepaid_commit_must_not_have_ended", "the commit has expired before the month that books the act"),
)

WARNINGS: tuple[Code, ...] = (
    Code("price_falls_at_tier", "just above a tier's bound a larger quantity costs less than at the bound"),
    Code("tier_is_unreachable", "no billable quantity ever falls in the tier"),
)

REJECTION_CODES: tuple[str, ...] = tuple(code.name for code in REJECTIONS)
REFUSAL_CODES: tuple[str, ...] = tuple(code.name for code in REFUSALS)
WARNING_CODES: tuple[str, ...] = tuple(code.name for code in WARNINGS)
