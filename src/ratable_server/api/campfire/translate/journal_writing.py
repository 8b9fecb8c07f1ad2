"""Journal entries that somebody writes: the body of `/coa/api/journal_entry` as an entry of ours, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

from ratable.currencies import CURRENCIES
from ratable.money import minor_unit_digits
from ratable_server.api.campfire.translate.journal_entries import WRITTEN_BY_HAND, type_of
from ratable_server.operations.written_entries import Writing, WrittenLine
from ratable_server.queries.chart import OWN_ACCOUNTS

_NOTHING = Decimal(0)
OURS = (
    "transactions", "type", "date", "currency", "revenue_transactions", "journals_to_delete", "reversal_date",
    "journal_id", "order", "bulk_upload", "chat_uuid", "update_reversal",
)  # fmt: skip
_SIDES = ("debit", "credit")
_OF_LINE = ("account", *(f"{side}_amount{of}" for side in _SIDES for of in ("", "_book", "_native")))


class UnfitLineError(ValueError):
    """A line cannot be what it says."""


def to_writing(fields: Mapping[str, Any], *, posts: Sequence[str] = ()) -> Writing:
    """What a body says as an entry of ours; one that posts has no lines of its own.

    Raises:
        UnfitLineError: a line has no account, no side, or digits that its currency has not.
    """
    currency = fields.get("currency") or _currency_of(fields.get("transactions") or ())
    return Writing(
        kind=fields.get("type") or "journal_entry",
        currency=currency,
        on=fields["date"],
        lines=() if posts else lines_of(fields.get("transactions") or (), currency),
        posts=tuple(posts),
        further={"source": WRITTEN_BY_HAND, **{name: each for name, each in fields.items() if name not in OURS}},
    )


def reversed_writing(entry: Writing, *, on: date, reversal_of: int, order: str) -> Writing:
    """The same with its sides swapped, on another day."""
    lines = (replace(line, debit_minor=line.credit_minor, credit_minor=line.debit_minor) for line in entry.lines)
    link = {"reversal_of": reversal_of, "reversal_of_order": order}
    return replace(entry, on=on, lines=tuple(lines), further={**entry.further, **link})


def lines_of(lines: Sequence[Mapping[str, Any]], currency: str) -> tuple[WrittenLine, ...]:
    """The lines of a body.

    Raises:
        UnfitLineError: told by its place.
    """
    roles = {own.id: role for role, own in OWN_ACCOUNTS.items()}
    found = []
    for place, line in enumerate(lines, 1):
        account = line.get("account")
        if account is None:
            raise UnfitLineError(f"Line {place} has no account.")
        debit, credit = (_minor(line, side, currency, place=place) for side in _SIDES)
        found.append(
            WrittenLine(
                account=None if account in roles else account,
                role=roles.get(account, ""),
                debit_minor=debit,
                credit_minor=credit,
                further={name: each for name, each in line.items() if name not in _OF_LINE},
            )
        )
    return tuple(found)


def unbalanced_entity(entry: Writing) -> int | None:
    """An entity of which the lines of an entry do not balance, so that its statements would not; None: all do."""
    sums: dict[int | None, int] = {}
    for line in entry.lines:
        entity = line.further.get("entity") or entry.further.get("entity")
        sums[entity] = sums.get(entity, 0) + line.debit_minor - line.credit_minor
    return next((entity for entity, minor in sums.items() if minor and entity is not None), None)


def _minor(line: Mapping[str, Any], side: str, currency: str, *, place: int) -> int:
    """The amount of a side: native where it is told, else in the currency of the entity, else consolidated."""
    told = (line.get(f"{side}_amount{of}") for of in ("_native", "_book", ""))
    amount = next((each for each in told if each is not None), _NOTHING)
    if currency not in CURRENCIES:
        return 0  # refused by its currency
    shifted = amount.scaleb(minor_unit_digits(currency))
    if shifted != shifted.to_integral_value():
        raise UnfitLineError(f"Line {place} has more digits than {currency} has.")
    return int(shifted)


def _currency_of(lines: Sequence[Mapping[str, Any]]) -> str:
    return next((line["currency"] for line in lines if line.get("currency")), "USD")


def said_of(entry: Any) -> dict[str, Any]:
    """An entry that is written by hand as a body would say it; a change of some of it leaves the rest."""
    return {
        **(entry.written or {}),
        "type": type_of(entry.kind, entry.code),
        "date": entry.on,
        "currency": entry.currency,
        "transactions": [_said_line(line) for line in entry.lines],
    }


def _said_line(line: Any) -> dict[str, Any]:
    role = line.key.role
    account = int(role.removeprefix("#")) if role.startswith("#") else OWN_ACCOUNTS[role].id
    return {
        **line.further,
        "account": account,
        "debit_amount_native": line.debit or None,
        "credit_amount_native": line.credit or None,
    }
