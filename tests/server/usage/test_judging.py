"""A row gets the same code in the books as in the calculation: the first rule that it breaks, in the same order."""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import product
from typing import Any, NamedTuple

import pytest

from ratable import tables
from ratable.backends import connect
from ratable.errors import REJECTION_CODES
from ratable.facts.usage_rows import usage_row
from ratable.terms import Contract, LateUsage, Policy, UsageItem
from ratable.terms_tables import Amendments, terms_tables
from ratable.usage import meter
from ratable_server.actor import Actor
from ratable_server.operations.policies import set_policy, set_timezone
from ratable_server.store.load.terms import load_terms
from ratable_server.store.models import UsageRecord, UsageRejection
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.operations.agreements import agree, close_months
from tests.server.usage.files import ingest

JANUARY, MARCH = date(2026, 1, 1), date(2026, 3, 1)
CONTRACT = Contract(
    id="acme",
    customer="Acme Inc",
    currency="USD",
    starts_on=JANUARY,
    ends_before=date(2026, 6, 1),
    usage_items=(
        UsageItem(
            id="calls",
            product_id="api",
            usage_group_id="calls",
            starts_on=date(2026, 1, 10),
            ends_before=date(2026, 4, 10),
        ),
        UsageItem(id="bare", product_id="api", starts_on=JANUARY),
        UsageItem(id="suite", product_bundle_id="suite", starts_on=JANUARY),
    ),
)

ITEMS = ("calls", "bare", "suite", "nowhere", "")
DAYS = (
    ("2026-01-10", ""),
    ("2026-01-09", ""),
    ("2025-12-31", ""),
    ("2026-06-01", ""),
    ("2026-02-30", ""),
    ("2026-2-1", ""),
    ("20260201", ""),
    ("0000-00-00", ""),
    ("٢٠٢٦-٠٢-٠١", ""),  # noqa: RUF001 - digits, and none of ours
    ("", "2026-01-10T00:30:00Z"),
    ("", "2026-01-10T00:30:00.123456+00:00"),
    ("", "2026-01-10 00:30:00Z"),
    ("", "2026-01-10T00:30:00+05:30"),
    ("", "2026-04-10T01:30:00+02:00"),
    ("", "2026-01-10T24:00:00Z"),
    ("", "2026-01-10T23:59:60Z"),
    ("", "2026-01-10T00:30:00"),
    ("", "20260110T003000Z"),
    ("", "now"),
    ("", ""),
)
NUMBERS = (
    "",
    "0",
    "-0",
    "12.50",
    "007.250",
    "-1",
    "-0.000000000001",
    "0.1234567890123",
    "1234567890123.123456789012",
    "12345678901234",
    "000001234567890123",
    "0000001234567890123",
    "123456789012345678901234567890",
    "1_000",
    "1e3",
    "+5",
    ".5",
    "5.",
    "NaN",
    "١٢",
    "１",  # noqa: RUF001 - a digit, and none of ours
)
AMOUNTS = ("", "1.5", "-2", "abc", "12345678901234")
CURRENCIES = ("", "USD", "EUR", "usd")


class Row(NamedTuple):
    """A row of a file, as texts; an empty one is not told."""

    id: str
    item: str
    used_on: str
    used_at: str
    quantity: str
    amount: str
    currency: str


def file_of(rows: Iterable[Row]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(rows)
    return text.getvalue().encode()


def by_the_calculation(
    actor: Actor, files: Sequence[Sequence[Row]], *, open_on: date, zone: str, late_usage: LateUsage
) -> dict[tuple[int, int], str]:
    """The status or code that `meter` gives to each row, by file and row."""
    told: list[dict[str, Any]] = [
        {
            **usage_row(
                row.id,
                row.item,
                {name: getattr(row, name) or None for name in ("used_on", "used_at", "quantity", "amount")},
                currency=row.currency or None,
                dimensions={},
                row=number,
            ),
            "batch": batch,
            "open_on": open_on,
        }
        for batch, rows in enumerate(files)
        for number, row in enumerate(rows, start=1)
    ]
    sheet = connect(is_small=True)
    usage = sheet.bind_rows("usage", told, tables.USAGE)
    voids = sheet.bind_rows("voids", [], tables.VOIDS)
    items = sheet.bind_rows("items", terms_tables(load_terms(actor), Amendments()).items, tables.ITEMS)
    found = meter(sheet, usage, voids, items, zone=zone, late_usage=late_usage)
    looked_at = {
        (row["batch"], row["row"]): row["code"] or row["status"] for row in sheet.fetch(found.examined).to_pylist()
    }
    return {(row["batch"], row["row"]): looked_at.get((row["batch"], row["row"]), "accepted") for row in told}


def by_the_books(actor: Actor, files: Sequence[Sequence[Row]]) -> dict[tuple[int, int], str]:
    """The same of an ingest that keeps the good rows."""
    outcomes: dict[tuple[int, int], str] = {}
    for batch, rows in enumerate(files):
        receipt = ingest(actor, file_of(rows), f"{batch}.csv", is_partial=True)
        with books_of(actor):
            mine = {"usage_import__code": receipt.import_code}
            rejected = dict(rows_of(actor, UsageRejection).filter(**mine).values_list("row", "code"))
            accepted = set(rows_of(actor, UsageRecord).filter(**mine).values_list("row", flat=True))
        outcomes |= {
            (batch, row): rejected.get(row) or ("accepted" if row in accepted else "duplicate")
            for row in range(1, len(rows) + 1)
        }
    return outcomes


@pytest.mark.parametrize("zone", ["UTC", "America/New_York"])
def test_every_way_to_be_wrong_alone_and_with_others(actor: Actor, zone: str):
    agree(actor, CONTRACT)
    set_timezone(actor=actor, timezone=zone, at=AT)
    told = product(ITEMS, DAYS, NUMBERS, AMOUNTS, CURRENCIES)
    rows = [
        Row(f"e{at}", item, *day, *rest) for at, (item, day, *rest) in enumerate(told) if at % 7 == 0
    ]  # 7 divides none of the lengths but one
    outcomes = by_the_books(actor, [rows])

    expected = by_the_calculation(actor, [rows], open_on=JANUARY, zone=zone, late_usage="next_open_period")
    assert {key: (outcomes[key], code) for key, code in expected.items() if outcomes[key] != code} == {}
    unmet = {"usage_must_not_change_under_its_id", "usage_must_carry_its_price", "period_must_be_open"}
    assert set(outcomes.values()) == {"accepted", *REJECTION_CODES} - unmet


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("late_usage", ["next_open_period", "reject"])
def test_ids_that_come_again_in_a_file_and_in_later_ones(actor: Actor, seed: int, late_usage: LateUsage):
    agree(actor, CONTRACT)
    set_policy(actor=actor, policy=Policy(late_usage=late_usage), at=AT)
    close_months(actor, date(2026, 2, 1))
    dice = random.Random(seed)  # noqa: S311 - the same rows each time
    files = [[drawn(dice, f"e{dice.randrange(30)}") for _ in range(60)] for _ in range(3)]

    outcomes = by_the_books(actor, files)

    expected = by_the_calculation(actor, files, open_on=MARCH, zone="UTC", late_usage=late_usage)
    assert {key: (outcomes[key], code) for key, code in expected.items() if outcomes[key] != code} == {}
    assert {"accepted", "duplicate", "usage_must_not_change_under_its_id"} <= set(outcomes.values())


def drawn(dice: random.Random, event_id: str) -> Row:
    """A row that is mostly right, and mostly the same under its id."""
    item = dice.choices(ITEMS, [40, 1, 1, 1, 1])[0]
    day = dice.choices(["2026-01-15", "2026-03-02", "2026-03-03", "2026-05-01", "never"], [3, 20, 2, 2, 1])[0]
    quantity = dice.choices(["3", "4", "-1", "x"], [20, 3, 1, 1])[0]
    return Row(event_id, item, day, "", quantity, "", dice.choices(["", "EUR"], [20, 1])[0])
