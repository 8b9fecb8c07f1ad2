"""From what an item has earned down to its rated months: drawdown, overage, and the state of the pool."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from ratable.money import SCALE, to_major
from ratable.pools_of_units import from_millionths
from ratable.reports.explanation.evidence import NEVER, Evidence, Row, chosen
from ratable.reports.explanation.records import Step
from ratable.reports.explanation.usage import rated_month
from ratable.reports.explanation.words import from_e12, money, month, number


def earned(evidence: Evidence, row: Row, *, shown: int) -> Step | None:
    """What an item has earned in a service month: its rated month, or what it drew and what was not covered."""
    if not evidence.item(row["item_id"])["draws"]:
        return rated_month(evidence, row["item_id"], row["service_on"], shown=shown)
    keys = ("item_id", "commit_id", "kind", "service_on", "adjusted_on")
    draws = sorted(
        chosen(evidence.draws, **{key: row[key] for key in keys}), key=lambda one: (one["booked_on"], one["net_minor"])
    )
    steps = tuple(_draw(evidence, draw, shown=shown) for draw in draws)
    if len(steps) == 1:
        return steps[0]
    currency = evidence.currency(row["contract_id"])
    return Step(
        kind="drawdown" if row["kind"] == "drawdown" else "overage",
        key="/".join([row["item_id"], row["commit_id"], row["kind"], month(row["service_on"])]),
        title=f"{row['kind']} of {month(row['service_on'])}, everything booked so far",
        formula=f"{len(steps)} bookings",
        value=to_major(sum(draw["net_minor"] for draw in draws), currency),
        unit=currency,
        children=steps,
    )


def _draw(evidence: Evidence, draw: Row, *, shown: int) -> Step:
    currency = evidence.currency(draw["contract_id"])
    is_regular = draw["booked_on"] == draw["service_on"] and draw["adjusted_on"] == NEVER
    pool = consumption(evidence, draw["commit_id"], draw["service_on"], shown=shown) if draw["commit_id"] else None
    if pool is None:
        month_of_item = rated_month(evidence, draw["item_id"], draw["service_on"], shown=shown)
        basis = (month_of_item,) if month_of_item else ()
    else:
        basis = (pool,)
    kind = "drawdown" if draw["kind"] == "drawdown" else "overage"
    return Step(
        kind=kind if is_regular else "correction",  # type: ignore[arg-type]
        key="/".join([draw["item_id"], draw["commit_id"], draw["kind"], month(draw["booked_on"])]),
        title=_draw_title(draw, is_regular=is_regular),
        formula=_draw_formula(evidence, draw, currency, is_regular=is_regular),
        value=to_major(draw["net_minor"], currency),
        unit=currency,
        basis=basis,
    )


def _draw_title(draw: Row, *, is_regular: bool) -> str:
    of = f" of {draw['commit_id']}" if draw["commit_id"] else ""
    told = {"drawdown": "drawn", "overage": "overage", "usage": "pay-as-you-go", "discount": "waived"}[draw["kind"]]
    when = month(draw["service_on"])
    return f"{told}{of} for {when}" if is_regular else f"{told}{of} for {when}, corrected in {month(draw['booked_on'])}"


def _draw_formula(evidence: Evidence, draw: Row, currency: str, *, is_regular: bool) -> str:
    gross, net = money(draw["gross_minor"], currency), money(draw["net_minor"], currency)
    pool = evidence.unit_pool(draw["commit_id"])
    if draw["kind"] != "drawdown":
        told = f"{gross} list value that no prepaid commit covered"
    elif pool is not None:
        keys = ("item_id", "commit_id", "service_on", "booked_on", "adjusted_on")
        units = number(evidence.units(**{key: draw[key] for key in keys}))
        whole = f"{number(from_millionths(pool['units']))} units for {money(pool['price_minor'], currency)}"
        told = f"{units} units at {whole}, rounded to date: {net}"
    else:
        discount = _discount(evidence, draw["commit_id"])
        less = f" less {discount} discount" if discount != "0 %" else ""
        told = f"its part of the month's cover: {gross} list value{less} = {net}"
    if is_regular:
        return told
    learned = f", adjusted on {draw['adjusted_on']}" if draw["adjusted_on"] != NEVER else ""
    return f"{told}; the difference to what was booked before{learned}"


def consumption(evidence: Evidence, commit_id: str, service_on: date, *, shown: int) -> Step | None:
    """A pool's month as it was consumed in it: what was asked, what the pool had, what it covered.

    Corrections of later months are steps of their own.
    """
    of_units = evidence.unit_pool(commit_id) is not None
    rows = [
        {**row, "gross_minor": row["net_minor"]} if of_units and row["kind"] == "drawdown" else row
        for row in chosen(evidence.draws, commit_id=commit_id, service_on=service_on, adjusted_on=NEVER)
        if row["booked_on"] == service_on
    ]
    if not rows:
        return None
    currency = evidence.currency(rows[0]["contract_id"])
    items = sorted({str(row["item_id"]) for row in rows})
    rated = (rated_month(evidence, item_id, service_on, shown=shown) for item_id in items)
    return Step(
        kind="consumption",
        key=f"{commit_id}/{month(service_on)}",
        title=f"{commit_id} in {month(service_on)}",
        formula=_consumption_formula(evidence, rows, before_minor=balance_before(evidence, commit_id, service_on)),
        value=to_major(sum(row["gross_minor"] for row in rows), currency),
        unit=currency,
        children=tuple(_parts(commit_id, service_on, rows, currency=currency)),
        basis=tuple(step for step in rated if step),
    )


def _parts(commit_id: str, service_on: date, rows: Sequence[Row], *, currency: str) -> list[Step]:
    found = []
    for kind, title in (("drawdown", "covered"), ("overage", "overage"), ("discount", "waived")):
        mine = chosen(rows, kind=kind)
        if mine:
            gross, net = (sum(row[figure] for row in mine) for figure in ("gross_minor", "net_minor"))
            found.append(
                Step(
                    kind="part",
                    key=f"{commit_id}/{month(service_on)}/{kind}",
                    title=title,
                    formula=f"{money(gross, currency)} list value, {money(net, currency)} net",
                    value=to_major(gross, currency),
                    unit=currency,
                )
            )
    return found


def _consumption_formula(evidence: Evidence, rows: Sequence[Row], *, before_minor: int) -> str:
    """40,000.00 list value, discount 20 %, pool had 16,000.00: covered 20,000.00, net 16,000.00, overage 20,000.00."""
    currency = evidence.currency(rows[0]["contract_id"])
    drawn, over = chosen(rows, kind="drawdown"), chosen(rows, kind="overage")

    def total(of: Sequence[Row], figure: str) -> str:
        return money(sum(row[figure] for row in of), currency)

    commit_id, service_on = rows[0]["commit_id"], rows[0]["service_on"]
    if evidence.unit_pool(commit_id) is not None:
        keys = {"commit_id": commit_id, "service_on": service_on, "booked_on": service_on}
        return (
            f"{number(evidence.units(**keys))} units drawn, {number(evidence.units(('overage',), **keys))} not covered; "
            f"pool had {money(before_minor, currency)}: "
            f"net {total(drawn, 'net_minor')}, overage {total(over, 'gross_minor')}"
        )
    return (
        f"{total(rows, 'gross_minor')} list value, discount {_discount(evidence, rows[0]['commit_id'])}, "
        f"pool had {money(before_minor, currency)}: "
        f"covered {total(drawn, 'gross_minor')}, net {total(drawn, 'net_minor')}, "
        f"overage {total(over, 'gross_minor')}"
    )


def balance_before(evidence: Evidence, commit_id: str, service_on: date) -> int:
    """What a pool had when the month's own consumption began: after its grants and the corrections booked in it."""
    commit = evidence.commit(commit_id)
    if commit["ends_before"] <= service_on:
        return 0
    added = sum(
        row["amount_minor"] for row in chosen(evidence.grants, commit_id=commit_id) if row["month_on"] <= service_on
    )
    drawn = sum(
        row["net_minor"]
        for row in chosen(evidence.draws, commit_id=commit_id, kind="drawdown")
        if row["booked_on"] < service_on
        or (row["booked_on"] == service_on and (row["service_on"] < service_on or row["adjusted_on"] != NEVER))
    )
    return int(
        commit["granted_minor"] + added - drawn - evidence.lapsed_at_caps(commit_id, service_on, through_on=service_on)
    )


def _discount(evidence: Evidence, commit_id: str) -> str:
    keep = int(evidence.commit(commit_id)["keep_e12"])
    return f"{number(from_e12((SCALE - keep) * 100))} %"
