"""From a revenue row down: what is booked is the whole less what is booked at other times."""

from __future__ import annotations

from decimal import Decimal

from ratable.money import to_major
from ratable.reports.explanation import agreed
from ratable.reports.explanation.drawing import earned
from ratable.reports.explanation.evidence import NEVER, Evidence, Row, chosen
from ratable.reports.explanation.records import Step
from ratable.reports.explanation.words import from_e12, money, month, number

USED = ("usage", "drawdown", "overage")
_WHOLE = (
    "contract_id",
    "source_kind",
    "source_id",
    "item_id",
    "product_id",
    "commit_id",
    "kind",
    "service_on",
    "adjusted_on",
)


def revenue_row(evidence: Evidence, row: Row, *, shown: int) -> Step:
    """One row of revenue: the whole that is known of its month, less its other bookings."""
    currency = evidence.currency(row["contract_id"])
    others = () if row["kind"] in agreed.CUMULATIVE else _other_bookings(evidence, row, currency)
    if row["kind"] in USED:
        whole = _allocations(evidence, row, shown=shown)
    else:
        whole = [agreed.whole(evidence, row, others=others)]
    return Step(
        kind="revenue",
        key="/".join(
            [row["contract_id"], row["source_id"], row["kind"], month(row["service_on"]), month(row["booked_on"])]
        ),
        title=_title(row),
        formula=_formula(row, whole, others, currency=currency),
        value=to_major(row["amount_minor"], currency),
        unit=currency,
        children=(*whole, *others),
    )


def matching_allocations(evidence: Evidence, row: Row) -> list[Row]:
    """The allocated amounts that a revenue row of usage is booked for."""
    keys = {key: row[key] for key in ("contract_id", "commit_id", "kind", "service_on", "adjusted_on")}
    return [one for one in chosen(evidence.allocated, **keys) if recognized_as(evidence, one) == _of(row)]


def recognized_as(evidence: Evidence, allocation: Row) -> tuple[str, str]:
    """Item and product under which recognition books an allocated amount.

    Prepaid usage is no item of the contract, and of the product of the commit that covers it.
    """
    if not allocation["item_id"].startswith("!"):
        return allocation["item_id"], allocation["product_id"]
    commit = chosen(evidence.commits, commit_id=allocation["commit_id"]) if allocation["commit_id"] else []
    return "", (commit[0]["product_id"] if commit else "") or allocation["product_id"]


def _of(row: Row) -> tuple[str, str]:
    return row["item_id"], row["product_id"]


def _allocations(evidence: Evidence, row: Row, *, shown: int) -> list[Step]:
    return [allocation(evidence, one, shown=shown) for one in matching_allocations(evidence, row)]


def allocation(evidence: Evidence, row: Row, *, shown: int) -> Step:
    """The share of one product in what an item has earned."""
    currency = evidence.currency(row["contract_id"])
    whole = earned(evidence, row, shown=shown)
    shares = sorted(chosen(evidence.shares, item_id=row["item_id"]), key=lambda share: str(share["product_id"]))
    keys = {key: row[key] for key in ("item_id", "commit_id", "kind", "service_on", "adjusted_on")}
    total_minor = sum(one["amount_minor"] for one in chosen(evidence.allocated, **keys))
    if len(shares) == 1 and whole is not None:
        return whole
    mine = next(share for share in shares if share["product_id"] == row["product_id"])
    weight, weights = from_e12(mine["weight_e12"]), from_e12(sum(share["weight_e12"] for share in shares))
    told = f"{number(weight)} of {number(weights)} parts of {money(total_minor, currency)}"
    return Step(
        kind="allocation",
        key="/".join([row["item_id"], row["product_id"], row["kind"], month(row["service_on"])]),
        title=f"share of {row['product_id'] or 'no product'} in {row['item_id']}",
        formula=f"{told} = {money(row['amount_minor'], currency)}, shares by largest remainder",
        value=to_major(row["amount_minor"], currency),
        unit=currency,
        basis=(whole,) if whole else (),
    )


def _other_bookings(evidence: Evidence, row: Row, currency: str) -> tuple[Step, ...]:
    """What is booked of the same whole in other months, with the sign that leaves this row."""
    same = [one for one in chosen(evidence.revenue, **{key: row[key] for key in _WHOLE}) if one is not row]
    return tuple(
        Step(
            kind="booked_at_another_time",
            key="/".join([one["contract_id"], one["source_id"], one["kind"], month(one["booked_on"])]),
            title=f"less what is booked in {month(one['booked_on'])}",
            formula=f"dated {one['on']}",
            value=to_major(-one["amount_minor"], currency),
            unit=currency,
        )
        for one in sorted(same, key=lambda one: (one["booked_on"], one["on"], one["amount_minor"]))
    )


def _title(row: Row) -> str:
    what = row["item_id"] or row["commit_id"] or row["source_id"]
    late = f", booked in {month(row['booked_on'])}" if row["booked_on"] != row["service_on"] else ""
    adjusted = f", adjusted on {row['adjusted_on']}" if row["adjusted_on"] != NEVER else ""
    return f"{row['kind']} revenue of {what} for {month(row['service_on'])}{late}{adjusted}"


def _formula(row: Row, whole: list[Step], others: tuple[Step, ...], *, currency: str) -> str:
    if row["kind"] in agreed.CUMULATIVE:
        return "to date less before"
    if not others:
        return f"the whole of {month(row['service_on'])}"
    total = sum((step.value for step in whole), Decimal(0))
    booked = sum((step.value for step in others), Decimal(0))
    amount = money(row["amount_minor"], currency)
    return f"the whole of {month(row['service_on'])} is {total:,}; of it {-booked:,} is booked at other times: {amount}"
