"""Files of usage: taken at once, imported as a whole or not at all, and every row that is wrong is told with its rule."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from ratable_server.actor import Actor
from ratable_server.api.zuora.importing import Imported, import_waiting_files
from ratable_server.errors import Refused, Unavailable
from ratable_server.operations.oauth_clients import Locale, create_oauth_client
from ratable_server.operations.periods import close_period
from ratable_server.operations.policies import set_policy
from ratable_server.operations.usage.report_files import MOST_TRIES, TakenFile, import_report_file
from ratable_server.queries.policies import tenant_policy
from ratable_server.queries.usage_imports import rejected_rows, usage_imports, usage_receipt
from ratable_server.store.models import ReportedUsage, ReportFile, UsageRecord
from ratable_server.store.scope import books_of, rows_of
from tests.server.conftest import AT
from tests.server.usage.reporting import agree_on_reports, counting, how_many
from tests.wire.calling import Told
from tests.wire.zuora.calling import Zuora

HEADER = "ACCOUNT_ID,UOM,QTY,STARTDATE,ENDDATE,SUBSCRIPTION_ID,CHARGE_ID,DESCRIPTION"
CALLS = "Acme Inc,Call,10,01/10/2026,,acme,acme-calls,"
KEYED = f"{HEADER},UNIQUE_KEY"
BOUNDARY = "a-boundary"
MOST_BYTES = 4 * 2**20


@pytest.fixture
def actor(actor: Actor) -> Actor:
    agree_on_reports(actor)
    return actor


def csv_of(*rows: str, header: str = HEADER) -> bytes:
    return "\n".join([header, *rows, ""]).encode()


def form(content: bytes, *, name: str | None = "usage.csv", field: str = "file", **fields: str) -> bytes:
    """The body of a form with a file."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{text}\r\n'
        for key, text in fields.items()
    ]
    file_name = "" if name is None else f'; filename="{name}"'
    head = (
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"{file_name}\r\nContent-Type: text/csv\r\n\r\n'
    )
    return "".join([*parts, head]).encode() + content + f"\r\n--{BOUNDARY}--\r\n".encode()


def upload(zuora: Zuora, content: bytes, *, path: str = "/v1/usage", headers: Any = None, **named: Any) -> Told:
    media = f"multipart/form-data; boundary={BOUNDARY}"
    return zuora.send("POST", path, form(content, **named), media=media, headers=headers)


def imported(zuora: Zuora, content: bytes, **named: Any) -> Told:
    """The status of an import that is done."""
    told = upload(zuora, content, **named)
    assert (told.status, told.body["success"], told.body["size"]) == (200, True, len(content)), told.text
    import_waiting_files()
    return zuora.get(told["checkImportStatus"])


def failure(zuora: Zuora, *rows: str, header: str = HEADER) -> str:
    """Why a file was refused; nothing of it is in the books."""
    before = how_many(zuora.actor)
    told = imported(zuora, csv_of(*rows, header=header))
    assert (told["importStatus"], told["Status"], told["ImportedCount"]) == ("Failed", "Failed", 0), told.text
    assert how_many(zuora.actor) == before
    assert told["message"] == told["StatusReason"]
    return str(told["message"])


# ── taken at once, worked on later ───────────────────────────────────────────────────────────


def test_a_file_is_answered_at_once_and_is_imported_when_a_worker_comes(zuora: Zuora):
    content = csv_of(CALLS, "Acme Inc,GB,2.50,1/20/2026,01/21/2026,,acme-data,Backup")
    told = upload(zuora, content)
    assert told.status == 200
    assert set(told.body) == {"success", "size", "checkImportStatus"}
    assert re.fullmatch(r"/v1/usage/[0-9a-f]{32}/status", told["checkImportStatus"])
    waiting = zuora.get(told["checkImportStatus"])
    assert (waiting["importStatus"], waiting["Status"], waiting["message"]) == ("Pending", "Pending", None)
    assert how_many(zuora.actor) == (0, 0, 0)

    assert import_waiting_files() == Imported(imported=1)

    done = zuora.get(told["checkImportStatus"])
    assert (done.status, done["success"], done["importStatus"], done["message"]) == (200, True, "Completed", None)
    assert (done["TotalCount"], done["ImportedCount"]) == (2, 2)
    assert done["Md5"] == hashlib.md5(content, usedforsecurity=False).hexdigest()
    assert counting(zuora.actor) == [
        ("/acme-calls", "2026-01-10", Decimal(10)),
        ("/acme-data", "2026-01-20", Decimal("2.5")),
    ]
    assert import_waiting_files() == Imported()


def test_each_row_knows_its_file_and_its_import(zuora: Zuora):
    told = imported(zuora, csv_of(CALLS), name="january.csv")
    with books_of(zuora.actor):
        (row,) = rows_of(zuora.actor, ReportedUsage)
        (file,) = rows_of(zuora.actor, ReportFile)
    assert (row.origin, row.file_name, row.usage_import_id) == ("import", "january.csv", file.import_id)
    assert told["Id"].endswith(f"{file.import_id:024x}")
    assert bytes(file.content) == b""


def test_no_month_is_closed_while_a_file_waits(zuora: Zuora):
    upload(zuora, csv_of(CALLS))
    with pytest.raises(Refused) as refused:
        close_period(actor=zuora.actor, month_on=date(2026, 1, 1), at=AT)
    assert refused.value.code == "imports_must_be_finished"
    import_waiting_files()
    close_period(actor=zuora.actor, month_on=date(2026, 1, 1), at=AT)


def test_columns_come_in_any_order_and_blank_rows_are_skipped(zuora: Zuora):
    header = "Plan__c,UNIQUE_KEY,CHARGE_ID,SUBSCRIPTION_ID,ENDDATE,STARTDATE,QTY,uom,ACCOUNT_ID"
    content = csv_of(",,,,,,,,", 'gold,k-1,,,,01/31/2026 23:30,7,Call,"Bolt GmbH"', "", header=header)
    told = imported(zuora, b"\xef\xbb\xbf" + content)
    assert (told["importStatus"], told["TotalCount"], told["ImportedCount"]) == ("Completed", 1, 1)
    with books_of(zuora.actor):
        (row,) = rows_of(zuora.actor, ReportedUsage)
    assert (row.unique_key, row.further, f"{row.started_at}") == (
        "k-1",
        {"Plan__c": "gold"},
        "2026-01-31 23:30:00+00:00",
    )


def test_the_receipt_of_the_books_is_that_of_the_file(zuora: Zuora):
    content = csv_of(f"{CALLS},k-1", "Acme Inc,GB,2.5,01/20/2026,,,acme-data,,", header=KEYED)
    told = imported(zuora, content, name="january.csv")
    (line,) = usage_imports(actor=zuora.actor)
    assert (line.file_name, line.status) == ("january.csv", "completed")
    assert (line.rows_received, line.rows_accepted, line.quantity_accepted) == (2, 2, Decimal("12.5"))
    assert line.import_code == f"import-{int(told['Id'][8:], 16)}"
    receipt = usage_receipt(actor=zuora.actor, import_code=line.import_code)
    assert receipt.sha256 == hashlib.sha256(content).hexdigest()
    with books_of(zuora.actor):
        imports = set(rows_of(zuora.actor, UsageRecord).values_list("usage_import_id", flat=True))
    assert imports == {int(told["Id"][8:], 16)}

    again = imported(zuora, csv_of(f"{CALLS}said again,k-1", header=KEYED))  # nothing counts anew
    assert again["ImportedCount"] == 1
    assert [each.rows_received for each in usage_imports(actor=zuora.actor)] == [0, 2]


def test_the_receipt_of_a_file_that_failed_says_why(zuora: Zuora):
    failure(zuora, CALLS, "Acme Inc,Call,-1,01/10/2026,,,,")
    (line,) = usage_imports(actor=zuora.actor)
    assert (line.status, line.rows_received, line.rows_rejected, line.open_rejections) == ("failed", 2, 2, 0)
    (rejected,) = rejected_rows(actor=zuora.actor, import_code=line.import_code)
    assert (rejected.row, rejected.value, rejected.is_blocking) == (3, "Row 3: QTY cannot be less than 0.", False)


# ── what is wrong with a row ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("row", "text"),
    [
        (",Call,1,01/10/2026,,,,", "ACCOUNT_ID is missing"),
        ("Acme Inc,,1,01/10/2026,,,,", "UOM is missing"),
        ("Acme Inc,Call,,01/10/2026,,,,", "QTY is missing"),
        ("Acme Inc,Call,1,,,,,", "STARTDATE is missing"),
        ("Acme Inc,Call,-1,01/10/2026,,,,", "QTY cannot be less than 0"),
        ("Acme Inc,Call,12345678901234,01/10/2026,,,,", "QTY exceeds 13 digits before the decimal place"),
        ('Acme Inc,Call,"1,000",01/10/2026,,,,', "QTY '1,000' is no number"),
        ("Acme Inc,Call,NaN,01/10/2026,,,,", "QTY 'NaN' is no number"),
        ("Acme Inc,Call,١٢,01/10/2026,,,,", "QTY '١٢' is no number"),
        ("Acme Inc,Call,1,13/01/2026,,,,", "STARTDATE '13/01/2026' is no date as MM/DD/YYYY"),
        ("Acme Inc,Call,1,2026-01-10,,,,", "STARTDATE '2026-01-10' is no date as MM/DD/YYYY"),
        ("Acme Inc,Call,1,01/10/26,,,,", "STARTDATE '01/10/26' is no date as MM/DD/YYYY"),
        ("Acme Inc,Call,1,02/29/2026,,,,", "STARTDATE '02/29/2026' is no date as MM/DD/YYYY"),
        ("Acme Inc,Call,1,01/10/2026,01/09/2026,,,", "STARTDATE is after ENDDATE"),
        (f"Acme Inc,Call,1,01/10/2026,,,,{'a' * 201}", "DESCRIPTION has more than 200 characters"),
        ("Acme Inc,Call,1,01/10/2026,,,,thanks 🎉", "DESCRIPTION has a character that is not taken, as emoji are"),
        ("Acme Inc,Call,1,01/10/2026,,,,a,b", "there are 9 cells and 8 columns"),
    ],
)  # fmt: skip
def test_e14_a_row_that_cannot_be_read_is_told(zuora: Zuora, row: str, text: str):
    assert failure(zuora, CALLS, row) == f"Row 3: {text}."


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("Nobody,Call,1,01/10/2026,,,,", "ACCOUNT_ID: nothing of this kind has this code: Nobody"),
        ("Acme Inc,Call,1,01/10/2026,,bolt,,", "SUBSCRIPTION_ID: nothing of this kind has this code: bolt"),
        ("Acme Inc,Call,1,01/10/2026,,,bolt-calls,", "CHARGE_ID: nothing of this kind has this code: bolt-calls"),
        ("Acme Inc,Call,1,01/10/2026,,labs,acme-calls,", "CHARGE_ID: nothing of this kind has this code: acme-calls"),
        ("Acme Inc,call,1,01/10/2026,,,,", "UOM: no usage item that is meant is sold by this unit of measure: call"),
        ("Acme Inc,GB,1,01/10/2026,,,acme-calls,", "UOM: no usage item that is meant is sold by this unit of measure: GB"),
        ("Acme Inc,Call,1,12/31/2025,,,acme-calls,", "STARTDATE: no usage item that is meant covers the day on which the usage starts: 2025-12-31"),
    ],
)  # fmt: skip
def test_a_row_that_the_books_do_not_take_is_told(zuora: Zuora, row: str, text: str):
    assert failure(zuora, CALLS, row) == f"Row 3: {text}."


def test_a_row_of_a_closed_month_is_late_usage_as_the_policy_has_it(zuora: Zuora):
    close_period(actor=zuora.actor, month_on=date(2026, 1, 1), at=AT)
    assert imported(zuora, csv_of(CALLS))["importStatus"] == "Completed"
    with books_of(zuora.actor):
        (record,) = rows_of(zuora.actor, UsageRecord)
    assert (f"{record.month_on}", f"{record.open_on}") == ("2026-01-01", "2026-02-01")


def test_a_row_of_a_closed_month_is_refused_where_the_policy_has_it_so(zuora: Zuora):
    policy = replace(tenant_policy(actor=zuora.actor), late_usage="reject")
    set_policy(actor=zuora.actor, policy=policy, at=AT)
    close_period(actor=zuora.actor, month_on=date(2026, 1, 1), at=AT)
    february = CALLS.replace("01/10", "02/10")
    text = failure(zuora, february, CALLS)
    assert text.startswith("Row 3: STARTDATE: the period is closed"), text


def test_every_wrong_row_is_told_and_not_one_is_taken(zuora: Zuora):
    wrong = [",Call,1,01/10/2026,,,,", "", "Acme Inc,,x,13/10/2026,,,,"]
    assert failure(zuora, CALLS, *wrong) == (
        "Row 3: ACCOUNT_ID is missing. Row 5: UOM is missing. Row 5: QTY 'x' is no number."
        " Row 5: STARTDATE '13/10/2026' is no date as MM/DD/YYYY."
    )


def test_what_is_told_has_at_most_2000_characters(zuora: Zuora):
    text = failure(zuora, *[",Call,1,01/10/2026,,,,"] * 200)
    assert len(text) == 2_000
    assert text.endswith("…")


@pytest.mark.parametrize(
    ("locale", "day", "wrong"),
    [("en_US", "2026-01-02", "13/01/2026"), ("en_GB", "2026-02-01", "01/13/2026"), ("en_AU", "2026-02-01", "01/13/2026")],
)  # fmt: skip
def test_e14_days_are_read_as_the_program_s_locale_has_them(zuora: Zuora, locale: Locale, day: str, wrong: str):
    client = create_oauth_client(actor=zuora.actor, name="billing", role="preparer", locale=locale, at=AT)
    said = f"grant_type=client_credentials&client_id={client.client_id}&client_secret={client.client_secret}"
    told = zuora.send("POST", "/oauth/token", said, media="application/x-www-form-urlencoded")
    program = replace(zuora, token=told["access_token"])
    imported(program, csv_of("Acme Inc,Call,1,01/02/2026,,,acme-calls,"))
    assert counting(zuora.actor) == [("/acme-calls", day, Decimal(1))]
    written = "MM/DD/YYYY" if locale == "en_US" else "DD/MM/YYYY"
    text = failure(program, f"Acme Inc,Call,1,{wrong},,,acme-calls,")
    assert text == f"Row 2: STARTDATE '{wrong}' is no date as {written}."


@pytest.mark.parametrize(
    ("row", "text"),
    [
        ("Acme\0Inc,Call,1,01/10/2026,,,,,", "Row 2: ACCOUNT_ID has a control character."),
        ("Acme Inc,Call,1,01/10/2026,,acme,acme-calls,,k\0", "Row 2: UNIQUE_KEY has a control character."),
        ("Acme Inc,Call,1,01/10/2026,,acme,acme\x1bcalls,,", "Row 2: CHARGE_ID has a control character."),
        ("Acme Inc,Call,1\0,01/10/2026,,,,,", "Row 2: QTY '1\\x00' is no number. Row 2: QTY has a control character."),
    ],
)
def test_no_text_has_a_character_that_the_books_cannot_hold(zuora: Zuora, row: str, text: str):
    assert failure(zuora, row, header=KEYED) == text


def test_a_file_counts_a_limited_number_of_times(zuora: Zuora, monkeypatch: pytest.MonkeyPatch):
    on_two = "Acme Inc,Call,1,07/10/2026,,,,"
    with monkeypatch.context() as lowered:
        lowered.setattr("ratable_server.operations.usage.reported_changes.MOST_COUNTED", 3)
        text = failure(zuora, on_two, on_two)
    assert text == (
        "the rows of a file count on too many usage items together:"
        " 2 rows count 4 times, 3 at most: name contracts or charges, or send parts"
    )
    assert imported(zuora, csv_of(on_two, on_two))["importStatus"] == "Completed"
    assert len(counting(zuora.actor)) == 4


# ── what is wrong with a file ────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "The column ACCOUNT_ID is missing. The column UOM is missing. The column QTY is missing. The column STARTDATE is missing. The column ENDDATE is missing. The column SUBSCRIPTION_ID is missing. The column CHARGE_ID is missing."),
        (csv_of(), "The file has no rows."),
        (csv_of(CALLS, header=f"{HEADER},QTY"), "The column QTY is there twice."),
        (csv_of(CALLS, header=f"{HEADER},COLOUR"), "The column 'COLOUR' is not known."),
        (csv_of(CALLS).decode().encode("utf-16"), "The file is not UTF-8."),
        (b"PK\x03\x04 nothing", "The file is a zip that cannot be read."),
        (csv_of('Acme Inc,"Call,1'), "The file is no CSV: unexpected end of data."),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_has_failed_with_the_reason(zuora: Zuora, content: bytes, text: str):
    told = imported(zuora, content)
    assert (told["importStatus"], told["message"], told["ImportedCount"]) == ("Failed", text, 0)
    assert how_many(zuora.actor) == (0, 0, 0)


def zipped(**files: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def test_a_zip_holds_one_file(zuora: Zuora):
    assert imported(zuora, zipped(**{"u.csv": csv_of(CALLS)}), name="u.zip")["importStatus"] == "Completed"
    two = imported(zuora, zipped(**{"a.csv": csv_of(CALLS), "b.csv": csv_of(CALLS)}), name="u.zip")
    assert (two["importStatus"], two["message"]) == ("Failed", "A zip holds one CSV file, and no folder.")
    bomb = imported(zuora, zipped(**{"a.csv": b"0" * (16 * 2**20 + 1)}), name="u.zip")
    assert (bomb["importStatus"], bomb["message"]) == ("Failed", "The file in the zip has more than 16,777,216 bytes.")
    assert len(counting(zuora.actor)) == 1


def refused(zuora: Zuora, told: Told) -> tuple[int, str]:
    (reason,) = told["reasons"]
    assert told["success"] is False
    with books_of(zuora.actor):
        assert rows_of(zuora.actor, ReportFile).count() == 0
    return reason["code"], reason["message"]


def test_g9_what_is_no_file_to_take_is_refused_at_once(zuora: Zuora):
    large = upload(zuora, b"a" * (MOST_BYTES + 1))
    assert (large.status, refused(zuora, large)) == (413, (53100070, "A file has at most 4,194,304 bytes."))
    longer = upload(zuora, b"a" * (MOST_BYTES + 100_000))
    assert (longer.status, refused(zuora, longer)) == (413, (53100070, "Request body is too large."))
    long = upload(zuora, csv_of(CALLS), name="a" * 47 + ".csv")
    text = "Invalid value for field file: The name of a file has at most 50 characters."
    assert (long.status, refused(zuora, long)) == (400, (53100020, text))
    other = upload(zuora, csv_of(CALLS), name="usage.txt")
    text = "Invalid value for field file: The name of a file ends with .csv, or with .zip where it holds one."
    assert (other.status, refused(zuora, other)) == (400, (53100020, text))
    nameless = upload(zuora, csv_of(CALLS), name=None)
    text = "Invalid value for field file: The form has no such file, with a name."
    assert (nameless.status, refused(zuora, nameless)) == (400, (53100020, text))
    no_form = zuora.post("/v1/usage", {})
    assert no_form.status == 415
    assert refused(zuora, no_form)[0] == 53100090


def test_g9_a_file_of_just_4_mb_with_a_name_of_50_characters_is_taken(zuora: Zuora):
    rows = [CALLS.replace("acme-calls,", f"acme-calls,{'b' * 100}")] * 3
    content = csv_of(*rows)
    content += b"," * (MOST_BYTES - len(content) - 1) + b"\n"
    told = upload(zuora, content, name="a" * 46 + ".csv")
    assert (told.status, told["size"]) == (200, MOST_BYTES)


# ── keys ─────────────────────────────────────────────────────────────────────────────────────


def test_a_file_revises_what_is_there_under_its_keys(zuora: Zuora):
    imported(zuora, csv_of(f"{CALLS},k-1", f"{CALLS},k-2", header=KEYED))
    before = how_many(zuora.actor)
    same = imported(zuora, csv_of(f"{CALLS},k-1", header=KEYED))
    assert same["importStatus"] == "Completed"
    assert how_many(zuora.actor) == before
    imported(zuora, csv_of(f"{CALLS.replace(',10,', ',12,')},k-2", f"{CALLS},k-3", header=KEYED))
    assert sorted(quantity for _, _, quantity in counting(zuora.actor)) == [10, 10, 12]


def test_a_file_restores_what_was_deleted_and_moves_nothing(zuora: Zuora):
    imported(zuora, csv_of(f"{CALLS},k-1", header=KEYED))
    elsewhere = "Acme Inc,GB,1,01/10/2026,,acme,acme-data,,k-1"
    text = failure(zuora, elsewhere, header=KEYED)
    assert text.startswith("Row 2: UNIQUE_KEY: ")
    with books_of(zuora.actor):
        assert rows_of(zuora.actor, UsageRecord).count() == 1


def test_a_key_stands_in_a_file_once(zuora: Zuora):
    text = failure(zuora, f"{CALLS},k-1", f"{CALLS},k-2", f"{CALLS},k-1", header=KEYED)
    assert text == "File Import Failed: The unique-keys are the same at rows: 2 4."


# ── keys of requests ─────────────────────────────────────────────────────────────────────────


def test_c1_a_file_that_is_sent_again_under_its_key_is_taken_once(zuora: Zuora):
    key = {"Idempotency-Key": "k-file"}
    first, again = upload(zuora, csv_of(CALLS), headers=key), upload(zuora, csv_of(CALLS), headers=key)
    assert (first.status, again.status, first.body) == (200, 200, again.body)
    assert again.headers["Idempotent-Replayed"] == "true"
    other = upload(zuora, csv_of(CALLS, CALLS), headers=key)
    assert (other.status, other["success"]) == (422, False)
    assert import_waiting_files() == Imported(imported=1)
    assert how_many(zuora.actor) == (1, 1, 0)


# ── as objects ───────────────────────────────────────────────────────────────────────────────


def test_an_import_as_an_object(zuora: Zuora):
    told = upload(zuora, csv_of(CALLS), path="/v1/object/import", field="File", ImportType="Usage", Name="January")
    assert (told.status, set(told.body), told["Success"]) == (200, {"Success", "Id"}, True)
    path = f"/v1/object/import/{told['Id']}"
    assert zuora.get(path)["Status"] == "Pending"
    import_waiting_files()
    done = zuora.get(path)
    assert (done["Id"], done["ImportType"], done["Name"], done["Status"]) == (
        told["Id"],
        "Usage",
        "January",
        "Completed",
    )
    assert (done["TotalCount"], done["ImportedCount"]) == (1, 1)
    assert "StatusReason" not in done.body
    assert zuora.get(path, fields="Id,Status").body == {"Id": told["Id"], "Status": "Completed"}


@pytest.mark.parametrize(
    ("fields", "code", "message"),
    [
        ({}, "MISSING_REQUIRED_VALUE", "Missing required value: ImportType"),
        ({"ImportType": "Payment"}, "INVALID_VALUE", "Invalid value for field ImportType: Payment is not imported here, Usage is."),
        ({"ImportType": "Usage", "Name": "a" * 101}, "INVALID_VALUE", "Invalid value for field Name: A plain text of at most 100 characters."),
    ],
)  # fmt: skip
def test_what_is_no_import_is_refused(zuora: Zuora, fields: dict[str, str], code: str, message: str):
    told = upload(zuora, csv_of(CALLS), path="/v1/object/import", field="File", **fields)
    assert (told.status, told.body) == (400, {"Success": False, "Errors": [{"Code": code, "Message": message}]})
    assert import_waiting_files() == Imported()


def test_i3_an_import_of_another_tenant_is_not_there(zuora: Zuora, new_actor: Any, zuora_of: Any):
    told = upload(zuora, csv_of(CALLS))
    path = told["checkImportStatus"]
    other = zuora_of(new_actor())
    assert other.get(path).status == 404
    missing = other.get(f"/v1/object/import/{path.split('/')[3]}")
    assert (missing.status, missing.body) == (404, {"records": [], "size": 0, "done": True})
    assert other.get("/v1/usage/nothing/status")["reasons"][0]["message"] == "Cannot find entity by key: 'nothing'."
    import_waiting_files()
    assert how_many(other.actor) == (0, 0, 0)


def test_i8_a_viewer_sends_no_file(zuora: Zuora, zuora_of: Any):
    viewer = zuora_of(zuora.actor, role="viewer")
    assert upload(viewer, csv_of(CALLS)).status == 403
    assert import_waiting_files() == Imported()


# ── workers ──────────────────────────────────────────────────────────────────────────────────


def test_files_are_imported_in_their_order_by_one_worker_at_a_time(zuora: Zuora, second_connection: psycopg.Connection):
    upload(zuora, csv_of(f"{CALLS},k-1", header=KEYED))
    upload(zuora, csv_of(f"{CALLS.replace(',10,', ',12,')},k-1", header=KEYED))
    with books_of(zuora.actor):
        first = rows_of(zuora.actor, ReportFile).order_by("id").values_list("id", flat=True)[0]
    second_connection.execute("SELECT pg_advisory_lock(hashtext('report_file'), %s)", [first])
    assert import_waiting_files() == Imported()
    assert how_many(zuora.actor) == (0, 0, 0)

    second_connection.execute("SELECT pg_advisory_unlock_all()")

    assert import_waiting_files() == Imported(imported=2)
    assert counting(zuora.actor) == [("/acme-calls", "2026-01-10", Decimal(12))]


def tries(actor: Actor) -> tuple[str, int]:
    """How a file that waits stands, and how many times it was begun."""
    with books_of(actor):
        (row,) = rows_of(actor, ReportFile)
    return row.status, row.tries


def failing_for(monkeypatch: pytest.MonkeyPatch, broken: Actor, error: Exception) -> None:
    """Let every import of one tenant end with a fault of ours."""
    work = import_report_file

    def fail(*, file: TakenFile, **said: Any) -> None:
        if file.actor.tenant_id == broken.tenant_id:
            raise error
        work(file=file, **said)

    monkeypatch.setattr("ratable_server.api.zuora.importing.import_report_file", fail)


def test_a_fault_of_ours_keeps_no_other_tenant_s_files_waiting(
    zuora: Zuora, new_actor: Any, zuora_of: Any, monkeypatch: pytest.MonkeyPatch
):
    other = zuora_of(new_actor())
    agree_on_reports(other.actor)
    first, second = upload(zuora, csv_of(CALLS)), upload(other, csv_of(CALLS))
    with monkeypatch.context() as broken:
        failing_for(broken, zuora.actor, RuntimeError("a fault of ours"))
        assert import_waiting_files() == Imported(imported=1)
    assert other.get(second["checkImportStatus"])["importStatus"] == "Completed"
    assert tries(zuora.actor) == ("processing", 1)
    assert how_many(zuora.actor) == (0, 0, 0)

    assert import_waiting_files() == Imported(imported=1)
    assert zuora.get(first["checkImportStatus"])["importStatus"] == "Completed"


def test_bad_weather_uses_up_no_try(zuora: Zuora, monkeypatch: pytest.MonkeyPatch):
    told = upload(zuora, csv_of(CALLS))
    with monkeypatch.context() as broken:
        failing_for(broken, zuora.actor, Unavailable("busy"))
        for _ in range(MOST_TRIES + 1):
            assert import_waiting_files() == Imported()
            assert tries(zuora.actor) == ("pending", 0)

    assert import_waiting_files() == Imported(imported=1)
    assert zuora.get(told["checkImportStatus"])["importStatus"] == "Completed"


# ── workers that die ─────────────────────────────────────────────────────────────────────────


def test_a_file_that_no_worker_can_finish_has_failed_after_some_tries(zuora: Zuora):
    told = upload(zuora, csv_of(CALLS))
    with books_of(zuora.actor):
        rows_of(zuora.actor, ReportFile).update(status="processing", tries=MOST_TRIES)
    import_waiting_files()
    done = zuora.get(told["checkImportStatus"])
    text = "The process that imported the file ended before it did, 3 times."
    assert (done["importStatus"], done["message"]) == ("Failed", text)
    assert how_many(zuora.actor) == (0, 0, 0)
