"""Revenue that needs no usage: schedules, minimums, breakage, each by what was agreed."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ratable.money import to_major
from ratable.periods import next_month
from ratable.reports.explanation.evidence import Evidence, Row, chosen, one
from ratable.reports.explanation.records import Step
from ratable.reports.explanation.words import from_e12, money, month, number

CUMULATIVE = ("breakage", "refund")  # each row is the step of a sum over the life of a commit


def whole(evidence: Evidence, row: Row, *, others: Sequence[Step]) -> Step:
    """The whole of which a row is booked, by the terms that make it due."""
    currency = evidence.currency(row["contract_id"])
    value = to_major(row["amount_minor"], currency) - sum((step.value for step in others), Decimal(0))
    told = {
        "subscription": _schedule,
        "milestone": _schedule,
        "minimum": _minimum,
        "breakage": _lapse,
        "refund": _lapse,
    }[row["kind"]]
    return Step(
        kind="agreed",
        key=f"{row['source_id']}/{month(row['service_on'])}",
        title=f"{row['kind']} of {row['source_id']}",
        formula=told(evidence, row, value),
        value=value,
        unit=currency,
    )


def _schedule(evidence: Evidence, row: Row, value: Decimal) -> str:
    names = ("source_id", "kind", "product_id")
    found = chosen(evidence.schedules, month_on=row["service_on"], **{name: row[name] for name in names})
    if not found:
        return f"{value:,}: no longer due, it has ended or is of other products"
    currency = evidence.currency(row["contract_id"])
    if row["kind"] == "milestone":
        return f"{money(found[0]['total_minor'], currency)} due on {found[0]['on']}"
    return f"{' and '.join(_progress(step, currency) for step in found)}, each rounded = {value:,}"


def _progress(step: Row, currency: str) -> str:
    weights = f"{step['weight_to_date']} of {step['weight_total']} parts"
    before = f"{step['weight_before']} of {step['weight_total']} parts"
    return f"{money(step['total_minor'], currency)}: {weights} to date less {before} before"


def _minimum(evidence: Evidence, row: Row, value: Decimal) -> str:
    contract = one(evidence.contracts, contract_id=row["contract_id"])
    floor = from_e12(contract["minimum_amount_e12"])
    keys = {"contract_id": row["contract_id"], "service_on": row["service_on"]}
    counted = to_major(sum(one["amount_minor"] for one in chosen(evidence.allocated, **keys)), contract["currency"])
    if floor - counted == value:
        return f"minimum {floor:,} less {counted:,} that counts = {value:,}"
    quantity = from_e12(contract["minimum_quantity_e12"])
    floors = [f"{floor:,} {contract['currency']}"] if floor else []
    floors += [f"{number(quantity)} units"] if quantity else []
    return (
        f"what {month(row['service_on'])} lacks to its minimum of {' or '.join(floors)}; {counted:,} counts = {value:,}"
    )


def _lapse(evidence: Evidence, row: Row, value: Decimal) -> str:
    """What is earned to date of a commit's price, less what was drawn of it and lapsed before."""
    commit, currency = evidence.commit(row["commit_id"]), evidence.currency(row["contract_id"])
    until = row["booked_on"]
    grants = chosen(evidence.grants, commit_id=row["commit_id"])
    price = commit["granted_minor"] + sum(grant["amount_minor"] for grant in grants if grant["month_on"] <= until)
    draws = chosen(evidence.draws, commit_id=row["commit_id"], kind="drawdown")
    drawn = sum(draw["net_minor"] for draw in draws if draw["booked_on"] <= until)
    lapsed = [one for one in chosen(evidence.revenue, commit_id=row["commit_id"]) if one["kind"] in CUMULATIVE]
    before = sum(one["amount_minor"] for one in lapsed if one["booked_on"] < until)
    less = f"less {money(drawn, currency)} drawn less {money(before, currency)} lapsed before = {value:,}"
    if to_major(price - drawn - before, currency) == value:
        return f"price {money(price, currency)} {less}"
    cap_minor = evidence.lapsed_at_caps(row["commit_id"], until, through_on=next_month(until))
    if cap_minor and to_major(cap_minor - before, currency) == value:
        over = f"over the cap of a rollover {money(cap_minor, currency)}"
        return f"{over} less {money(before, currency)} lapsed before = {value:,}"
    earned = drawn + before + row["amount_minor"]
    return f"earned to date {money(earned, currency)} of {money(price, currency)}, by the expected breakage, {less}"
