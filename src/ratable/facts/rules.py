"""The rule that an act breaks, if it breaks one, by its code in `errors.REFUSALS`.

Owns the rules that terms and what was learned so far can judge; each function gives the first that is broken, in a
fixed order. Rules that need a balance of the books get it as a number: whoever keeps the books computes it.
"""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ratable.commit_lives import last_end
from ratable.facts.amendments import commit_of
from ratable.facts.booking import Booking
from ratable.facts.documents import Target, source_of
from ratable.periods import FAR
from ratable.terms import BundleLine, Contract, PrepaidCommit, UsageItem
from ratable.terms_rules import fits_currency, judge_lines
from ratable.unit_rules import fits_units

_WHOLE = 100


def refuses_document(contract: Contract | None, amount: Decimal) -> str | None:
    """What no invoice, payment or credit memo may break."""
    if contract is None:
        return "contract_must_be_known"
    return _refuses_amount(amount, contract.currency)


def refuses_invoice(contract: Contract | None, amount: Decimal, target: Target) -> str | None:
    """A document; what it names is there."""
    code = refuses_document(contract, amount)
    if code or contract is None:
        return code
    if source_of(contract, target) is not None:
        return None
    return "prepaid_commit_must_be_known" if target.prepaid_commit_id else "item_must_be_known"


def refuses_credit_memo(contract: Contract | None, amount: Decimal, *, against: str, target: Target) -> str | None:
    """A document; one against a liability names a commit that is there."""
    code = refuses_document(contract, amount)
    if code or contract is None:
        return code
    is_nowhere = against == "liability" and source_of(contract, target) is None
    return "prepaid_commit_must_be_known" if is_nowhere else None


def refuses_adjustment(
    contract: Contract | None, commit_id: str, amount: Decimal, *, service_on: date, open_on: date
) -> str | None:
    """`contract` is that of the commit; None: there is no such commit."""
    if contract is None:
        return "prepaid_commit_must_be_known"
    if commit_of(contract, commit_id).units is not None:
        return "amount_must_be_in_the_measure_of_the_pool"
    if service_on >= open_on:
        return "adjustment_must_name_a_closed_period"
    if not fits_currency(amount, contract.currency):
        return "amount_must_fit_currency"
    return None


def refuses_allocation(item: UsageItem | None, lines: tuple[BundleLine, ...]) -> str | None:
    """Only an item of a bundle is split, by lines that a bundle could have."""
    if item is None:
        return "item_must_be_known"
    if item.product_bundle_id is None:
        return "allocation_must_name_a_bundle_item"
    return next((code for code, _ in judge_lines(lines, "allocation_must_sum_to_total")), None)


def refuses_top_up(
    contract: Contract | None,
    commit_id: str,
    amount: Decimal,
    *,
    booking: Booking,
    terminated_on: date | None,
    is_of_units: bool = False,
) -> str | None:
    """`contract` is that of the commit; None: there is no such commit. What is added is in the measure of the pool."""
    if contract is None:
        return "prepaid_commit_must_be_known"
    if is_over(terminated_on, booking):
        return "contract_must_not_be_terminated"
    if (commit_of(contract, commit_id).units is not None) != is_of_units:
        return "amount_must_be_in_the_measure_of_the_pool"
    code = _refuses_units(amount) if is_of_units else _refuses_amount(amount, contract.currency)
    if code:
        return code
    ends_before = last_end(commit_of(contract, commit_id), contract.prepaid_commits) or FAR
    has_ended = ends_before <= booking.booked_on
    return "prepaid_commit_must_not_have_ended" if has_ended else None


def refuses_estimate(
    contract: Contract | None, percentage: Decimal, *, booking: Booking, terminated_on: date | None
) -> str | None:
    """`contract` is that of the commit; None: there is no such commit."""
    if contract is None:
        return "prepaid_commit_must_be_known"
    if is_over(terminated_on, booking):
        return "contract_must_not_be_terminated"
    return None if 0 <= percentage < _WHOLE else "percentage_must_be_between_0_and_100"


def refuses_termination(
    contract: Contract | None, refund: Decimal, *, on: date, terminated_on: date | None
) -> str | None:
    """A contract ends once, not before it starts."""
    if contract is None:
        return "contract_must_be_known"
    if terminated_on is not None:
        return "contract_must_not_be_terminated"
    if on < contract.starts_on:
        return "dates_must_ascend"
    if refund < 0:
        return "amount_must_be_positive"
    return None if fits_currency(refund, contract.currency) else "amount_must_fit_currency"


# Rules that only a calculation can judge ---------------------------------------------------------


def refuses_adjusted_usage(used: Decimal, amount: Decimal) -> str | None:
    """`used` is what is addressed to the commit in that month, as adjusted so far: it cannot fall below nothing."""
    return "adjustment_must_not_make_usage_negative" if amount < 0 and used + amount < 0 else None


def refuses_credit_of_commit(
    contract: Contract,
    commit: PrepaidCommit,
    amount: Decimal,
    *,
    left: Decimal,
    booking: Booking,
    terminated_on: date | None,
) -> str | None:
    """`left` is the balance at the end of the month booked, as if nothing had lapsed; what has ended has nothing left."""
    if commit.units is not None:
        return "amount_must_be_in_the_measure_of_the_pool"
    ends_before = last_end(commit, contract.prepaid_commits) or FAR
    has_ended = ends_before <= booking.booked_on or is_over(terminated_on, booking)
    return "credit_must_not_exceed_prepaid_commit" if amount > (0 if has_ended else left) else None


def refuses_refund(refund: Decimal, held: Decimal) -> str | None:
    """`held` is the liability that a termination without refund releases."""
    return "refund_must_not_exceed_liability" if refund > held else None


def is_over(terminated_on: date | None, booking: Booking) -> bool:
    """Has a termination taken effect by the day that books the act?"""
    return terminated_on is not None and terminated_on < booking.on


def _refuses_units(units: Decimal) -> str | None:
    return None if units > 0 and fits_units(units) else "units_must_be_kept_exactly"


def _refuses_amount(amount: Decimal, currency: str) -> str | None:
    if amount <= 0:
        return "amount_must_be_positive"
    return None if fits_currency(amount, currency) else "amount_must_fit_currency"
