"""Files as they come: what is the same usage in another dress, and what cannot be read, told with its place."""

from __future__ import annotations

import codecs
import csv
import gzip
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import BytesIO, StringIO

import pyarrow as pa
import pytest

from ratable_server.actor import Actor
from ratable_server.errors import Refused
from ratable_server.operations.usage import Upload, importing, ingest_usage
from ratable_server.store.models import UsageImport, UsageRecord, UsageRejection, UsageVoid
from ratable_server.store.scope import books_of, rows_of
from ratable_server.store.staging import spooling
from ratable_server.store.staging.csv_blocks import CsvFile
from tests.server.conftest import AT
from tests.server.operations.agreements import agree
from tests.server.usage.files import broken, counts, csv_of, ingest, kept, ndjson_of, parquet_of

HEADER = b"id,item,used_on,quantity,note\n"
TWO = HEADER + b"e1,acme-calls,2026-01-05,3,a\ne2,acme-calls,2026-01-06,4.5,\n"
BOOKED = [
    ("e1", "acme-calls", "2026-01-05", Decimal(3), None),
    ("e2", "acme-calls", "2026-01-06", Decimal("4.5"), None),
]


@pytest.fixture(autouse=True)
def agreed(actor: Actor) -> None:
    agree(actor)


def dimensions(actor: Actor) -> list[object]:
    with books_of(actor):
        return list(rows_of(actor, UsageRecord).order_by("number", "row").values_list("dimensions", flat=True))


# ── the same usage in another dress (G1) ─────────────────────────────────────────────────────

DRESSES = {
    "with a byte order mark": codecs.BOM_UTF8 + TWO,
    "with CRLF": TWO.replace(b"\n", b"\r\n"),
    "with CR only": TWO.replace(b"\n", b"\r"),
    "with both": TWO.replace(b"3,a\n", b"3,a\r\n"),
    "without an end of its last line": TWO[:-1],
    "with empty lines": TWO.replace(b"3,a\n", b"3,a\n\n\n"),
    "with blanks around cells": TWO.replace(b",", b" ,\t"),
    "with quotes": TWO.replace(b"acme-calls", b'"acme-calls"'),
    "with zeros": TWO.replace(b"4.5", b"0004.500"),
    "with its columns in another order": b"note,quantity,item,id,used_on\na,3,acme-calls,e1,2026-01-05\n"
    b",4.5,acme-calls,e2,2026-01-06\n",
}


@pytest.mark.parametrize("content", DRESSES.values(), ids=DRESSES)
def test_g1_the_same_rows_are_the_same_usage(actor: Actor, content: bytes):
    assert counts(ingest(actor, content)) == (2, 2, 0, 0)
    assert (kept(actor), dimensions(actor)) == (BOOKED, [{"note": "a"}, None])
    assert counts(ingest(actor, TWO, "once more.csv")) == (2, 0, 2, 0)


def test_a_packed_file_is_the_same_file(actor: Actor):
    first = ingest(actor, gzip.compress(TWO), "usage.csv.gz")
    again = ingest(actor, TWO)

    assert (counts(first), counts(again), again.repeats) == ((2, 2, 0, 0), (2, 0, 2, 0), first.import_code)


def test_a_cell_may_hold_anything_that_is_text(actor: Actor):
    note = 'a "quote", a comma,\na line, a tab\t\\ back \x01 ünï 🤦🏼‍♂️ \x7f \u2028 end'
    quoted = note.replace('"', '""')
    ingest(actor, HEADER + f'e1,acme-calls,2026-01-05,3,"{quoted}"\n'.encode())
    ingest(
        actor,
        ndjson_of({"id": "e2", "item": "acme-calls", "used_on": "2026-01-05", "quantity": 3, "note": note}),
        "u.jsonl",
    )
    ingest(
        actor,
        parquet_of(id=["e3"], item=["acme-calls"], used_on=["2026-01-05"], quantity=["3"], note=[note]),
        "u.parquet",
    )

    assert dimensions(actor) == [{"note": note}] * 3
    same = parquet_of(id=["e1"], item=["acme-calls"], used_on=["2026-01-05"], quantity=["3"], note=[note])
    assert counts(ingest(actor, same, "same.parquet")) == (1, 0, 1, 0)  # whatever the format


def test_rows_count_on_behind_a_first_quote(actor: Actor):
    plain = [f"e{number},acme-calls,2026-01-05,1" for number in range(40_000)]
    odd = ['"q",acme-calls,2026-01-05,1', "bad,acme-calls,2026-01-05,x"]

    receipt = ingest(actor, csv_of(*plain, *odd))

    assert broken(receipt) == [(40_002, "quantity_must_be_a_number", "x")]
    assert kept(actor) == []


def test_g10_the_last_row_of_a_long_file_is_judged_too(actor: Actor):
    rows = [f"e{number},acme-calls,2026-01-05,1" for number in range(30_000)]

    receipt = ingest(actor, csv_of(*rows, "e,acme-calls,2026-01-05,-1"))

    assert (counts(receipt), broken(receipt)) == (
        (30_001, 0, 0, 30_001),
        [(30_001, "quantity_must_not_be_negative", "-1")],
    )
    assert counts(ingest(actor, csv_of(*rows))) == (30_000, 30_000, 0, 0)


def test_prepaid_usage_names_a_commit_or_a_contract(actor: Actor):
    file = b"id,prepaid_commit,contract,used_on,amount\np1,pool,,2026-01-05,10\np2,,acme,2026-01-05,10\np3,none,,2026-01-05,1\n"

    receipt = ingest(actor, file, is_partial=True)

    assert broken(receipt) == [(3, "usage_must_name_a_known_item", "none")]
    assert [(event_id, stream) for event_id, stream, *_ in kept(actor)] == [
        ("p1", "!prepaid_commit/pool"),
        ("p2", "!unaddressed/acme"),
    ]


def test_beside_an_item_a_contract_is_a_dimension(actor: Actor):
    ingest(actor, b"id,item,contract,used_on,quantity\ne1,acme-calls,acme,2026-01-05,10\n")

    assert dimensions(actor) == [{"contract": "acme"}]


# ── JSON ─────────────────────────────────────────────────────────────────────────────────────


def line(**more: object) -> str:
    return json.dumps({"id": "e1", "item": "acme-calls", "used_on": "2026-01-05", "quantity": 3} | more)


def test_numbers_of_json_keep_their_digits(actor: Actor):
    file = line(quantity="Q").replace('"Q"', "0.1000000000000000055511151231257827") + "\n"
    file += line(id="e2", quantity="Q").replace('"Q"', "1234567890123.123456789012")

    receipt = ingest(actor, file.encode(), "u.ndjson", is_partial=True)

    assert broken(receipt) == [(1, "quantity_must_be_a_number", "0.1000000000000000055511151231257827")]
    assert kept(actor)[0][3] == Decimal("1234567890123.123456789012")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e3", "true"])
def test_what_json_has_beside_plain_numbers_is_no_quantity(actor: Actor, number: str):
    file = line(quantity="Q").replace('"Q"', number).encode()

    assert broken(ingest(actor, file, "u.ndjson")) == [(1, "quantity_must_be_a_number", number)]


def test_empty_and_missing_values_are_nothing(actor: Actor):
    file = "\n".join([line(note=None), "", line(id=None), line(id="", currency="")]) + "\n"

    assert counts(ingest(actor, file.encode(), "u.ndjson")) == (3, 3, 0, 0)
    assert dimensions(actor) == [None] * 3


# ── Parquet ──────────────────────────────────────────────────────────────────────────────────


def test_types_of_parquet_are_read_as_what_they_are(actor: Actor):
    moment = datetime(2026, 1, 5, 23, 30, 0, 250_000, tzinfo=UTC)
    file = parquet_of(
        id=["e1"],
        item=["acme-calls"],
        used_at=pa.array([moment], pa.timestamp("us", "UTC")),
        quantity=pa.array([Decimal("12.340")], pa.decimal128(10, 3)),
        seats=pa.array([7], pa.int32()),
        on=pa.array([date(2026, 1, 5)], pa.date32()),
    )

    assert counts(ingest(actor, file, "u.parquet")) == (1, 1, 0, 0)
    with books_of(actor):
        record = rows_of(actor, UsageRecord).get()
    assert (record.used_at, record.used_on, record.quantity) == (moment, date(2026, 1, 5), Decimal("12.34"))
    assert record.dimensions == {"on": "2026-01-05", "seats": "7"}


# ── files that cannot be read ────────────────────────────────────────────────────────────────

GOOD_LINE = line().encode() + b"\n"
UNREADABLE: dict[str, tuple[str, bytes, str]] = {
    "empty": ("u.csv", b"", "is empty"),
    "blank lines": ("u.csv", b"\n\n", "has no column"),
    "UTF-16": ("u.csv", TWO.decode().encode("utf-16"), "line 1: is UTF-16"),
    "Latin-1": ("u.csv", TWO + "e3,acme-calls,2026-01-05,1,é\n".encode("latin-1"), "line 4: is not UTF-8"),
    "NUL": ("u.csv", TWO + b"e3,acme-calls,2026-01-05,1,\0\n", "line 4: has a NUL"),
    "semicolons": ("u.csv", TWO.replace(b",", b";"), "its columns are: id;item;used_on"),
    "tabs": ("u.csv", TWO.replace(b",", b"\t"), "has no column used_on or used_at"),
    "no header": ("u.csv", TWO.removeprefix(HEADER), "line 1: has no column"),
    "a column twice": ("u.csv", TWO.replace(b"note", b"quantity"), "line 1: two columns have the name 'quantity'"),
    "a column without a name": ("u.csv", TWO.replace(b"note", b" "), "line 1: a column has no name"),
    "no item": ("u.csv", b"id,used_on,quantity\n", "has no column item"),
    "a cell too many": ("u.csv", TWO + b"e3,acme-calls,2026-01-05,1,x,y\n", "line 4: row 3 has 6 cells, the header 5"),
    "a cell too few": ("u.csv", TWO + b"e3,acme-calls,2026-01-05,1\n", "line 4: row 3 has 4 cells, the header 5"),
    "uneven rows, and an empty line between": (
        "u.csv",
        TWO + b"e3,acme-calls\n\ne4,acme-calls,2026-01-05,1,\ne5,acme-calls,2026-01-05,1,x,y\n",
        "line 4: row 3 has 2 cells, the header 5; line 7: row 5 has 6 cells, the header 5",
    ),
    "an uneven row far behind others": (
        "u.csv",
        HEADER + b"e,acme-calls,2026-01-05,1,\n" * 20_000 + b"e,acme-calls,1\n",
        "line 20002: row 20001 has 3 cells, the header 5",
    ),
    "an uneven row before what is no text": (
        "u.csv",
        TWO + b"e3,acme-calls\n\0\n",
        "line 4: row 3 has 2 cells, the header 5",
    ),
    "an open quote": ("u.csv", TWO + b'e3,acme-calls,2026-01-05,1,"x\n' + b"e,a,2026-01-05,1,\n" * 9, "line 4: "),
    "a quote in a cell": ("u.csv", TWO + b'e3,acme-calls,2026-01-05,1,"x"y\n', "line 4: "),
    "a huge cell": ("u.csv", TWO + b"e3,acme-calls,2026-01-05,1," + b"x" * 200_000 + b"\n", "line 4: "),
    "a day and a moment": (
        "u.csv",
        b"item,used_on,used_at,quantity\nacme-calls,2026-01-05,2026-01-05T00:00:00Z,1\n",
        "row 1: used_on and used_at do not go together",
    ),
    "a commit and a contract": (
        "u.csv",
        b"prepaid_commit,contract,used_on,amount\npool,acme,2026-01-05,1\n",
        "row 1: prepaid_commit and contract do not go together",
    ),
    "an id of ours": ("u.csv", TWO.replace(b"e2", b"!e2"), "row 2: begins with !"),
    "an endless id": ("u.csv", TWO.replace(b"e2", b"e" * 501), "row 2: has an id of more than 500 characters"),
    "half a gzip": ("u.csv.gz", gzip.compress(TWO * 1000)[:-20], "is not a whole gzip file"),
    "no gzip": ("u.csv", b"\x1f\x8b" + TWO, "is not a whole gzip file"),
    "an unknown ending": ("u.xlsx", TWO, "name the format"),
    "an empty NDJSON": ("u.ndjson", b"", "is empty"),
    "no JSON": ("u.ndjson", GOOD_LINE + b"{\n", "line 2: is not a JSON object"),
    "a list": ("u.ndjson", GOOD_LINE + b"[]\n", "line 2: is not a JSON object"),
    "a key twice": ("u.ndjson", GOOD_LINE + b'{"id": "a", "id": "b"}\n', "line 2: is not a JSON object: a key"),
    "deep JSON": ("u.ndjson", b"[" * 100_000 + b"]" * 100_000 + b"\n", "line 1: is not a JSON object"),
    "an object in a cell": ("u.ndjson", b'{"id": {}}\n', "line 1: id is a dict"),
    "half a character": ("u.ndjson", b'{"id": "\\ud800"}\n', "line 1: id cannot be kept"),
    "a NUL in JSON": ("u.ndjson", b'{"id": "\\u0000"}\n', "line 1: id cannot be kept"),
    "Latin-1 in JSON": ("u.ndjson", GOOD_LINE + b'{"id": "\xe9"}\n', "line 2: is not UTF-8"),
    "no Parquet": ("u.parquet", b"PAR1 and nothing", "is not a readable Parquet file"),
    "half a Parquet": ("u.parquet", parquet_of(item=["a"], used_on=["b"], quantity=["1"])[:-9], "is not a readable"),
    "packed Parquet": ("u.parquet", gzip.compress(b"PAR1"), "leave out gzip"),
    "a Parquet with floats": (
        "u.parquet",
        parquet_of(item=["acme-calls"], used_on=["2026-01-05"], quantity=pa.array([1.5], pa.float64())),
        "quantity is a column of floating point",
    ),
    "a Parquet with lists": (
        "u.parquet",
        parquet_of(item=["acme-calls"], used_on=["2026-01-05"], quantity=["1"], tags=pa.array([["a"]])),
        "tags is a column of VARCHAR[]",
    ),
    "a Parquet with a NUL": (
        "u.parquet",
        parquet_of(item=["acme-calls"], used_on=["2026-01-05"], quantity=["1"], note=["a\0b"]),
        "a cell has a NUL",
    ),
}


@pytest.mark.parametrize(("name", "content", "told"), UNREADABLE.values(), ids=UNREADABLE)
def test_a_file_that_cannot_be_read_leaves_nothing_but_the_reason(actor: Actor, name: str, content: bytes, told: str):
    with pytest.raises(Refused) as refused:
        ingest_usage(actor=actor, upload=Upload(source=BytesIO(content), name=name), at=AT)

    assert refused.value.code == "file_must_be_readable"
    assert told in refused.value.detail
    assert kept(actor) == []
    with books_of(actor):
        statuses = list(rows_of(actor, UsageImport).values_list("status", flat=True))
        blocking = rows_of(actor, UsageRejection).filter(is_blocking=True).count()
    assert (set(statuses) <= {"failed"}, blocking) == (True, 0)


def test_a_header_alone_is_a_file_without_usage(actor: Actor):
    assert counts(ingest(actor, HEADER)) == (0, 0, 0, 0)


def test_g12_a_bomb_is_refused_before_it_goes_off(actor: Actor, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(spooling, "UNPACKED_BYTES", 1 << 20)
    bomb = gzip.compress(HEADER + b"0" * (64 << 20))

    with pytest.raises(Refused, match="unpacks to more than 100 times its size"):
        ingest_usage(actor=actor, upload=Upload(source=BytesIO(bomb), name="u.csv.gz"), at=AT)


def test_g17_the_name_of_a_file_is_only_a_name(actor: Actor):
    receipts = [ingest(actor, HEADER, f"{name}.csv") for name in ("../../etc/passwd", "a\r\nX: y", "x" * 10_000)]

    assert [receipt.file_name for receipt in receipts] == ["passwd.csv", "aX: y.csv", "x" * 200]


def test_a_file_is_told_of_while_it_is_read(actor: Actor):
    told: list[tuple[int, int]] = []
    content = csv_of(*(f"e{number},acme-calls,2026-01-05,1" for number in range(60_000)))

    ingest_usage(
        actor=actor,
        upload=Upload(source=BytesIO(content), name="u.csv"),
        at=AT,
        progress=lambda done, whole: told.append((done, whole)),
    )

    assert told[-1] == (len(content), len(content))
    assert told == sorted(told)


def test_a_file_is_known_from_when_it_was_taken(actor: Actor):
    """And what it takes back; one whose clock goes back is not known before it came."""
    later = AT + timedelta(hours=1)
    upload = Upload(source=BytesIO(TWO), name="u.csv")
    receipt = ingest_usage(actor=actor, upload=upload, at=AT, now=lambda: later)
    revision = Upload(source=BytesIO(TWO.replace(b",3,", b",4,")), name="u.csv", on_change="revise")
    ingest_usage(actor=actor, upload=revision, at=AT, now=lambda: later + timedelta(hours=1))
    before = Upload(source=BytesIO(TWO.replace(b"e1", b"e3")), name="u.csv", on_change="revise")
    ingest_usage(actor=actor, upload=before, at=AT, now=lambda: AT - timedelta(hours=1))

    assert receipt.recorded_at == later
    with books_of(actor):
        known = rows_of(actor, UsageImport).order_by("number").values_list("recorded_at", flat=True)
        assert list(known) == [later, later + timedelta(hours=1), AT]
        assert [void.recorded_at for void in rows_of(actor, UsageVoid)] == [later + timedelta(hours=1)]
        assert rows_of(actor, UsageVoid).get().stream == "acme-calls"


IDS = [f"e{number}" for number in range(50_000)]
IN_FORMATS = {
    "csv": csv_of(*(f"{id},acme-calls,2026-01-05,1" for id in IDS)),
    "ndjson": b"".join(
        json.dumps({"id": id, "item": "acme-calls", "used_on": "2026-01-05", "quantity": 1}).encode() + b"\n"
        for id in IDS
    ),
    "parquet": parquet_of(
        id=IDS,
        item=["acme-calls"] * len(IDS),
        used_on=["2026-01-05"] * len(IDS),
        quantity=["1"] * len(IDS),
    ),
}


@pytest.mark.parametrize("kind", IN_FORMATS)
def test_rows_are_told_beside_bytes_and_never_too_many(actor: Actor, kind: str, monkeypatch: pytest.MonkeyPatch):
    """Each moment tells rows that stand in what was read by then; the last one, all of them."""
    told: list[tuple[int, int]] = []
    content = IN_FORMATS[kind]
    monkeypatch.setattr(importing, "_TOLD_AFTER_BYTES", 1)
    monkeypatch.setattr(
        importing, "record_progress", lambda _begun, *, read_bytes, read_rows: told.append((read_bytes, read_rows))
    )

    receipt = ingest(actor, content, f"usage.{kind}")

    assert receipt.rows_received == len(IDS)
    assert told[-1] == (len(content), len(IDS))
    assert told == sorted(told)
    if kind == "csv":
        assert len(told) > 1
        assert all(rows <= content[:read].count(b"\n") for read, rows in told)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 31, 64])
@pytest.mark.parametrize("content", DRESSES.values(), ids=DRESSES)
def test_where_a_block_ends_changes_nothing(content: bytes, size: int):
    file = CsvFile(content[at : at + size] for at in range(0, len(content), size))
    rows = list(csv.DictReader(StringIO(b"".join(file.rows()).decode()), [name.strip() for name in file.columns]))

    assert [(row["id"], row["item"], Decimal(row["quantity"]), row["note"]) for row in rows] == [
        ("e1", "acme-calls", Decimal(3), "a"),
        ("e2", "acme-calls", Decimal("4.5"), ""),
    ]
