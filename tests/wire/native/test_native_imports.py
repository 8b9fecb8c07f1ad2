"""Files of usage over HTTP: each format, whole or not at all, waited for or in the background."""

from __future__ import annotations

import gzip
import io
import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart

from ratable_server.actor import Actor
from ratable_server.operations.usage import Upload
from ratable_server.queries.usage_imports import usage_imports
from tests.wire.calling import Told
from tests.wire.native.calling import Native
from tests.wire.native.test_native_story import TERMS

CSV = "id,item,used_on,quantity\na-1,acme-calls,2026-01-10,12000\na-2,acme-calls,2026-01-20,500.5\n"
NDJSON = (
    '{"id": "a-1", "item": "acme-calls", "used_on": "2026-01-10", "quantity": 12000}\n'
    '{"id": "a-2", "item": "acme-calls", "used_on": "2026-01-20", "quantity": "500.5"}\n'
)
SECONDS = 120


def parquet() -> bytes:
    columns = {
        "id": ["a-1", "a-2"],
        "item": ["acme-calls"] * 2,
        "used_on": ["2026-01-10", "2026-01-20"],
        "quantity": pa.array([Decimal("12000.0"), Decimal("500.5")]),
    }
    sink = io.BytesIO()
    pq.write_table(pa.table(columns), sink)
    return sink.getvalue()


@pytest.fixture
def agreed(native: Native) -> Native:
    """A client of books with terms."""
    native.post("terms", TERMS)
    return native


def sent(native: Native, content: bytes | str, media: str = "text/csv", **options: Any) -> Told:
    headers = options.pop("headers", None)
    return native.send("POST", "imports", content, media=media, headers=headers, query=options)


def taken(told: Told) -> tuple[int, str, int, str]:
    """Status of the answer and of the import, rows and quantity that were accepted."""
    receipt = told["receipt"]
    return told.status, told["status"], receipt["rows_accepted"], receipt["quantity_accepted"]


FILES: dict[str, tuple[bytes | str, str, dict[str, Any]]] = {
    "csv": (CSV, "text/csv", {}),
    "csv with a mark of its encoding": ("\ufeff" + CSV.replace("\n", "\r\n"), "text/csv", {}),
    "csv that is packed": (gzip.compress(CSV.encode()), "application/gzip", {"name": "usage.csv.gz"}),
    "csv in a packed body": (gzip.compress(CSV.encode()), "text/csv", {"headers": {"Content-Encoding": "gzip"}}),
    "ndjson": (NDJSON, "application/x-ndjson", {}),
    "parquet": (parquet(), "application/vnd.apache.parquet", {}),
    "parquet by its content": (parquet(), "application/octet-stream", {}),
    "by its name": (NDJSON, "application/octet-stream", {"name": "usage.ndjson"}),
    "by its format": (NDJSON, "application/octet-stream", {"name": "usage", "format": "ndjson"}),
}


@pytest.mark.parametrize("kind", FILES)
def test_a_file_is_taken_in_each_format(agreed: Native, kind: str):
    content, media, options = FILES[kind]
    told = sent(agreed, content, media, **options)
    assert taken(told) == (201, "completed", 2, "12500.5")
    assert told.headers["Location"] == f"/api/v1/imports/{told['id']}"
    assert agreed.get(f"imports/{told['id']}").body == told.body
    assert told["content_bytes"] == told["read_bytes"] > 0
    assert told["read_rows"] == told["receipt"]["rows_received"] == 2


def test_a_file_is_taken_as_a_part_of_a_form(agreed: Native):
    file = io.BytesIO(CSV.encode())
    file.name = "../../etc/january.csv"
    told = sent(agreed, encode_multipart(BOUNDARY, {"file": file}), MULTIPART_CONTENT)
    assert taken(told) == (201, "completed", 2, "12500.5")
    assert told["file_name"] == "january.csv"


def test_g11_the_same_file_again_adds_nothing_and_says_so(agreed: Native):
    first, again = sent(agreed, CSV), sent(agreed, CSV)
    assert taken(again) == (201, "completed", 0, "0")
    assert (again["receipt"]["rows_duplicate"], again["receipt"]["repeats"]) == (2, first["id"])


def test_g10_a_file_with_a_bad_row_is_not_taken_and_says_which(agreed: Native):
    bad = CSV + "a-3,nobodys,2026-01-20,1\na-4,acme-calls,someday,1\n"
    refused = sent(agreed, bad, name="bad.csv")
    assert (refused.status, refused["code"]) == (400, "file_must_be_clean")
    assert [(each["row"], each["rule"], each["detail"]) for each in refused["errors"]] == [
        (3, "usage_must_name_a_known_item", "nobodys"),
        (4, "usage_must_have_a_date", "someday"),
    ]
    told = agreed.get(f"imports/{refused['import_id']}")
    assert (told["status"], told["receipt"]["rows_accepted"], told["receipt"]["rows_rejected"]) == ("failed", 0, 4)
    partial = sent(agreed, bad, partial="true")
    assert taken(partial) == (201, "completed", 2, "12500.5")
    assert [row["row"] for row in agreed.get(f"imports/{partial['id']}/rejections")["results"]] == [3, 4]


def test_rows_without_an_item_are_of_the_one_that_is_named(agreed: Native):
    told = sent(agreed, "used_on,quantity\n2026-01-10,5\n", item="acme-calls")
    assert taken(told) == (201, "completed", 1, "5")


def test_other_content_under_a_known_id_is_refused_or_a_revision(agreed: Native):
    sent(agreed, CSV)
    other = CSV.replace("500.5", "501")
    assert sent(agreed, other)["errors"][0]["rule"] == "usage_must_not_change_under_its_id"
    assert taken(sent(agreed, other, revise="true")) == (201, "completed", 1, "501")


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        (b"", "fields_must_be_valid"),
        (b"\n\n", "file_must_be_readable"),
        (b"\xff\xfeI\x00", "file_must_be_readable"),
        (b"id,item,used_on,quantity,quantity\n", "file_must_be_readable"),
        (b"id;item;used_on;quantity\n1;acme-calls;2026-01-01;1\n", "file_must_be_readable"),
        (b'id,item,used_on,quantity\n"1,acme-calls,2026-01-01,1\n', "file_must_be_readable"),
        (gzip.compress(CSV.encode())[:-10], "file_must_be_readable"),
    ],
    ids=["empty", "lines of nothing", "no UTF-8", "a column twice", "semicolons", "an open quote", "cut short"],
)
def test_what_is_no_file_of_usage_is_refused(agreed: Native, content: bytes, rule: str):
    refused = sent(agreed, content, "application/octet-stream", name="x.csv")
    assert (refused.status, refused["code"]) == (400, rule)
    assert all(line.rows_accepted == 0 for line in usage_imports(actor=agreed.actor))


@pytest.mark.parametrize("media", ["application/x-www-form-urlencoded", "application/json", "text/plain", ""])
def test_h2_other_bodies_are_415(agreed: Native, media: str):
    refused = sent(agreed, CSV, media)
    assert (refused.status, refused["code"]) == (415, "body_must_be_of_a_read_type")
    assert usage_imports(actor=agreed.actor) == []


def test_g19_a_form_has_one_file_and_nothing_else(agreed: Native):
    def form(**parts: Any) -> bytes:
        return encode_multipart(BOUNDARY, parts)

    one, other = io.BytesIO(CSV.encode()), io.BytesIO(CSV.encode())
    one.name = other.name = "a.csv"
    for content in (form(file=[one, other]), form(datei=one), form(file="a text"), form(file=one, item="acme-calls")):
        one.seek(0)
        refused = sent(agreed, content, MULTIPART_CONTENT)
        assert (refused.status, refused["code"]) == (400, "fields_must_be_valid")
    cut = form(file=one)[:-40]
    assert sent(agreed, cut, MULTIPART_CONTENT).status == 400
    assert usage_imports(actor=agreed.actor) == []


def test_how_a_file_is_to_be_taken_is_said_in_known_words(agreed: Native):
    assert sent(agreed, CSV, partial="yes").status == 400
    assert sent(agreed, CSV, colour="red")["errors"][0]["rule"] == "field_must_be_known"
    assert sent(agreed, CSV, format="xlsx").status == 400
    assert usage_imports(actor=agreed.actor) == []


def ended(native: Native, code: str) -> Told:
    """The import once it is not pending any more."""
    for _ in range(SECONDS * 10):
        told = native.get(f"imports/{code}")
        if told["status"] != "pending":
            return told
        assert (told["receipt"], told["stage"] in {"reading", "writing"}) == (None, True)
        time.sleep(1 / 10)
    raise AssertionError("the import does not end")


def test_an_import_goes_on_when_its_request_is_answered(agreed: Native):
    told = sent(agreed, CSV, headers={"Prefer": "respond-async"})
    assert (told.status, told.headers["Preference-Applied"]) == (202, "respond-async")
    assert told.headers["Location"] == f"/api/v1/imports/{told['id']}"
    receipt = ended(agreed, told["id"])
    assert (receipt["status"], receipt["receipt"]["quantity_accepted"]) == ("completed", "12500.5")


def test_what_fails_in_the_background_is_told_by_the_import(agreed: Native):
    later = {"Prefer": "respond-async"}
    told = sent(agreed, CSV.replace("acme-calls", "nobodys"), headers=later)
    failed = ended(agreed, told["id"])
    assert (failed["status"], failed["receipt"]["rejections"][0]["code"]) == ("failed", "usage_must_name_a_known_item")
    told = sent(agreed, "id;item\n", headers=later)
    failed = ended(agreed, told["id"])
    assert (failed["status"], failed["receipt"]["rejections"][0]["code"]) == ("failed", "file_must_be_readable")
    refused = sent(agreed, parquet(), headers=later, name="x.zip", format="csv")
    assert refused.status in {202, 400}
    if refused.status == 202:
        ended(agreed, refused["id"])


def test_more_files_than_are_read_at_once_are_told_to_come_later(agreed: Native, monkeypatch: pytest.MonkeyPatch):
    import threading  # noqa: PLC0415 - only here

    from ratable_server.api.native.views import background  # noqa: PLC0415

    full = threading.BoundedSemaphore(1)
    full.acquire()
    monkeypatch.setattr(background, "_places", full)
    refused = sent(agreed, CSV, headers={"Prefer": "respond-async"})
    assert (refused.status, refused["code"]) == (503, "busy")
    assert refused.headers["Retry-After"]
    assert usage_imports(actor=agreed.actor) == []


@pytest.mark.parametrize("part", ["_kept", "threading.Thread.start"])
def test_an_import_that_cannot_begin_gives_its_place_back(agreed: Native, monkeypatch: pytest.MonkeyPatch, part: str):
    from ratable_server.api.native.views import background  # noqa: PLC0415 - only here

    def fail(*_: object) -> None:
        raise OSError("nothing is left")

    upload = Upload(source=io.BytesIO(CSV.encode()), name="usage.csv", format="csv")
    with monkeypatch.context() as broken:
        broken.setattr(f"{background.__name__}.{part}", fail)
        for _ in range(background.MOST_AT_ONCE + 1):
            with pytest.raises(OSError, match="nothing is left"):
                background.begin_import(actor=agreed.actor, upload=upload)
    assert usage_imports(actor=agreed.actor) == []

    told = sent(agreed, CSV, headers={"Prefer": "respond-async"})
    assert (told.status, ended(agreed, told["id"])["status"]) == (202, "completed")


def test_imports_are_listed_from_the_newest(agreed: Native):
    for number in range(3):
        sent(agreed, f"id,item,used_on,quantity\nb-{number},acme-calls,2026-01-10,1\n")
    first = agreed.get("imports", limit=2)
    second = agreed.get("imports", limit=2, after=first["next"])
    ids = [int(each["id"].rpartition("-")[2]) for page in (first, second) for each in page["results"]]
    assert (ids, second["next"]) == (sorted(ids, reverse=True), None)
    assert len(ids) == 3


def test_i5_imports_of_another_tenant_are_nobodys(
    agreed: Native, new_actor: Callable[..., Actor], native_of: Callable[..., Native]
):
    told = sent(agreed, CSV)
    other = native_of(new_actor())
    assert other.get(f"imports/{told['id']}").status == 404
    assert other.get(f"imports/{told['id']}/rejections").status == 404
    assert other.get("imports")["results"] == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [({}, {"Location"}), ({"Prefer": "respond-async"}, {"Location", "Preference-Applied"})],
    ids=["at once", "later"],
)
def test_an_answer_under_a_key_says_where_the_import_is_each_time(agreed: Native, said: dict[str, str], kept: set[str]):
    told = [sent(agreed, CSV, headers={"Idempotency-Key": "k-1", **said}) for _ in range(2)]
    ended(agreed, told[0]["id"])

    names = {"Location", "Preference-Applied"}
    first, again = ({name: each.headers[name] for name in names & set(each.headers)} for each in told)
    assert first == again
    assert set(first) == kept
    assert first["Location"] == f"/api/v1/imports/{told[0]['id']}"
    assert ["Idempotent-Replayed" in each.headers for each in told] == [False, True]


def test_the_same_file_under_the_same_key_is_answered_again(agreed: Native):
    first, again = (sent(agreed, CSV, headers={"Idempotency-Key": "k-1"}) for _ in range(2))
    assert (first.body, again.headers["Idempotent-Replayed"]) == (again.body, "true")
    other = sent(agreed, CSV + "a-9,acme-calls,2026-01-10,1\n", headers={"Idempotency-Key": "k-1"})
    assert (other.status, other["code"]) == (422, "idempotency_key_must_keep_its_request")
