"""The tables a case may ask about: their keys, their figures and how each text is typed.

Owns the closed vocabulary of `expect`. A word outside of it is malformed, because a misspelt
account would select no rows, and the sum over no rows is a silent 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ratable.errors import REFUSAL_CODES, REJECTION_CODES
from ratable.scalars import currency_of, date_of, decimal_of, month_of, whole_of

Value = str | int | date | Decimal
Parse = Callable[[str], Value]

REVENUE_TYPES = (
    "usage",
    "drawdown",
    "overage",
    "minimum",
    "breakage",
    "subscription",
    "milestone",
    "adjustment",
)
ACCOUNTS = (
    "accounts_receivable",
    "unbilled_revenue",
    "contract_asset",
    "cash",
    "contract_liability",
    "refund_liability",
    "revenue",
    "breakage_revenue",
)
OFFSET_ACCOUNT = "opening_balance"  # the other side of balances brought in at cut-over
BANDS = ("12_months", "later")
STATUSES = ("ACTIVE", "EXHAUSTED", "EXPIRED")


@dataclass(frozen=True, slots=True)
class Table:
    """What may be asked of one table; `at` says that it is a picture at the end of a day."""

    keys: Mapping[str, Parse]
    sums: Mapping[str, Parse]
    single: Mapping[str, Parse]
    at: bool = False

    @property
    def figures(self) -> dict[str, Parse]:
        return {**self.sums, **self.single}


def _text(text: str) -> str:
    return text


def _one_of(*words: str) -> Parse:
    def parse(text: str) -> str:
        if text not in words:
            raise ValueError(f"{text!r} is not one of {', '.join(words)}")
        return text

    return parse


_KINDS: dict[str, Parse] = {
    "period": month_of,
    "service_period": month_of,
    "booked": month_of,
    "on": date_of,
    "at": date_of,
    "tier": whole_of,
    "type": _one_of(*REVENUE_TYPES),
    "account": _one_of(*ACCOUNTS, OFFSET_ACCOUNT),
    "band": _one_of(*BANDS),
    "status": _one_of(*STATUSES),
    "currency": currency_of,
}


def _table(keys: str, sums: str = "", single: str = "") -> Table:
    names = f"{keys} currency".split()
    return Table(
        keys={name: _KINDS.get(name, _text) for name in names if name != "at"},
        sums=dict.fromkeys(sums.split(), decimal_of),
        single={name: _KINDS.get(name, decimal_of) for name in single.split()},
        at="at" in names,
    )


def _facts(*codes: str) -> Table:
    return Table(keys={"id": _text, "code": _one_of(*codes)}, sums={}, single={})


TABLES: dict[str, Table] = {
    "rated": _table("contract item product period tier", "quantity amount"),
    "consumption": _table(
        "prepaid_commit contract period", "gross discount net overage", single="balance_before balance_after"
    ),
    "allocated": _table("contract item product period", "amount"),
    "revenue": _table("contract product item prepaid_commit type period service_period", "amount"),
    "journal": _table("contract account period service_period on", "debit credit"),
    "balances": _table("at account contract prepaid_commit", "amount"),
    "prepaid_commits": _table("prepaid_commit at", "remaining", single="status"),
    "units": _table("prepaid_commit contract item period service_period", "drawn uncovered"),
    "unit_balances": _table("prepaid_commit at", "remaining"),
    "rollforward": _table("account contract period", "opening billed recognized breakage other closing"),
    "waterfall": _table("booked period", "amount"),
    "rpo": _table("at contract band", "amount"),
    "rejected": _facts(*REJECTION_CODES),
    "refused": _facts(*REFUSAL_CODES),
}
