"""Usage of contracts: `/rr/api/v1/contracts/{id}/usage`, a usage item of ours with its records.

A line is a record of usage under an id of ours, `usage:<item>:<external id or month>`; it is told by its month. It counts on the last day of its
month that the item is there. An id stays taken when its record is taken back: told again it gets a number. A line that comes back as it was told says
nothing new, whatever records it is the sum of.
"""

from __future__ import annotations

from calendar import monthrange
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from ratable.periods import day_after, month_of
from ratable.terms import UsageItem
from ratable_server.api.campfire.translate.allocations import from_bundle_of_line
from ratable_server.api.campfire.translate.words import Names, ends_before, last_day, last_of

OURS = (
    "contract", "product", "product_bundle", "product_bundle_id", "usage_group", "start_date", "end_date", "lines",
    "usage_lines", "draws_on_prepaid_commits", "drawdown_rate", "drawdown_unit",
)  # fmt: skip
_BEGINNING = "usage:"
_FAR = date(2999, 12, 31)


def to_item(fields: Mapping[str, Any], code: str, *, named: Any, contract: Any) -> UsageItem:
    """A usage item; `named` has its product, usage group and bundle. Without a start it starts with its contract."""
    return UsageItem(
        id=code,
        product_id=named.product.code if named.product else None,
        usage_group_id=named.group.code if named.group else None,
        product_bundle_id=named.bundle.code if named.bundle else None,
        starts_on=fields.get("start_date") or contract.starts_on,
        ends_before=ends_before(fields.get("end_date")),
        draws=bool(fields.get("draws_on_prepaid_commits")),
        drawdown_rate=fields.get("drawdown_rate"),
        drawdown_unit=fields.get("drawdown_unit") or None,
    )


def said_of(item: Any) -> dict[str, Any]:
    """What an item says of itself, in the words of the wire: what a part of it does not change."""
    return {
        "product": item.product_id,
        "usage_group": item.usage_group_id,
        "product_bundle_id": item.bundle_id,
        "start_date": item.starts_on,
        "end_date": last_day(item.ends_before),
        "draws_on_prepaid_commits": item.draws,
        "drawdown_rate": item.drawdown_rate,
        "drawdown_unit": item.drawdown_unit,
    }


def to_records(
    lines: Sequence[Mapping[str, Any]], item: UsageItem, *, there: Sequence[str], gone: Sequence[str]
) -> tuple[list[dict[str, object]], list[str]]:
    """The records of lines, and the ids of records of lines that have none any more.

    `there` are the ids that count for the item, `gone` those that were taken back.
    """
    current = {_name_of(event_id): event_id for event_id in there if event_id.startswith(_BEGINNING)}
    times = Counter(_name_of(event_id) for event_id in (*there, *gone))
    records = []
    for line in lines:
        name = _named(item.id, line.get("external_id") or f"{_month_of(line):%Y-%m}")
        own = current.pop(name, None) or (f"{name}#{times[name] + 1}" if times[name] else name)
        records.append(_to_record(line, item, own))
    return records, list(current.values())


def within(item: UsageItem, contract: Any) -> UsageItem:
    """The item for as long as its contract serves it: on its days usage is recorded."""
    ends = day_after(last_of(contract))
    return replace(item, ends_before=ends if item.ends_before is None else min(item.ends_before, ends))


def news_of(
    lines: Sequence[Mapping[str, Any]], months: Mapping[date, Any]
) -> tuple[list[Mapping[str, Any]], frozenset[date]]:
    """The lines that say something new, and the months of which a line says what they have; `months` are as used."""
    echoed = {id(line): _month_of(line) for line in lines if _is_echo(line, months.get(_month_of(line)))}
    return [line for line in lines if id(line) not in echoed], frozenset(echoed.values())


def refuses_sums(
    lines: Sequence[Mapping[str, Any]], item: UsageItem, there: Sequence[tuple[str, date]], *, is_partial: bool
) -> str | None:
    """A line without an id that would be added to records which the month was told to be the sum of; None: none.

    `there` are records by id and month. Where the whole is told, records of lines that are not told go.
    """
    for line in lines:
        month_on = _month_of(line)
        own = _named(item.id, f"{month_on:%Y-%m}")
        others = [event_id for event_id, on in there if on == month_on and _name_of(event_id) != own]
        stay = others if is_partial else [each for each in others if not each.startswith(_BEGINNING)]
        has_own = is_partial and len(others) < sum(on == month_on for _, on in there)
        if stay and not has_own and not line.get("external_id"):
            return f"{month_on:%Y-%m} is the sum of {len(others)} records with ids of their own: a line needs its external_id."
    return None


def refuses_lines(lines: Sequence[Mapping[str, Any]]) -> str | None:
    """What is wrong with lines: one without a month or without what was used, or two that are the same."""
    if any(not (line.get("period_month") or line.get("start_date") or line.get("end_date")) for line in lines):
        return "A line needs a period_month, or a start_date or end_date."
    if any(line.get("quantity") is None and line.get("amount") is None for line in lines):
        return "A line needs a quantity or an amount."
    names = [line.get("external_id") or _month_of(line) for line in lines]
    return "Two lines have the same external_id, or the same month and none." if len(names) > len(set(names)) else None


def from_usage(item: Any, revenue: Any, months: Sequence[Any], *, names: Names, currency: str) -> dict[str, Any]:
    """A usage item with what each month used and its revenue."""
    bundle = revenue.bundle
    return {
        "id": item.id,
        "contract": item.contract_id,
        "product": item.product_id,
        "product_bundle": None if bundle is None else str(bundle.id),
        "product_bundle_id": None if bundle is None else bundle.id,
        "contract_product_bundle": None if bundle is None else from_bundle_of_line(item, revenue, currency),
        "product_name": item.product_name,
        "product_bundle_name": None if bundle is None else bundle.name or bundle.code,
        "usage_group": item.usage_group_id,
        "usage_group_name": item.usage_group,
        "tags": names.tag_text(item.further),
        "tag_details": names.tags(item.further),
        "start_date": item.starts_on,
        "end_date": last_day(item.ends_before),
        "lines": "\n".join(map(_as_text, months)),
        "usage_lines": [_from_month(month, item.code) for month in months],
        "draws_on_prepaid_commits": item.draws,
        "drawdown_rate": item.drawdown_rate,
        "drawdown_unit": item.drawdown_unit,
        "revenue_transactions": [
            {
                "id": each.id,
                "period_month": each.booked_on,
                "product": each.product_id,
                "amount": each.amount,
                "is_posted": each.is_posted,
            }
            for each in revenue.transactions
        ],
        "created_at": item.created_at,
        "last_modified_at": item.modified_at,
    }


def _to_record(line: Mapping[str, Any], item: UsageItem, event_id: str) -> dict[str, object]:
    told = {name: line[name] for name in ("quantity", "amount") if line.get(name) is not None}
    further = {name: line[name] for name in ("external_id", "description") if line.get(name)}
    return {"id": event_id, "item": item.id, "used_on": _day_of(line, item), **told, **further}


def _is_echo(line: Mapping[str, Any], month: Any) -> bool:
    """Is a line without an id what was told of its month? Nothing and null are the same there."""
    if month is None or line.get("external_id"):
        return False
    return (line.get("quantity") or 0, line.get("amount") or 0) == (month.quantity, month.amount)


def _from_month(month: Any, item: str) -> dict[str, Any]:
    """A month; a figure that no record tells is null, since nothing would be a figure of its own."""
    return {
        "external_id": _external_id(month, item),
        "period_month": month.month_on,
        "start_date": month.month_on,
        "end_date": _month_end(month.month_on),
        "quantity": month.quantity if month.quantities else None,
        "amount": month.amount if month.amounts else None,
        "description": None,
        "records": month.records,
    }


def _external_id(month: Any, item: str) -> str | None:
    """What the one record of a month is known by, if it was told under an id."""
    name, beginning = _name_of(month.event_id or ""), _named(item, "")
    own = name.removeprefix(beginning) if name.startswith(beginning) else ""
    return None if own in {"", f"{month.month_on:%Y-%m}"} else own


def _named(item: str, own: str) -> str:
    return f"{_BEGINNING}{item}:{own}"


def _as_text(month: Any) -> str:
    used = f"quantity {month.quantity:f}" if month.quantity else f"amount {month.amount:f}"
    return f"{month.month_on:%Y-%m}: {used}"


def _name_of(event_id: str) -> str:
    """The id without the number that it has if it was taken back before."""
    name, mark, number = event_id.rpartition("#")
    return name if mark and number.isdecimal() else event_id


def _month_of(line: Mapping[str, Any]) -> date:
    return month_of(line.get("period_month") or line.get("end_date") or line["start_date"])


def _day_of(line: Mapping[str, Any], item: UsageItem) -> date:
    """The last day of the line's month on which the item is there; the month's last day if it has none.

    A line of days that are all after the item's end keeps its own, on which nothing is recorded.
    """
    last_on = line.get("end_date") or _month_end(_month_of(line))
    ends_on = last_day(item.ends_before) or _FAR
    starts_on = max(line.get("start_date") or month_of(last_on), month_of(last_on))
    return ends_on if starts_on <= ends_on < last_on else last_on


def _month_end(month_on: date) -> date:
    return month_on.replace(day=monthrange(month_on.year, month_on.month)[1])
