"""Where records carry their prices, one without its price comes no further than the door, by whatever way it came."""

from __future__ import annotations

from datetime import date

import pytest

from ratable.terms import Contract, Product, RatingOptions, Terms, UsageGroup, UsageItem
from ratable_server.actor import Actor
from ratable_server.operations.terms import import_terms
from ratable_server.operations.usage import record_usage
from ratable_server.store.models import UsageRecord, UsageRejection
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.usage.files import csv_of, ingest

JANUARY = date(2026, 1, 1)
CALLS = UsageGroup(id="calls", pricing_model="unit_based", tiers=(), options=RatingOptions(price_dimension="rate"))
TERMS = Terms(
    products=(Product(id="api", name="API", usage_groups=(CALLS,)),),
    contracts=(
        Contract(
            id="acme",
            customer="Acme Inc",
            currency="USD",
            starts_on=JANUARY,
            usage_items=(UsageItem(id="calls", product_id="api", usage_group_id="calls", starts_on=JANUARY),),
        ),
    ),
)
# quantity, amount, what stands under `rate`, and whether it can go on
ROWS = (
    ("2", "", "0.5", True),
    ("2", "", "0", True),
    ("2", "", "1234567890123.000000000001", True),
    ("2", "", "", False),
    ("2", "", "-1", False),
    ("2", "", "1e3", False),
    ("2", "", "12345678901234", False),
    ("", "7", "dear", True),
)


@pytest.fixture
def agreed(actor: Actor) -> Actor:
    import_terms(actor=actor, terms=TERMS, at=AT)
    return actor


def outcome(actor: Actor) -> tuple[set[str], dict[str, str]]:
    """The ids that were taken, and the values for which others were not."""
    with books_of(actor):
        rejected = rows_of(actor, UsageRejection).values_list("event_id", "code", "value")
        assert {code for _, code, _ in rejected} <= {"usage_must_carry_its_price"}
        return set(rows_of(actor, UsageRecord).values_list("event_id", flat=True)), {
            event_id: value for event_id, _, value in rejected
        }


EXPECTED = (
    {f"r{place}" for place, row in enumerate(ROWS) if row[3]},
    {f"r{place}": row[2] for place, row in enumerate(ROWS) if not row[3]},
)


def test_rows_of_a_file(agreed: Actor):
    lines = [
        f"r{at},calls,2026-01-15,{quantity},{amount},{rate}" for at, (quantity, amount, rate, _) in enumerate(ROWS)
    ]
    ingest(agreed, csv_of(*lines, header="id,item,used_on,quantity,amount,rate"), is_partial=True)

    assert outcome(agreed) == EXPECTED


def test_records_of_a_call(agreed: Actor):
    records = [
        {"id": f"r{at}", "item": "calls", "used_on": "2026-01-15", "rate": rate}
        | ({"quantity": quantity} if quantity else {"amount": amount})
        for at, (quantity, amount, rate, _) in enumerate(ROWS)
    ]
    record_usage(actor=agreed, records=records, is_partial=True, at=AT)

    assert outcome(agreed) == EXPECTED
