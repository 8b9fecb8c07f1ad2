"""Subscriptions and milestones as rows: what each month of a schedule weighs; and which product a source has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal

from ratable.money import split_minor, to_e12, to_minor
from ratable.periods import FAR, Weights, month_of, months_between, next_month, schedule_weights
from ratable.terms import ZERO, Contract, Milestone, Subscription, SubscriptionLine
from ratable.terms_tables.shapes import Amendments, Row, counts_from


def source_rows(contract: Contract) -> Iterator[Row]:
    """The sources of a contract that are of a product; its usage never is, a prepaid commit for any product neither."""
    for kind, sources in (
        ("prepaid_commit", contract.prepaid_commits),
        ("subscription", contract.subscriptions),
        ("milestone", contract.milestones),
    ):
        for source in sources:
            if source.product_id:
                of = {"contract_id": contract.id, "product_id": source.product_id}
                yield {**of, "source_kind": kind, "source_id": source.id}


def subscription_rows(
    contract: Contract, subscription: Subscription, amendments: Amendments, *, proration: str
) -> Iterator[Row]:
    """The months of a subscription, by product and line."""
    last_on = min(subscription.ends_before - timedelta(days=1), amendments.terminated_on.get(contract.id, FAR))
    method = subscription.proration or proration
    caught_up_on = month_of(subscription.catches_up_on or subscription.starts_on)
    whole = SubscriptionLine(
        starts_on=subscription.starts_on, ends_before=subscription.ends_before, total_value=subscription.total_value
    )
    lines = subscription.lines or (whole,)
    weights = [schedule_weights(line.starts_on, line.ends_before, method) for line in lines]
    months = [list(_line_months(contract, each, last_on=last_on, caught_up_on=caught_up_on)) for each in weights]
    for product_id, total_minor in _parts(contract, subscription, subscription.total_value):
        for line_no, share_minor in enumerate(_by_line(contract, total_minor, subscription.lines)):
            own = {"product_id": product_id, "line_no": line_no, "total_minor": share_minor}
            for month in months[line_no]:
                yield {
                    "source_id": subscription.id,
                    "kind": "subscription",
                    "contract_id": contract.id,
                    **own,
                    **month,
                    "weight_total": weights[line_no].total,
                }


def _line_months(contract: Contract, weights: Weights, *, last_on: date, caught_up_on: date) -> Iterator[Row]:
    """The months of a line with their weights; the first to catch up has those before it, too.

    What was served before there was a contract is caught up with its first month; what was to be caught up after a
    termination, with its last.
    """
    start = weights.starts_on
    if contract.opening and caught_up_on <= month_of(counts_from(contract)):  # the rest was booked before the cut-over
        start = max(start, counts_from(contract))
    caught_up_on = max(min(caught_up_on, month_of(last_on)), month_of(contract.starts_on))
    last_on = min(weights.ends_before - timedelta(days=1), last_on)
    first_on = max(month_of(start), caught_up_on)
    if start > last_on:
        return
    for month_on in months_between(first_on, max(next_month(last_on), next_month(first_on))):
        end_on = min(next_month(month_on) - timedelta(days=1), max(last_on, month_on))
        from_on = start if month_on == first_on else month_on
        yield {
            "month_on": month_on,
            "on": end_on,
            "weight_to_date": weights.through(min(end_on, last_on)),
            "weight_before": weights.through(from_on - timedelta(days=1)),
        }


def _parts(contract: Contract, source: Subscription | Milestone, total: Decimal) -> list[tuple[str, int]]:
    """The products of a source with what each has of the total, in minor units."""
    total_minor = to_minor(total, contract.currency)
    if not source.allocation:
        return [(source.product_id or "", total_minor)]
    lines = sorted(source.allocation, key=lambda line: line.product_id)
    weights = [
        to_e12(line.percentage if line.percentage is not None else line.standalone_price or ZERO) for line in lines
    ]
    return [
        (line.product_id, share)
        for line, weight, share in zip(lines, weights, split_minor(total_minor, weights), strict=True)
        if weight
    ]


def _by_line(contract: Contract, total_minor: int, lines: Sequence[SubscriptionLine]) -> list[int]:
    """What each line has of a product's total."""
    if not lines:
        return [total_minor]
    return split_minor(total_minor, [to_minor(line.total_value, contract.currency) for line in lines])


def milestone_rows(contract: Contract, milestone: Milestone, amendments: Amendments) -> Iterator[Row]:
    """The day of a milestone, by product; none where the contract ends before, or was taken over after it."""
    ended = milestone.on > amendments.terminated_on.get(contract.id, FAR)
    if ended or (contract.opening and milestone.on < counts_from(contract)):
        return
    on = max(milestone.on, contract.starts_on)
    for product_id, total_minor in _parts(contract, milestone, milestone.amount):
        yield {
            "source_id": milestone.id,
            "kind": "milestone",
            "contract_id": contract.id,
            "product_id": product_id,
            "line_no": 0,
            "month_on": month_of(on),
            "on": on,
            "total_minor": total_minor,
            "weight_to_date": 1,
            "weight_before": 0,
            "weight_total": 1,
        }
