"""Real usage as a case: the calls of a public trace of a hosted language model, priced by token.

Owns the reading of the trace (`TIMESTAMP,ContextTokens,GeneratedTokens`, UTC, seven digits of a second)
and the terms that price it. The file is not part of this project: Azure Public Dataset, CC-BY, Patel et
al., "Splitwise: Efficient Generative LLM Inference Using Phase Splitting", ISCA 2024.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from ratable.cases.records import Act, Case, Close, Entry, Invoice, Usage
from ratable.periods import month_end, month_of, next_month
from ratable.terms import Contract, PrepaidCommit, Product, Terms, Tier, UsageGroup, UsageItem

PRICES = {"context": Decimal("0.0000025"), "generated": Decimal("0.00001")}
COLUMNS = {"context": "ContextTokens", "generated": "GeneratedTokens"}
COMMIT = Decimal("20.00")
DISCOUNT_PERCENTAGE = Decimal(20)
_MICROSECONDS = len("2023-11-16 18:17:03.979960")


def calls(path: Path) -> Iterator[tuple[int, datetime, dict[str, int]]]:
    """Row number from 1, instant cut to microseconds, and tokens by kind."""
    with path.open(newline="", encoding="utf-8-sig") as lines:
        for number, row in enumerate(csv.DictReader(lines), start=1):
            instant = datetime.fromisoformat(f"{row['TIMESTAMP'][:_MICROSECONDS]}+00:00")
            yield number, instant, {kind: int(row[column]) for kind, column in COLUMNS.items()}


def azure_case(path: Path) -> Case:
    """The trace as usage of two items that draw on one prepaid commit, invoiced, and its month closed.

    The commit is of 20.00 at 20 percent off: it runs dry in the middle of the trace.
    """
    usage = [
        Usage(item=kind, id=f"{kind}-{number}", used_at=instant.isoformat(), quantity=str(count))
        for number, instant, tokens in calls(path)
        for kind, count in tokens.items()
    ]
    days = [datetime.fromisoformat(str(record.used_at)).date() for record in usage]
    month_on = month_of(min(days))
    acts: list[tuple[date, Act]] = [
        (month_on, Invoice(contract="trace", amount=COMMIT, prepaid_commit="tokens")),
        *((month_end(month_on), record) for record in usage),
        (next_month(month_on), Close(period=month_on)),
    ]
    entries = tuple(Entry(number=number, on=on, act=act, line=0) for number, (on, act) in enumerate(acts, start=1))
    return Case(
        case="azure-trace",
        path=path,
        line=1,
        about="Calls of a hosted language model, priced by token, on a prepaid commit",
        source="Azure Public Dataset (CC-BY), Patel et al., ISCA 2024",
        terms=_terms(month_on),
        entries=entries,
        questions=(),
    )


def _terms(month_on: date) -> Terms:
    groups = tuple(
        UsageGroup(id=kind, pricing_model="unit_based", tiers=(Tier(number=1, price=price),), unit_of_measure="token")
        for kind, price in PRICES.items()
    )
    items = tuple(
        UsageItem(id=kind, product_id="model", usage_group_id=kind, starts_on=month_on, draws=True) for kind in PRICES
    )
    commit = PrepaidCommit(
        id="tokens",
        product_id="model",
        total_value=COMMIT,
        discount_percentage=DISCOUNT_PERCENTAGE,
        starts_on=month_on,
    )
    contract = Contract(
        id="trace",
        customer="Trace",
        currency="USD",
        starts_on=month_on,
        usage_items=items,
        prepaid_commits=(commit,),
    )
    return Terms(products=(Product(id="model", name="Model", usage_groups=groups),), contracts=(contract,))
