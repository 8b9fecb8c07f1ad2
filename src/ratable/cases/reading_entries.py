"""Reads what happened: one act per entry, in the order in which the books learn it.

Owns the shape of `events`. Ids in acts and the texts of usage stay as written; whether they
make sense is judged when the case is played.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Literal

from ratable import scalars
from ratable.cases.fields import Fields, mapping_at
from ratable.cases.nodes import Mapping
from ratable.cases.reading_products import read_bundle_lines
from ratable.cases.reading_usage import read_prepaid_usage, read_usage, read_usage_file
from ratable.cases.records import (
    Act,
    Adjustment,
    Allocate,
    Close,
    CreditMemo,
    Entry,
    Estimate,
    Invoice,
    Payment,
    Reopen,
    Terminate,
    TopUp,
    VoidUsage,
)

Against = Literal["revenue", "liability"]
AGAINST: tuple[Against, ...] = ("revenue", "liability")


def read_entries(root: Fields) -> tuple[Entry, ...]:
    """Read the events of a case from its root mapping; `on` must never decrease."""
    entries: list[Entry] = []
    for node in root.mappings("events"):
        entry, fields = _entry(len(entries) + 1, node)
        if entries and entry.on < entries[-1].on:
            raise fields.malformed("on", f"{entry.on} is before {entries[-1].on}, the entry above")
        entries.append(entry)
    return tuple(entries)


def _entry(number: int, node: Mapping) -> tuple[Entry, Fields]:
    fields = Fields(node, required="on", optional=" ".join(ACTS | MONTH_ACTS))
    names = [name for name in node.values if name != "on"]
    if len(names) != 1:
        raise fields.malformed(names[1] if names else "on", f"an entry has exactly one act, not {len(names)}")
    return Entry(number=number, on=fields.day("on"), act=_act(names[0], fields), line=fields.line), fields


def _act(name: str, fields: Fields) -> Act:
    if name in MONTH_ACTS:
        return MONTH_ACTS[name](fields.month(name))
    return ACTS[name](mapping_at(fields.node.values[name], name))


def _close(period: date) -> Close:
    return Close(period=period)


def _reopen(period: date) -> Reopen:
    return Reopen(period=period)


def _invoice(node: Mapping) -> Invoice:
    fields = Fields(node, required="contract amount", optional="prepaid_commit subscription milestone of_usage")
    is_of_usage = fields.truth("of_usage", default=False)
    targets = [key for key in ("prepaid_commit", "subscription", "milestone") if fields.has(key)]
    targets += ["of_usage"] if is_of_usage else []
    if len(targets) > 1:
        raise fields.malformed(targets[1], f"an invoice has one target; {targets[0]} is one already")
    return Invoice(
        contract=fields.text("contract"),
        amount=fields.number("amount"),
        prepaid_commit=fields.maybe_text("prepaid_commit"),
        subscription=fields.maybe_text("subscription"),
        milestone=fields.maybe_text("milestone"),
        is_of_usage=is_of_usage,
    )


def _payment(node: Mapping) -> Payment:
    fields = Fields(node, required="contract amount")
    return Payment(contract=fields.text("contract"), amount=fields.number("amount"))


def _void_usage(node: Mapping) -> VoidUsage:
    return VoidUsage(id=Fields(node, required="id").name())


def _adjustment(node: Mapping) -> Adjustment:
    fields = Fields(node, required="prepaid_commit period amount", optional="id")
    return Adjustment(
        prepaid_commit=fields.text("prepaid_commit"),
        period=fields.month("period"),
        amount=fields.number("amount"),
        id=fields.name() if fields.has("id") else None,
    )


def _allocate(node: Mapping) -> Allocate:
    fields = Fields(node, required="item lines")
    return Allocate(item=fields.text("item"), lines=read_bundle_lines(fields))


def _top_up(node: Mapping) -> TopUp:
    fields = Fields(node, required="prepaid_commit", optional="amount units")
    if fields.has("amount") == fields.has("units"):
        raise fields.malformed("amount", "a top-up is of an amount or of units")
    is_of_units = fields.has("units")
    amount = fields.number("units" if is_of_units else "amount")
    return TopUp(prepaid_commit=fields.text("prepaid_commit"), amount=amount, is_of_units=is_of_units)


def _estimate(node: Mapping) -> Estimate:
    fields = Fields(node, required="prepaid_commit expected_breakage_percentage")
    percentage = fields.number("expected_breakage_percentage")
    return Estimate(prepaid_commit=fields.text("prepaid_commit"), expected_breakage_percentage=percentage)


def _credit_memo(node: Mapping) -> CreditMemo:
    fields = Fields(node, required="contract amount", optional="period against prepaid_commit")
    against = fields.choice("against", AGAINST, "revenue")
    if fields.has("prepaid_commit") != (against == "liability"):
        raise fields.malformed("against", "liability goes with prepaid_commit, revenue without")
    return CreditMemo(
        contract=fields.text("contract"),
        amount=fields.number("amount"),
        period=fields.maybe("period", scalars.month_of),
        against=against,
        prepaid_commit=fields.maybe_text("prepaid_commit"),
    )


def _terminate(node: Mapping) -> Terminate:
    fields = Fields(node, required="contract date", optional="refund")
    refund = fields.number("refund", Decimal(0))
    return Terminate(contract=fields.text("contract"), on=fields.day("date"), refund=refund)


MONTH_ACTS: dict[str, Callable[[date], Act]] = {"close": _close, "reopen": _reopen}

ACTS: dict[str, Callable[[Mapping], Act]] = {
    "invoice": _invoice,
    "payment": _payment,
    "usage": read_usage,
    "late_usage": read_usage,
    "usage_file": read_usage_file,
    "prepaid_usage": read_prepaid_usage,
    "void_usage": _void_usage,
    "adjustment": _adjustment,
    "allocate": _allocate,
    "top_up": _top_up,
    "estimate": _estimate,
    "credit_memo": _credit_memo,
    "terminate": _terminate,
}
