"""From a journal line down, and from a usage record up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal

from ratable.money import to_major
from ratable.periods import month_of
from ratable.reports.explanation.evidence import NEVER, Evidence, Row, chosen
from ratable.reports.explanation.records import Step, Trace, checked
from ratable.reports.explanation.revenue import matching_allocations, revenue_row
from ratable.reports.explanation.usage import metered, rated_month, record_of
from ratable.reports.explanation.words import money, month, plain
from ratable.reports.words import REVENUE_ACCOUNTS

RECORDS_SHOWN = 20
_SAME_LINE = ("account", "item_id", "product_id", "commit_id")
_OF_REVENUE = (
    "contract_id",
    "source_kind",
    "source_id",
    "kind",
    "item_id",
    "product_id",
    "commit_id",
    "service_on",
    "booked_on",
    "on",
)
_POSITIONS = ("contract_liability", "unbilled_revenue")


def explain_entry(evidence: Evidence, entry_id: str, *, records_shown: int = RECORDS_SHOWN) -> tuple[Step, ...]:
    """Every line of a journal entry, each down to the usage that it stands for; a credit is negative.

    Lines of one account, item, product and prepaid commit are told together.

    Raises:
        LookupError: no such entry.
        InvariantError: parts do not sum up; always a bug, or rows are missing from the evidence.
    """
    lines = _lines(chosen(evidence.journal, entry_id=entry_id))
    if not lines:
        raise LookupError(f"no journal entry {entry_id}")
    own = [group for group in lines if group[0]["account"] not in _POSITIONS]
    told = [_line(evidence, group, shown=records_shown) for group in own]
    others = tuple(_plain_line(evidence, group) for group in own)
    positions = [_position(evidence, group, others) for group in lines if group[0]["account"] in _POSITIONS]
    return tuple(checked(step) for step in (*told, *positions))


def explain_revenue(evidence: Evidence, keys: Mapping[str, object], *, records_shown: int = RECORDS_SHOWN) -> Step:
    """The sum of the revenue rows that have these keys, each down to its usage.

    Keys are columns of `tables.REVENUE`: contract_id, product_id, kind, service_on, booked_on and so on.

    Raises:
        LookupError: no revenue has these keys.
        InvariantError: parts do not sum up; always a bug, or rows are missing from the evidence.
    """
    rows = [row for row in chosen(evidence.revenue, **keys) if row["kind"] != "refund"]
    currencies = {evidence.currency(row["contract_id"]) for row in rows}
    if len(currencies) != 1:
        raise LookupError(f"{len(currencies)} currencies have revenue with {keys}, not one")
    (currency,) = currencies
    steps = [revenue_row(evidence, row, shown=records_shown) for row in sorted(rows, key=_order)]
    named = ", ".join(f"{name} {month(key) if isinstance(key, date) else key}" for name, key in keys.items())
    return checked(
        Step(
            kind="figure",
            key=named,
            title=f"revenue of {named}" if named else "revenue",
            formula=f"{len(rows):,} revenue row{'s' if len(rows) > 1 else ''}",
            value=to_major(sum(row["amount_minor"] for row in rows), currency),
            unit=currency,
            children=tuple(steps),
        )
    )


def trace_usage(evidence: Evidence, usage_id: str) -> Trace:
    """A usage record up to the journal lines that it stands in, with its share of its month.

    Raises:
        LookupError: no usage that counts has this id.
    """
    found = chosen(evidence.usage, usage_id=usage_id)
    if len(found) != 1:
        raise LookupError(f"{len(found)} usage records that count have the id {usage_id}, not one")
    (row,) = found
    item_id, month_on = str(row["item_id"]), month_of(row["used_on"])
    currency = str(evidence.item(item_id)["currency"])
    unit, value = ("units", row["quantity"]) if row["amount"] is None else (currency, row["amount"])
    rated = rated_month(evidence, item_id, month_on, shown=0)
    if rated is None:
        raise LookupError(f"{item_id} was not rated in {month(month_on)}")
    (whole,) = [step for step in metered(evidence, item_id, month_on, shown=0) if step.unit == unit]
    return Trace(
        usage=record_of(row, unit, plain(value)),
        month=checked(rated),
        part=plain(value),
        whole=whole.value,
        lines=_lines_above(evidence, item_id, month_on),
    )


def _lines_above(evidence: Evidence, item_id: str, month_on: date) -> tuple[Step, ...]:
    """The revenue lines of an item's month, and the positions of their entries."""
    rows = [
        row
        for row in chosen(evidence.revenue, service_on=month_on)
        if any(one["item_id"] == item_id for one in matching_allocations(evidence, row))
    ]
    own = [line for row in rows for line in _journal_of(evidence, row)]
    entries = {line["entry_id"] for line in own}
    others = [line for line in evidence.journal if line["entry_id"] in entries and line["account"] in _POSITIONS]
    return tuple(_plain_line(evidence, group) for group in _lines([*own, *others]))


def _journal_of(evidence: Evidence, row: Row) -> list[Row]:
    """The journal lines that a revenue row is booked by."""
    return [line for line in chosen(evidence.journal, **{key: row[key] for key in _OF_REVENUE}) if _is_of(line, row)]


def _is_of(line: Row, row: Row) -> bool:
    is_adjusted = row["adjusted_on"] != NEVER and row["kind"] != "minimum"
    in_revenue = line["account"] in REVENUE_ACCOUNTS or row["kind"] == "refund"
    return in_revenue and line["is_adjusted"] == is_adjusted


def _lines(rows: Sequence[Row]) -> list[list[Row]]:
    """Lines that nothing tells apart, together, in the order of accounts."""
    groups: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[(row["entry_id"], *(str(row[key]) for key in _SAME_LINE))].append(row)
    return [groups[key] for key in sorted(groups)]


def _line(evidence: Evidence, group: Sequence[Row], *, shown: int) -> Step:
    line = group[0]
    keys = {key: line[key] for key in _OF_REVENUE}
    rows = [row for row in chosen(evidence.revenue, **keys) if _is_of(line, row)]
    if not rows or line["kind"] == "refund":
        return _plain_line(
            evidence, group, kind="document", formula=f"{line['kind']} on {line['on']}, as it was booked"
        )
    credited = tuple(_negated(revenue_row(evidence, row, shown=shown)) for row in sorted(rows, key=_order))
    return _plain_line(evidence, group, formula="revenue is a credit", children=credited)


def _negated(step: Step) -> Step:
    """A revenue row as the credit that it is."""
    return Step(
        kind=step.kind,
        key=step.key,
        title=step.title,
        formula="credited",
        value=-step.value,
        unit=step.unit,
        basis=(step,),
    )


def _position(evidence: Evidence, group: Sequence[Row], others: tuple[Step, ...]) -> Step:
    """Liability and unbilled revenue are the other side: billed less recognized, by source."""
    line = group[0]
    currency = str(line["currency"])
    before, after = _around(evidence, line)
    told = (
        f"{line['source_kind']} {line['source_id']}, billed less recognized: {money(before, currency)} before, "
        f"{money(after, currency)} after; above zero it is liability, below zero unbilled"
    )
    return _plain_line(evidence, group, formula=told, basis=others)


def _around(evidence: Evidence, line: Row) -> tuple[int, int]:
    """The position of a source before and after an entry."""
    source = {key: line[key] for key in ("contract_id", "source_kind", "source_id")}
    rows = [row for row in chosen(evidence.journal, **source) if row["account"] in _POSITIONS]
    here = _place(line)
    before = sum(row["credit_minor"] - row["debit_minor"] for row in rows if _place(row) < here)
    moved = sum(row["credit_minor"] - row["debit_minor"] for row in rows if _place(row) == here)
    return before, before + moved


def _place(row: Row) -> tuple[date, int, int, str]:
    return row["on"], row["place"], row["number"], row["entry_id"]


def _plain_line(
    evidence: Evidence,
    group: Sequence[Row],
    *,
    kind: str = "journal_line",
    formula: str = "",
    children: tuple[Step, ...] = (),
    basis: tuple[Step, ...] = (),
) -> Step:
    line = group[0]
    currency = evidence.currency(line["contract_id"])
    amount = sum(row["debit_minor"] - row["credit_minor"] for row in group)
    side = "debit" if amount > 0 else "credit"
    return Step(
        kind=kind,  # type: ignore[arg-type]
        key=str(line["entry_id"]),
        title=f"{side} {line['account']} on {line['on']}",
        formula=formula or f"in entry {line['entry_id']}",
        value=to_major(amount, currency),
        unit=currency,
        children=children,
        basis=basis,
    )


def _order(row: Mapping[str, object]) -> tuple[str, ...]:
    return tuple(
        str(row[key])
        for key in ("booked_on", "on", "source_id", "item_id", "product_id", "kind", "service_on", "adjusted_on")
    )


def share_of(trace: Trace) -> str:
    """A record's share of its month in words: 500 of 12,500 units."""
    zero = Decimal(0)
    return f"{trace.part:,f} of {trace.whole:,f} {trace.usage.unit}" if trace.whole != zero else "nothing of nothing"
