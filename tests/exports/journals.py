"""Journal lines for tests of exports: a small company's month, and random balanced journals."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from ratable.money import minor_unit_digits
from ratable_server.exports import DEFAULT_ACCOUNTS, Books, JournalLine

MARCH = date(2026, 3, 1)
LAST = date(2026, 3, 31)
BOOKS = Books(tenant="tidewater", version=1)
ROLES = tuple(DEFAULT_ACCOUNTS)


def line(
    entry_id: str, account: str, amount_minor: int, *, product: str = "", currency: str = "USD", **other: str
) -> JournalLine:
    """A line of the contract `acme` in March; a credit is negative."""
    return JournalLine(
        entry_id=entry_id,
        on=LAST,
        period=MARCH,
        service_period=MARCH,
        contract="acme",
        customer=other.get("customer", "Acme Inc"),
        account=account,
        product=product,
        currency=currency,
        debit_minor=max(amount_minor, 0),
        credit_minor=max(-amount_minor, 0),
        memo=other.get("memo", "usage 2026-03 acme"),
        customer_name=other.get("customer_name", ""),
    )


# Usage of two products in arrears, a drawdown, and an invoice in euros.
MONTH = [
    line("u1", "unbilled_revenue", 94500),
    line("u1", "revenue", -60000, product="calls"),
    line("u1", "revenue", -34500, product="storage"),
    line("d1", "contract_liability", 1600000),
    line("d1", "revenue", -1600000, product="calls"),
    line("i1", "accounts_receivable", 4705, currency="EUR", customer="Delphine Média"),
    line("i1", "contract_liability", -4705, currency="EUR", customer="Delphine Média"),
]


def balances(lines: list[JournalLine]) -> dict[tuple[str, str], Decimal]:
    """The trial balance: debits less credits in major units, by account name and currency."""
    found: dict[tuple[str, str], int] = {}
    for one in lines:
        key = (DEFAULT_ACCOUNTS[one.account].path, one.currency)
        found[key] = found.get(key, 0) + one.amount_minor
    return {
        (path, currency): Decimal(amount).scaleb(-minor_unit_digits(currency))
        for (path, currency), amount in found.items()
        if amount
    }


AMOUNTS = st.integers(min_value=-(10**12), max_value=10**12).filter(bool)
TEXTS = st.text(max_size=12)


@st.composite
def entries(draw: st.DrawFn, number: int) -> list[JournalLine]:
    """A balanced entry: any lines, and one that makes the sum zero where it is not."""
    amounts = draw(st.lists(AMOUNTS, min_size=1, max_size=12))
    rest = -sum(amounts)
    currency = draw(st.sampled_from(["USD", "EUR", "JPY", "KWD"]))
    customer, product, memo = draw(TEXTS), draw(st.sampled_from(["", "calls", "=1+1"])), draw(TEXTS)
    return [
        line(
            f"e{number}",
            draw(st.sampled_from(ROLES)),
            amount,
            product=product,
            currency=currency,
            customer=customer,
            memo=memo,
        )
        for amount in [*amounts, rest]
        if amount
    ]


@st.composite
def journals(draw: st.DrawFn) -> list[JournalLine]:
    """Up to eight balanced entries in several currencies."""
    count = draw(st.integers(min_value=0, max_value=8))
    return [one for number in range(count) for one in draw(entries(number))]
