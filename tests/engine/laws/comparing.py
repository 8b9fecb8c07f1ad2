"""Two sets of books side by side: tables as canonical multisets of rows, and a case told in few words.

Owns which keys and figures of a table are compared. Rows whose figures are all zero are no rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from typing import Protocol

from ratable.cases import records

Row = dict[str, object]
Figures = tuple[object, ...]
Sums = dict[tuple[object, ...], Figures]

KEYS: Mapping[str, tuple[str, str]] = {
    "rejected": ("id code", ""),
    "refused": ("id code", ""),
    "rated": ("contract item product period tier currency", "quantity amount"),
    "consumption": (
        "prepaid_commit contract period currency",
        "gross discount net overage balance_before balance_after",
    ),
    "allocated": ("contract item product period currency", "amount"),
    "revenue": ("contract product item prepaid_commit type period service_period currency", "amount"),
    "journal": ("contract account period service_period on type prepaid_commit currency", "debit_less_credit"),
    "balances": ("at account contract prepaid_commit currency", "amount"),
    "prepaid_commits": ("prepaid_commit contract at currency status", "remaining"),
    "units": ("prepaid_commit contract item period service_period currency", "drawn uncovered"),
    "unit_balances": ("prepaid_commit at currency", "remaining"),
    "rollforward": ("account contract period currency", "opening billed recognized breakage other closing"),
    "waterfall": ("booked period currency", "amount"),
    "rpo": ("at contract band currency", "amount"),
}
AT = ("balances", "prepaid_commits", "unit_balances", "rpo")


class Books(Protocol):
    """Anything that answers with the tables of the case format."""

    def rows(self, table: str, at: date | None = None) -> list[Row]:
        """The rows of a table."""
        ...


def differences(
    ours: Books, theirs: Books, case: records.Case, *, tables: tuple[str, ...] = (), days: Sequence[date] = ()
) -> list[str]:
    """What two books disagree about, table by table; empty if they agree. `days` are those of the pictures."""
    found = []
    for table in tables or KEYS:
        for at in days or days_of(case) if table in AT else [None]:
            left, right = canonical(ours, table, at), canonical(theirs, table, at)
            found += list(_unlike(table, left, right))
    return found


def _unlike(table: str, left: Sums, right: Sums) -> Iterator[str]:
    keys, figures = (text.split() for text in KEYS[table])
    for key in sorted({*left, *right}, key=repr):
        if left.get(key) != right.get(key):
            named = " ".join(f"{name}={_text(value)}" for name, value in zip(keys, key, strict=True) if value)
            values = " / ".join(_figures(figures, sums.get(key)) for sums in (left, right))
            yield f"{table} {named}: {values}"


def _figures(names: list[str], values: Figures | None) -> str:
    if values is None:
        return "-"
    return " ".join(f"{name}={_text(value)}" for name, value in zip([*names, "rows"], values, strict=False))


def canonical(books: Books, table: str, at: date | None = None) -> Sums:
    """The rows of a table summed by its keys; facts are counted."""
    keys, figures = (text.split() for text in KEYS[table])
    sums: dict[tuple[object, ...], list[Decimal]] = defaultdict(lambda: [Decimal(0)] * max(len(figures), 1))
    for row in books.rows(table, at):
        key = tuple(row[name] or None for name in keys)
        values = [_figure(row, name) for name in figures] or [Decimal(1)]
        sums[key] = [total + value for total, value in zip(sums[key], values, strict=True)]
    movements = slice(0, 4) if table == "consumption" else slice(None)  # balances alone make no row
    keeps_zero = table == "prepaid_commits"
    return {key: tuple(values) for key, values in sums.items() if keeps_zero or any(values[movements])}


def _figure(row: Row, name: str) -> Decimal:
    if name == "debit_less_credit":
        return Decimal(str(row["debit"])) - Decimal(str(row["credit"]))
    return Decimal(str(row[name]))


def days_of(case: records.Case) -> list[date]:
    """Days on which pictures are compared: one in the middle of the story, one at its end, and an expiry."""
    commits = [commit for contract in case.terms.contracts for commit in contract.prepaid_commits]
    ends = sorted(commit.ends_before for commit in commits if commit.ends_before)
    return [date(2028, 3, 15), *ends[:1], date(2028, 10, 31)]


# ── a case in few words ──────────────────────────────────────────────────────────────────────


def told(case: records.Case) -> str:
    """Terms and entries of a case, what is usual left out."""
    lines = [_told(case.terms.policy)]
    lines += [_told(product) for product in case.terms.products]
    lines += [_told(bundle) for bundle in case.terms.product_bundles]
    lines += [_told(contract) for contract in case.terms.contracts]
    lines += [f"{entry.number} {entry.on} {_told(entry.act)}" for entry in case.entries]
    return "\n".join(lines)


def _told(value: object) -> str:
    if is_dataclass(value) and not isinstance(value, type):
        given = [
            f"{each.name}={_told(own)}"
            for each in fields(value)
            if (own := getattr(value, each.name)) is not None and own not in (each.default, ())
        ]
        return f"{type(value).__name__}({', '.join(given)})"
    if isinstance(value, tuple):
        return "(" + "; ".join(_told(own) for own in value) + ")"
    return _text(value)


def _text(value: object) -> str:
    return format(value, "f") if isinstance(value, Decimal) else str(value)
