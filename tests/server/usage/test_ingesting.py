"""Files of usage go into the books once, whatever their format, and the receipt says what became of every row."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ratable_server.actor import Actor
from tests.server.operations.agreements import agree
from tests.server.usage.files import counts, csv_of, ids_taken, ingest, kept, ndjson_of, parquet_of, quantities

THREE_DAYS = csv_of("e1,acme-calls,2026-01-05,3", "e2,acme-calls,2026-01-06,4.5", "e3,acme-calls,2026-02-01,0.000001")


def test_a_csv_file_goes_into_the_books(actor: Actor):
    agree(actor)

    receipt = ingest(actor, THREE_DAYS, "january.csv")

    assert (receipt.status, receipt.file_name, counts(receipt)) == ("completed", "january.csv", (3, 3, 0, 0))
    total = Decimal("7.500001")
    assert quantities(receipt) == (total, total, 0, 0)
    assert kept(actor) == [
        ("e1", "acme-calls", "2026-01-05", Decimal(3), None),
        ("e2", "acme-calls", "2026-01-06", Decimal("4.5"), None),
        ("e3", "acme-calls", "2026-02-01", Decimal("0.000001"), None),
    ]
    assert ids_taken(actor) == ["e1", "e2", "e3"]


def test_the_same_file_again_adds_nothing_and_says_so(actor: Actor):
    agree(actor)
    first = ingest(actor, THREE_DAYS, "january.csv")
    before = kept(actor)

    again = ingest(actor, THREE_DAYS, "january-once-more.csv")

    assert (again.status, counts(again), again.repeats) == ("completed", (3, 0, 3, 0), first.import_code)
    assert again.sha256 == first.sha256
    assert kept(actor) == before


def test_ndjson_and_parquet_bring_the_same_records(actor: Actor):
    agree(actor)
    lines = ndjson_of(
        {"id": "n1", "item": "acme-calls", "used_on": "2026-01-05", "quantity": 3},
        {"id": "n2", "item": "acme-calls", "used_at": "2026-01-06T23:30:00+00:00", "quantity": "4.5", "zone": "eu"},
    )
    table = parquet_of(
        id=["p1", "p2"],
        item=["acme-calls", "acme-calls"],
        used_on=[date(2026, 1, 5), date(2026, 1, 6)],
        quantity=[Decimal(3), Decimal("4.5")],
    )

    assert counts(ingest(actor, lines, "usage.ndjson")) == (2, 2, 0, 0)
    assert counts(ingest(actor, table, "usage.parquet")) == (2, 2, 0, 0)

    assert kept(actor) == [
        ("n1", "acme-calls", "2026-01-05", Decimal(3), None),
        ("n2", "acme-calls", "2026-01-06", Decimal("4.5"), None),
        ("p1", "acme-calls", "2026-01-05", Decimal(3), None),
        ("p2", "acme-calls", "2026-01-06", Decimal("4.5"), None),
    ]
